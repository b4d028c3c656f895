import type { Network } from '../network/network.js';
import { cardNames, readCard } from '../weights/cards.js';
import { flipInputChannels } from '../weights/input-scale.js';
import { permuted } from '../weights/permute.js';
import type { Variant } from './family.js';
import type { Layout } from './layout.js';
import { publishedAs } from './published.js';
import { publishedShape } from './reorder.js';
import type { VariableShape } from './topology.js';

export interface PublishedTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The network of a backbone's card, and how PyTorch's or Keras's own code stores it; null where no family knows it. */
export async function layoutOfBackbone(name: string): Promise<{ variant: Variant; layout: Layout } | null> {
  if (!(await cardNames()).includes(name)) return null;
  const card = await readCard(name);
  return 'network' in card ? publishedAs(card) : null;
}

/**
 * The weights of a network by the names, in the shapes and in the order in which their publisher stores them: what assemble.ts reads.
 * Layers that the network was cut off above are left out.
 */
export function publishedTensors(network: Network, variant: Variant, layout: Layout): Map<string, PublishedTensor> {
  const { variables } = layout.bgr === true ? flipInputChannels(network) : network;
  const topology = variant.topology();
  const kinds = new Map(topology.layers.map(({ name, kind }) => [name, kind]));
  return new Map(
    topology.variables.flatMap((variable) => {
      const found = variables.get(variable.name);
      if (found === undefined) return [];
      const depthwise = kinds.get(variable.layer) === 'depthwise-conv';
      const shape = publishedShape(variable, layout.order, depthwise);
      return [[layout.nameOf(variable), { shape, values: inTheirOrder(found.values, variable, layout.order, depthwise) }]];
    }),
  );
}

/** The values of one of our variables in the order of a published tensor; the other way round than inOurOrder (reorder.ts). */
function inTheirOrder(
  values: Float32Array,
  { role, shape }: VariableShape,
  order: Layout['order'],
  depthwise: boolean,
): Float32Array {
  if (order === 'keras' || role !== 'kernel') return values;
  if (shape.length === 2) return permuted(values, shape, [1, 0]);
  const [height = 1, width = 1, inputs = 1, outputs = 1] = shape;
  return permuted(values, depthwise ? [height, width, 1, inputs * outputs] : shape, [3, 2, 0, 1]);
}
