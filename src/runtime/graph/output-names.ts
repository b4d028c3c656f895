/**
 * Inside a function TensorFlow names what it refers to by the name that the operation's definition gives the output, where a graph
 * counts: `node:name:0` for `node:1`.
 */

/** Of operations whose one output is not called `output` (tensorflow/core/ops/*.cc). */
const FIRST: Readonly<Record<string, string>> = {
  y: 'Abs Cast Ceil Cos Erf Exp Expm1 Floor IsFinite IsInf IsNan Log Log1p LogicalNot Neg OnesLike Reciprocal Round Rsqrt Sigmoid Sign Sin Sqrt Square Tanh Transpose ZerosLike',
  z: 'Add AddV2 Atan2 Div DivNoNan Equal FloorDiv FloorMod Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr Maximum Minimum Mod Mul MulNoNan NotEqual Pow RealDiv SigmoidGrad SqrtGrad SquaredDifference Sub TanhGrad',
  activations: 'Elu LeakyRelu Relu Relu6 Selu Softplus',
  backprops: 'EluGrad LeakyReluGrad Relu6Grad ReluGrad',
  image: 'DecodeImage',
  logsoftmax: 'LogSoftmax',
  out: 'Cumsum',
  product: 'MatMul',
  resized_images: 'ScaleAndTranslate',
  softmax: 'Softmax',
  sum: 'AddN',
  transformed_images: 'ImageProjectiveTransformV3',
  value: 'ReadVariableOp',
};

/** Of operations with several outputs, in order. */
const SEVERAL: Readonly<Record<string, readonly string[]>> = {
  FusedBatchNormV3: ['y', 'batch_mean', 'batch_variance', 'reserve_space_1', 'reserve_space_2', 'reserve_space_3'],
  FusedBatchNormGradV3: ['x_backprop', 'scale_backprop', 'offset_backprop', 'reserve_space_4', 'reserve_space_5'],
  SoftmaxCrossEntropyWithLogits: ['loss', 'backprop'],
  SparseSoftmaxCrossEntropyWithLogits: ['loss', 'backprop'],
  TopKV2: ['values', 'indices'],
};

const NAMES: ReadonlyMap<string, readonly string[]> = new Map([
  ...Object.entries(FIRST).flatMap(([output, operations]) =>
    operations.split(' ').map((operation): [string, readonly string[]] => [operation, [output]]),
  ),
  ...Object.entries(SEVERAL),
]);

/** How a function refers to output `index` of a node. @param operation of the node */
export function outputReference(node: string, operation: string, index: number): string {
  const names = NAMES.get(operation);
  // What is not listed has one output, or one list of them.
  if (names === undefined) return `${node}:output:${index}`;
  const name = names[index];
  if (name === undefined) throw new Error(`${operation} has no output ${index}`);
  return `${node}:${name}:0`;
}
