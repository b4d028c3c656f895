import { broadcastShapes, convOutput, normaliseAxis, poolOutput, reduceShape, reshaped } from './shape-rules.js';

/** A tensor as shape inference sees it: −1 is a size not known yet; `values` are there for small constants. */
export interface Known {
  readonly shape: readonly number[];
  readonly dtype: number;
  readonly values: () => readonly number[];
}

/** What an operation gives: one entry for each output. A dtype left out is the first input's. */
export interface Inferred {
  readonly shape: readonly number[];
  readonly dtype?: number;
}

export type Attributes = ReadonlyMap<string, unknown>;
type Rule = (inputs: readonly Known[], attributes: Attributes) => readonly Inferred[];

const FLOAT = 1;
const INT32 = 3;
const BOOL = 10;

const at = (inputs: readonly Known[], index: number): Known => {
  const input = inputs[index];
  if (input === undefined) throw new Error(`input ${index} is missing`);
  return input;
};
const same: Rule = (inputs) => [{ shape: at(inputs, 0).shape }];
const like =
  (index: number): Rule =>
  (inputs) => [{ shape: at(inputs, index).shape }];
const broadcast =
  (dtype?: number): Rule =>
  (inputs) => [{ shape: broadcastShapes(at(inputs, 0).shape, at(inputs, 1).shape), ...(dtype === undefined ? {} : { dtype }) }];
const fromValues =
  (index: number): Rule =>
  (inputs) => [{ shape: at(inputs, index).values() }];
const reduce: Rule = (inputs, attributes) => [
  { shape: reduceShape(at(inputs, 0).shape, at(inputs, 1).values(), attributes.get('keep_dims') === true) },
];
const argument: Rule = (inputs, attributes) => [
  {
    shape: reduceShape(at(inputs, 0).shape, at(inputs, 1).values(), false),
    dtype: (attributes.get('output_type') as number | undefined) ?? 9,
  },
];
const numbers = (attributes: Attributes, name: string): readonly number[] => attributes.get(name) as readonly number[];
const matMul =
  (transposeA: string, transposeB: string): Rule =>
  (inputs, attributes) => {
    const a = at(inputs, 0).shape;
    const b = at(inputs, 1).shape;
    const rows = a.at(attributes.get(transposeA) === true ? -1 : -2) as number;
    const columns = b.at(attributes.get(transposeB) === true ? -2 : -1) as number;
    return [{ shape: [...broadcastShapes(a.slice(0, -2), b.slice(0, -2)), rows, columns] }];
  };
const conv =
  (depthwise: boolean): Rule =>
  (inputs, attributes) => {
    const kernel = at(inputs, 1).shape;
    const channels = depthwise ? (kernel[2] as number) * (kernel[3] as number) : (kernel[3] as number);
    return [
      {
        shape: convOutput(at(inputs, 0).shape, [kernel[0] as number, kernel[1] as number], channels, {
          strides: numbers(attributes, 'strides'),
          dilations: numbers(attributes, 'dilations') ?? [1, 1, 1, 1],
          padding: attributes.get('padding') as string,
          explicit: numbers(attributes, 'explicit_paddings') ?? [],
        }),
      },
    ];
  };
const pool: Rule = (inputs, attributes) => [
  {
    shape: poolOutput(
      at(inputs, 0).shape,
      numbers(attributes, 'ksize'),
      numbers(attributes, 'strides'),
      attributes.get('padding') as string,
    ),
  },
];
const comparison = broadcast(BOOL);
const arithmetic = broadcast();

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...[
    'Add',
    'AddV2',
    'Sub',
    'Mul',
    'Div',
    'RealDiv',
    'DivNoNan',
    'Maximum',
    'Minimum',
    'Pow',
    'SquaredDifference',
    'FloorDiv',
    'Mod',
    'FloorMod',
    'Atan2',
  ].map((op) => [op, arithmetic] as const),
  ...['Less', 'LessEqual', 'Greater', 'GreaterEqual', 'Equal', 'NotEqual', 'LogicalAnd', 'LogicalOr'].map(
    (op) => [op, comparison] as const,
  ),
  ...[
    'Abs',
    'Neg',
    'Exp',
    'Expm1',
    'Log',
    'Log1p',
    'Sqrt',
    'Rsqrt',
    'Square',
    'Relu',
    'Relu6',
    'Elu',
    'Selu',
    'LeakyRelu',
    'Sigmoid',
    'Tanh',
    'Softplus',
    'Softmax',
    'LogSoftmax',
    'LogicalNot',
    'Floor',
    'Ceil',
    'Round',
    'Sign',
    'Sin',
    'Cos',
    'Erf',
    'Reciprocal',
    'Identity',
    'StopGradient',
    'ZerosLike',
    'OnesLike',
    'BiasAdd',
    'Cumsum',
    'ReverseV2',
    'ReluGrad',
    'Relu6Grad',
    'EluGrad',
    'LeakyReluGrad',
    'SigmoidGrad',
    'TanhGrad',
    'SqrtGrad',
    'AddN',
    'ClipByValue',
  ].map((op) => [op, same] as const),
  ...['IsNan', 'IsInf', 'IsFinite'].map(
    (op) => [op, ((inputs) => [{ shape: at(inputs, 0).shape, dtype: BOOL }]) as Rule] as const,
  ),
  ...['Sum', 'Mean', 'Max', 'Min', 'Prod', 'All', 'Any'].map((op) => [op, reduce] as const),
  ['ArgMax', argument],
  ['ArgMin', argument],
  ['Cast', (inputs, attributes) => [{ shape: at(inputs, 0).shape, dtype: attributes.get('DstT') as number }]],
  ['Reshape', (inputs) => [{ shape: reshaped(at(inputs, 0).shape, at(inputs, 1).values()) }]],
  [
    'ExpandDims',
    (inputs) => {
      const { shape } = at(inputs, 0);
      const axis = normaliseAxis(at(inputs, 1).values()[0] as number, shape.length + 1);
      return [{ shape: [...shape.slice(0, axis), 1, ...shape.slice(axis)] }];
    },
  ],
  [
    'Transpose',
    (inputs) => {
      const { shape } = at(inputs, 0);
      return [
        {
          shape: at(inputs, 1)
            .values()
            .map((axis) => shape[axis] as number),
        },
      ];
    },
  ],
  [
    'Tile',
    (inputs) => {
      const times = at(inputs, 1).values();
      return [{ shape: at(inputs, 0).shape.map((size, axis) => (size < 0 ? -1 : size * (times[axis] as number))) }];
    },
  ],
  ['Fill', (inputs, attributes) => [{ shape: at(inputs, 0).values(), dtype: attributes.get('T') as number }]],
  ['BroadcastTo', fromValues(1)],
  [
    'Pack',
    (inputs, attributes) => {
      const { shape } = at(inputs, 0);
      const axis = normaliseAxis((attributes.get('axis') as number | undefined) ?? 0, shape.length + 1);
      return [{ shape: [...shape.slice(0, axis), inputs.length, ...shape.slice(axis)] }];
    },
  ],
  [
    'ConcatV2',
    (inputs) => {
      const parts = inputs.slice(0, -1);
      const first = at(parts, 0).shape;
      const axis = normaliseAxis(at(inputs, inputs.length - 1).values()[0] as number, first.length);
      const total = parts.reduce(
        (sum, part) => (sum < 0 || (part.shape[axis] as number) < 0 ? -1 : sum + (part.shape[axis] as number)),
        0,
      );
      return [{ shape: first.map((size, index) => (index === axis ? total : size)) }];
    },
  ],
  [
    'Slice',
    (inputs) => {
      const begin = at(inputs, 1).values();
      const { shape } = at(inputs, 0);
      return [
        {
          shape: at(inputs, 2)
            .values()
            .map((size, axis) =>
              size === -1 && (shape[axis] as number) >= 0 ? (shape[axis] as number) - (begin[axis] as number) : size,
            ),
        },
      ];
    },
  ],
  [
    'PadV2',
    (inputs) => {
      const added = at(inputs, 1).values();
      return [
        {
          shape: at(inputs, 0).shape.map((size, axis) =>
            size < 0 ? -1 : size + (added[2 * axis] as number) + (added[2 * axis + 1] as number),
          ),
        },
      ];
    },
  ],
  [
    'GatherV2',
    (inputs) => {
      const { shape } = at(inputs, 0);
      const axis = normaliseAxis(at(inputs, 2).values()[0] as number, shape.length);
      return [{ shape: [...shape.slice(0, axis), ...at(inputs, 1).shape, ...shape.slice(axis + 1)] }];
    },
  ],
  ['OneHot', (inputs) => [{ shape: [...at(inputs, 0).shape, at(inputs, 1).values()[0] as number], dtype: at(inputs, 2).dtype }]],
  ['Select', (inputs) => [{ shape: at(inputs, 1).shape, dtype: at(inputs, 1).dtype }]],
  [
    'SelectV2',
    (inputs) => [
      {
        shape: broadcastShapes(at(inputs, 0).shape, broadcastShapes(at(inputs, 1).shape, at(inputs, 2).shape)),
        dtype: at(inputs, 1).dtype,
      },
    ],
  ],
  [
    'Range',
    (inputs) => {
      const [start, limit, delta] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)].map((input) => input.values()[0] as number) as [
        number,
        number,
        number,
      ];
      return [{ shape: [Math.max(0, Math.ceil((limit - start) / delta))] }];
    },
  ],
  ['MatMul', matMul('transpose_a', 'transpose_b')],
  ['BatchMatMul', matMul('adj_x', 'adj_y')],
  ['BatchMatMulV2', matMul('adj_x', 'adj_y')],
  ['Conv2D', conv(false)],
  ['DepthwiseConv2dNative', conv(true)],
  ['Conv2DBackpropInput', (inputs) => [{ shape: at(inputs, 0).values(), dtype: FLOAT }]],
  ['Conv2DBackpropFilter', (inputs) => [{ shape: at(inputs, 1).values(), dtype: FLOAT }]],
  ['DepthwiseConv2dNativeBackpropInput', (inputs) => [{ shape: at(inputs, 0).values(), dtype: FLOAT }]],
  ['DepthwiseConv2dNativeBackpropFilter', (inputs) => [{ shape: at(inputs, 1).values(), dtype: FLOAT }]],
  ['BiasAddGrad', (inputs) => [{ shape: [at(inputs, 0).shape.at(-1) as number] }]],
  ['MaxPool', pool],
  ['AvgPool', pool],
  ['MaxPoolGrad', like(0)],
  ['AvgPoolGrad', (inputs) => [{ shape: at(inputs, 0).values(), dtype: FLOAT }]],
  [
    'FusedBatchNormV3',
    (inputs) => {
      const { shape } = at(inputs, 0);
      const channel = { shape: [shape.at(-1) as number], dtype: FLOAT };
      return [{ shape }, channel, channel, channel, channel, { shape: [0], dtype: FLOAT }];
    },
  ],
  [
    'FusedBatchNormGradV3',
    (inputs) => {
      const { shape } = at(inputs, 0);
      const channel = { shape: [shape.at(-1) as number], dtype: FLOAT };
      return [{ shape }, channel, channel, { shape: [0], dtype: FLOAT }, { shape: [0], dtype: FLOAT }];
    },
  ],
  [
    'SparseSoftmaxCrossEntropyWithLogits',
    (inputs) => [{ shape: [at(inputs, 0).shape[0] as number] }, { shape: at(inputs, 0).shape }],
  ],
  ['SoftmaxCrossEntropyWithLogits', (inputs) => [{ shape: [at(inputs, 0).shape[0] as number] }, { shape: at(inputs, 0).shape }]],
  ['L2Loss', () => [{ shape: [] }]],
  ['StatelessRandomUniform', (inputs) => [{ shape: at(inputs, 0).values(), dtype: FLOAT }]],
  ['StatelessRandomNormal', (inputs) => [{ shape: at(inputs, 0).values(), dtype: FLOAT }]],
  [
    'TopKV2',
    (inputs) => {
      const shape = [...at(inputs, 0).shape.slice(0, -1), at(inputs, 1).values()[0] as number];
      return [{ shape }, { shape, dtype: INT32 }];
    },
  ],
]);

/** The rule by which an operation's output shapes follow from its inputs, or undefined where we have none. */
export function shapeRule(op: string): Rule | undefined {
  return RULES.get(op);
}
