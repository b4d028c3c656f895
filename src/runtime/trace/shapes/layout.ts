import { DT } from '../../graph/proto.js';
import { normaliseAxis, reduceShape, reshaped } from './arithmetic.js';
import { at, each, like, type Rule, type Rules, written } from './rule.js';

const reduce: Rule = (inputs, attributes) => [
  { shape: reduceShape(at(inputs, 0).shape, at(inputs, 1).values(), attributes.get('keep_dims') === true) },
];

const argument: Rule = (inputs, attributes) => {
  const dtype = (attributes.get('output_type') as number | undefined) ?? DT.int64;
  return [{ shape: reduceShape(at(inputs, 0).shape, at(inputs, 1).values(), false), dtype }];
};

const expandDims: Rule = (inputs) => {
  const { shape } = at(inputs, 0);
  const axis = normaliseAxis(at(inputs, 1).values()[0] as number, shape.length + 1);
  return [{ shape: [...shape.slice(0, axis), 1, ...shape.slice(axis)] }];
};

const transpose: Rule = (inputs) => {
  const { shape } = at(inputs, 0);
  const order = at(inputs, 1).values();
  return [{ shape: order.map((axis) => shape[axis] as number) }];
};

const tile: Rule = (inputs) => {
  const times = at(inputs, 1).values();
  return [{ shape: at(inputs, 0).shape.map((size, axis) => (size < 0 ? -1 : size * (times[axis] as number))) }];
};

const pack: Rule = (inputs, attributes) => {
  const { shape } = at(inputs, 0);
  const axis = normaliseAxis((attributes.get('axis') as number | undefined) ?? 0, shape.length + 1);
  return [{ shape: [...shape.slice(0, axis), inputs.length, ...shape.slice(axis)] }];
};

const concat: Rule = (inputs) => {
  const parts = inputs.slice(0, -1);
  const first = at(parts, 0).shape;
  const axis = normaliseAxis(at(inputs, inputs.length - 1).values()[0] as number, first.length);
  const sizes = parts.map((part) => part.shape[axis] as number);
  const total = sizes.some((size) => size < 0) ? -1 : sizes.reduce((sum, size) => sum + size, 0);
  return [{ shape: first.map((size, index) => (index === axis ? total : size)) }];
};

/** The parts of a tensor along an axis, as the gradient of a concatenation takes them. */
const split: Rule = (inputs) => {
  const { shape } = at(inputs, 0);
  const axis = normaliseAxis(at(inputs, 2).values()[0] as number, shape.length);
  return at(inputs, 1)
    .values()
    .map((part) => ({ shape: shape.map((size, index) => (index === axis ? part : size)) }));
};

const slice: Rule = (inputs) => {
  const { shape } = at(inputs, 0);
  const begin = at(inputs, 1).values();
  const rest = (axis: number): number => ((shape[axis] as number) < 0 ? -1 : (shape[axis] as number) - (begin[axis] as number));
  return [
    {
      shape: at(inputs, 2)
        .values()
        .map((size, axis) => (size === -1 ? rest(axis) : size)),
    },
  ];
};

/** From `begin` to before `end` of each axis in strides, all upwards; the masks, which give such numbers other meanings, are not covered. */
const stridedSlice: Rule = (inputs, attributes) => {
  for (const mask of ['begin_mask', 'end_mask', 'ellipsis_mask', 'new_axis_mask', 'shrink_axis_mask'])
    if (attributes.get(mask)) throw new Error(`its ${mask} is not covered by the tracer`);
  const [begin, end, strides] = [1, 2, 3].map((input) => at(inputs, input).values()) as [number[], number[], number[]];
  if (strides.some((stride) => stride < 1)) throw new Error('a stride backwards is not covered by the tracer');
  /** Counted from the end where negative. */
  const place = (size: number, index: number) => Math.min(size, Math.max(0, index < 0 ? index + size : index));
  const along = (size: number, axis: number): number => {
    const [first, last] = [begin[axis] as number, end[axis] as number].map((one) => place(size, one)) as [number, number];
    return Math.max(0, Math.ceil((last - first) / (strides[axis] as number)));
  };
  return [{ shape: at(inputs, 0).shape.map((size, axis) => (size < 0 ? -1 : along(size, axis))) }];
};

const pad: Rule = (inputs) => {
  const added = at(inputs, 1).values();
  const along = (axis: number): number => (added[2 * axis] as number) + (added[2 * axis + 1] as number);
  return [{ shape: at(inputs, 0).shape.map((size, axis) => (size < 0 ? -1 : size + along(axis))) }];
};

const gather: Rule = (inputs) => {
  const { shape } = at(inputs, 0);
  const axis = normaliseAxis(at(inputs, 2).values()[0] as number, shape.length);
  return [{ shape: [...shape.slice(0, axis), ...at(inputs, 1).shape, ...shape.slice(axis + 1)] }];
};

const oneHot: Rule = (inputs) => [
  { shape: [...at(inputs, 0).shape, at(inputs, 1).values()[0] as number], dtype: at(inputs, 2).dtype },
];

const range: Rule = (inputs) => {
  const value = (index: number): number => at(inputs, index).values()[0] as number;
  return [{ shape: [Math.max(0, Math.ceil((value(1) - value(0)) / value(2)))] }];
};

const topK: Rule = (inputs) => {
  const shape = [...at(inputs, 0).shape.slice(0, -1), at(inputs, 1).values()[0] as number];
  return [{ shape }, { shape, dtype: DT.int32 }];
};

/** Images that are sampled anew. */
const resampled: Rule = (inputs) => {
  const { shape } = at(inputs, 0);
  return [{ shape: [shape[0] as number, ...at(inputs, 2).values(), shape[3] as number] }];
};

/** Operations that reduce, rearrange or make tensors. */
export const layout: Rules = [
  ...each('Sum Mean Max Min Prod All Any', reduce),
  ...each('ArgMax ArgMin', argument),
  ...each('Cumsum ReverseV2', like(0)),
  ...each('StatelessRandomUniform StatelessRandomNormal', written(0, DT.float32)),
  ['Reshape', (inputs) => [{ shape: reshaped(at(inputs, 0).shape, at(inputs, 1).values()) }]],
  ['Fill', (inputs, attributes) => [{ shape: at(inputs, 0).values(), dtype: attributes.get('T') as number }]],
  ['BroadcastTo', written(1)],
  ['ExpandDims', expandDims],
  ['Transpose', transpose],
  ['Tile', tile],
  ['Pack', pack],
  ['ConcatV2', concat],
  ['SplitV', split],
  ['Slice', slice],
  ['StridedSlice', stridedSlice],
  ...each('Pad PadV2', pad),
  ['GatherV2', gather],
  ['OneHot', oneHot],
  ['Range', range],
  ['ImageProjectiveTransformV3', resampled],
  ['TopKV2', topK],
  ['L2Loss', () => [{ shape: [] }]],
];
