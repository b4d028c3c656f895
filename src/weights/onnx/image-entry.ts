import type { GraphParts } from './graph-parts.js';

/** The order of an image's axes as an exported graph takes it. */
export type ImageLayout = 'nhwc' | 'nchw';

const FLOAT = 1;

/**
 * Nodes that make of uint8 images of any height and width what ft's own decoding makes of them: the whole frame, resized to side × side by a
 * triangle filter that is as wide as the reduction, rounded to whole grey levels. Two products with matrices of weights: images of
 * the size itself pass unchanged, to the last bit.
 * @returns the tensor float32 [N, 3, side, side]
 */
export function imageEntry(parts: GraphParts, image: string, layout: ImageLayout, side: number): string {
  const float = parts.node('Cast', [image], 'resize/float', { to: FLOAT });
  const planes = layout === 'nchw' ? float : parts.node('Transpose', [float], 'resize/planes', { perm: [0, 3, 1, 2] });
  const shape = parts.node('Shape', [planes], 'resize/shape');
  const [down, across] = (['height', 'width'] as const).map((axis, at) => {
    const size = parts.node('Gather', [shape, parts.integer(`resize/${axis}_axis`, 2 + at)], `resize/${axis}`);
    return weights(parts, size, side, `resize/${axis}`);
  }) as [string, string];
  const rows = parts.node('MatMul', [down, planes], 'resize/rows');
  const turned = parts.node('Transpose', [across], 'resize/turned', { perm: [1, 0] });
  return parts.node('Round', [parts.node('MatMul', [rows, turned], 'resize/columns')], 'resize/rounded');
}

/** What each of `size` places has to do with each of `side` new ones: [side, size], rows that sum to 1. */
function weights(parts: GraphParts, size: string, side: number, name: string): string {
  const scalar = (key: string, value: number) => parts.floats(`resize/${key}`, [], Float32Array.of(value));
  const float = parts.node('Cast', [size], `${name}/float`, { to: FLOAT });
  const scale = parts.node('Div', [float, scalar('side', side)], `${name}/scale`);
  const middles = parts.floats(
    'resize/middles',
    [side, 1],
    Float32Array.from({ length: side }, (_, at) => at + 0.5),
  );
  const centres = parts.node('Mul', [middles, scale], `${name}/centres`);
  const range = parts.node('Range', [parts.integer('resize/zero', 0), size, parts.integer('resize/one', 1)], `${name}/range`);
  const places = parts.node(
    'Add',
    [parts.node('Cast', [range], `${name}/at`, { to: FLOAT }), scalar('half', 0.5)],
    `${name}/places`,
  );
  const width = parts.node('Max', [scale, scalar('whole', 1)], `${name}/filter`);
  const away = parts.node('Sub', [places, centres], `${name}/away`);
  const distance = parts.node('Abs', [parts.node('Div', [away, width], `${name}/ratio`)], `${name}/distance`);
  const raw = parts.node('Relu', [parts.node('Sub', [scalar('whole', 1), distance], `${name}/slope`)], `${name}/raw`);
  const sum = parts.node('ReduceSum', [raw, parts.integers('resize/along', [1])], `${name}/sum`, { keepdims: 1 });
  return parts.node('Div', [raw, sum], `${name}/weights`);
}
