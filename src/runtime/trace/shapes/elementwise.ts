import { DT } from '../../graph/proto.js';
import { broadcastShapes } from './arithmetic.js';
import { at, each, like, type Rule, type Rules } from './rule.js';

const broadcast =
  (dtype?: number): Rule =>
  (inputs) => [{ shape: broadcastShapes(at(inputs, 0).shape, at(inputs, 1).shape), ...(dtype === undefined ? {} : { dtype }) }];

const test: Rule = (inputs) => [{ shape: at(inputs, 0).shape, dtype: DT.bool }];

const selectAll: Rule = (inputs) => {
  const [condition, yes, no] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
  return [{ shape: broadcastShapes(condition.shape, broadcastShapes(yes.shape, no.shape)), dtype: yes.dtype }];
};

/** Operations that work element by element. */
export const elementwise: Rules = [
  ...each(
    'Add AddV2 Sub Mul Div RealDiv DivNoNan Maximum Minimum Pow SquaredDifference FloorDiv Mod FloorMod Atan2',
    broadcast(),
  ),
  ...each('Less LessEqual Greater GreaterEqual Equal NotEqual LogicalAnd LogicalOr', broadcast(DT.bool)),
  ...each('Abs Neg Exp Expm1 Log Log1p Sqrt Rsqrt Square Floor Ceil Round Sign Sin Cos Erf Reciprocal LogicalNot', like(0)),
  ...each('Relu Relu6 Elu Selu LeakyRelu Sigmoid Tanh Softplus Softmax LogSoftmax BiasAdd AddN ClipByValue', like(0)),
  ...each('ReluGrad Relu6Grad EluGrad LeakyReluGrad SigmoidGrad TanhGrad SqrtGrad', like(0)),
  ...each('Identity StopGradient ZerosLike OnesLike CollectiveReduce', like(0)),
  ...each('IsNan IsInf IsFinite', test),
  ['Cast', (inputs, attributes) => [{ shape: at(inputs, 0).shape, dtype: attributes.get('DstT') as number }]],
  ['Select', (inputs) => [{ shape: at(inputs, 1).shape, dtype: at(inputs, 1).dtype }]],
  ['SelectV2', selectAll],
];
