/** The steps of a preprocessing chain at a graph's input, none of which is a layer. */
import { axesOf } from './constants.js';
import type { Draft } from './draft.js';
import type { OnnxNode } from './graph.js';
import { sliced } from './sliced.js';
import { type ImageChannel, type ImageValue, perChannel, transposedAxes } from './values.js';

/** What a node makes of the image, where it is a step of preprocessing; undefined where it is the first layer. */
export function imageStep(node: OnnxNode, draft: Draft): ImageValue | undefined {
  if (node.op === 'Concat') return joined(node, draft);
  const at = node.inputs.findIndex((name) => draft.values.get(name)?.kind === 'image');
  const image = draft.values.get(node.inputs[at] ?? '');
  if (image?.kind !== 'image') return undefined;
  switch (node.op) {
    case 'Transpose':
      return { ...image, axes: transposedAxes(node, image.axes, draft.graph.where) };
    case 'Cast':
    case 'Identity':
    case 'Dropout':
      return image;
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div':
      return affine(node.op, node, image, at, draft);
    case 'Gather':
    case 'Slice':
      return chosen(node, image, draft);
    case 'Unsqueeze': {
      const [axis = 0, ...more] = axesOf(node, draft.constant(node.inputs[1])) ?? [];
      const place = axis < 0 ? axis + image.axes.length + 1 : axis;
      if (more.length > 0 || image.axes.includes('C')) return undefined;
      return { ...image, axes: `${image.axes.slice(0, place)}C${image.axes.slice(place)}` };
    }
    default:
      return undefined;
  }
}

function affine(
  op: 'Add' | 'Sub' | 'Mul' | 'Div',
  node: OnnxNode,
  image: ImageValue,
  at: number,
  draft: Draft,
): ImageValue | undefined {
  const constant = draft.constant(node.inputs[1 - at]);
  const values = constant && perChannel(constant, image.axes, image.channels.length);
  if (values === undefined || (op === 'Div' && at === 1)) return undefined;
  const channels = image.channels.map((channel, index) => changed(op, channel, values[index] as number, at === 0));
  return { ...image, channels };
}

/** `first`: the channel is the first operand, the constant the second. */
function changed(
  op: 'Add' | 'Sub' | 'Mul' | 'Div',
  { from, scale, shift }: ImageChannel,
  value: number,
  first: boolean,
): ImageChannel {
  switch (op) {
    case 'Add':
      return { from, scale, shift: shift + value };
    case 'Sub':
      return first ? { from, scale, shift: shift - value } : { from, scale: -scale, shift: value - shift };
    case 'Mul':
      return { from, scale: scale * value, shift: shift * value };
    case 'Div':
      return { from, scale: scale / value, shift: shift / value };
  }
}

/** Channels by number, or backwards: how blue, green, red is made of red, green, blue. */
function chosen(node: OnnxNode, image: ImageValue, draft: Draft): ImageValue | undefined {
  if (node.op === 'Gather') {
    const indices = draft.constant(node.inputs[1]);
    if (indices === undefined || image.axes.at(node.int('axis', 0)) !== 'C') return undefined;
    const channels = indices.integers().map((index) => image.channels.at(index));
    if (channels.some((channel) => channel === undefined) || indices.shape.length > 1) return undefined;
    const axes = indices.shape.length === 0 ? image.axes.replace('C', '') : image.axes;
    return { ...image, axes, channels: channels as ImageChannel[] };
  }
  const list = (at: number, attribute: string): readonly number[] =>
    draft.constant(node.inputs[at])?.integers() ?? node.ints(attribute, []);
  const [start, end, axis = 0, step = 1] = [list(1, 'starts'), list(2, 'ends'), list(3, 'axes'), list(4, 'steps')].map(
    ([one]) => one,
  );
  if (list(1, 'starts').length !== 1 || image.axes.at(axis) !== 'C' || start === undefined || end === undefined) return undefined;
  return { ...image, channels: sliced(image.channels, start, end, step) };
}

/** The channels of an image put side by side again, each with a scale and shift of its own. */
function joined(node: OnnxNode, draft: Draft): ImageValue | undefined {
  const images = node.inputs.map((name) => draft.values.get(name));
  const [first] = images;
  if (first?.kind !== 'image' || first.axes.at(node.int('axis', 1)) !== 'C') return undefined;
  const parts = images.filter((value) => value?.kind === 'image' && value.axes === first.axes) as ImageValue[];
  if (parts.length !== images.length || parts.length > 3) return undefined;
  return { ...first, channels: parts.flatMap(({ channels }) => channels) };
}
