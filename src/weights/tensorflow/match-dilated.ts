import type { ConvLayer, DepthwiseConvLayer } from '../../network/network.js';
import { plainPadding } from '../explicit-padding.js';
import { type GraphNode, textOf } from './graph.js';
import { type LaidOut, laidOut } from './laid-out.js';
import type { Draft, Facts, Pattern, Site } from './pattern.js';
import { shapeArithmetic } from './shape-arithmetic.js';
import type { GraphView } from './view.js';

/**
 * A dilated convolution as TensorFlow 1, `tf.nn.atrous_conv2d` and depthwise layers write it: SpaceToBatchND lays every nth place side
 * by side in the batch, a plain convolution, perhaps its bias and activation, BatchToSpaceND puts the places back.
 * @param after a bias that is added to it
 */
export function matchDilated(node: GraphNode, view: GraphView, after?: readonly number[]): Pattern | undefined {
  const inside = node.op === 'BatchToSpaceND' ? laidOut(node, 'SpaceToBatchND', view, after) : undefined;
  if (inside === undefined) return undefined;
  return {
    inputs: [inside.map],
    make: (site) => {
      const [first, ...others] = inside.make(site);
      return [dilated(first as Draft, node, inside, site, view), ...others];
    },
  };
}

function dilated(
  draft: Draft,
  node: GraphNode,
  { map, opening: space, weighted: conv }: LaidOut,
  site: Site,
  view: GraphView,
): Draft {
  const layer = draft.layer as ConvLayer | DepthwiseConvLayer;
  const numbers = (one: GraphNode, at: number, what: string, length: number): readonly number[] => {
    const found = shapeArithmetic(one.inputs[at] ?? '', map, site.inputs[0] as Facts, view)?.values;
    const whole = found?.length === length && found.every((value) => Number.isInteger(value) && value >= 0 && value < 2 ** 16);
    return whole ? found : site.refuse(one, `has ${what} that ft cannot compute`, `${length} whole numbers`);
  };
  const block = numbers(space, 1, 'a block', 2);
  if (numbers(node, 1, 'a block', 2).join() !== block.join() || block.some((one) => one < 1))
    site.refuse(node, 'puts places back in other blocks', `blocks of ${block.join(' × ')}, as they were laid out`);
  if ([...layer.strides, ...layer.dilations].some((one) => one !== 1))
    site.refuse(conv, 'has strides or dilations between SpaceToBatchND and BatchToSpaceND', 'strides and dilations of 1');
  const paddings = numbers(space, 2, 'paddings', 4);
  const crops = numbers(node, 2, 'crops', 4);
  const [height = 1, width = 1] = draft.variables[0]?.shape ?? [];
  const same = textOf(conv, 'padding', '') === 'SAME';
  const sides = [0, 1, 2, 3].map((at) => {
    // Rows that the convolution itself adds to each part of the map lie a block apart on the whole of it.
    const [window, step] = at < 2 ? [height, block[0] ?? 1] : [width, block[1] ?? 1];
    const added = at % 2 === 0 ? Math.floor((window - 1) / 2) : Math.ceil((window - 1) / 2);
    return (paddings[at] ?? 0) + (same ? step * added : 0) - (crops[at] ?? 0);
  }) as [number, number, number, number];
  if (sides.some((count) => count < 0) || Array.isArray(layer.padding))
    site.refuse(node, `cuts off [${crops.join(', ')}] of what was padded by [${paddings.join(', ')}]`, 'no more than was added');
  const dilations = [block[0] ?? 1, block[1] ?? 1] as const;
  const padding = plainPadding(sides, [height, width], layer.strides, dilations);
  return { ...draft, layer: { ...layer, dilations, padding } };
}
