import { deferredActivations } from './defer.js';
import { foldedBatchNorms } from './fold.js';
import type { InputLayer, Network } from './network.js';
import { variablesOf } from './network.js';

/** A network in two: images through `prefix` to one feature map, and that map through `rest` to the output. */
export interface CutNetwork {
  /** Name of the last layer of the prefix. */
  readonly at: string;
  readonly prefix: Network;
  /** Its first layer is an input of the name `at`. */
  readonly rest: Network;
}

/**
 * Where a network can be cut so that all that lies below stands still: the highest layer to which every path from the images leads
 * and below which, itself included, no variable moves. Null where that is the input itself, or nothing moves above either.
 *
 * No cut parts a convolution from the BatchNorm that is folded into it, nor an activation from the max-pool that it is put behind
 * ({@link foldedBatchNorms}, {@link deferredActivations}): the same operations are run on both sides of it as without it.
 * @param moves whether a variable, or a statistic, changes in training
 */
export function highestStillLayer(network: Network, moves: (variable: string) => boolean): string | null {
  const lastUse = new Map<string, number>();
  network.layers.forEach((layer, at) => {
    for (const name of layer.inputs) lastUse.set(name, at);
  });
  const joined = new Set([
    ...foldedBatchNorms(network, () => false).keys(),
    ...[...deferredActivations(network).values()].map(({ name }) => name),
  ]);
  let highest: string | null = null;
  /** The last layer that takes anything from below the present one. */
  let reach = 0;
  for (const [at, layer] of network.layers.entries()) {
    if (variablesOf(layer).some(moves)) break;
    const open = reach > at;
    reach = Math.max(reach, lastUse.get(layer.name) ?? at);
    // An earlier output that is taken above would cross the cut too.
    if (layer.kind !== 'input' && !open && !joined.has(layer.name)) highest = layer.name;
    if (layer.name === network.output) break;
  }
  return highest;
}

/** The two parts of a network, cut behind a layer that {@link highestStillLayer} found. */
export function cutNetwork(network: Network, at: string): CutNetwork {
  const place = network.layers.findIndex(({ name }) => name === at);
  if (place < 0) throw new RangeError(`no layer '${at}' to cut behind`);
  const below = network.layers.slice(0, place + 1);
  const { stage } = below.at(-1) as Network['layers'][number];
  const input: InputLayer = { kind: 'input', name: at, inputs: [], stage };
  const part = (layers: Network['layers'], output: string): Network => {
    const names = new Set(layers.flatMap(variablesOf));
    const stages = new Set(layers.map((layer) => layer.stage));
    return {
      ...network,
      layers,
      output,
      variables: new Map([...network.variables].filter(([name]) => names.has(name))),
      stages: network.stages.filter((one) => stages.has(one)),
    };
  };
  return { at, prefix: part(below, at), rest: part([input, ...network.layers.slice(place + 1)], network.output) };
}
