import { deferredActivations } from './defer.js';
import { foldedBatchNorms } from './fold.js';
import { type InputLayer, type Layer, type Network, variablesOf } from './network.js';

/** A network in two: images through `prefix` to one feature map, and that map through `rest` to the output. */
export interface CutNetwork {
  /** Name of the last layer of the prefix. */
  readonly at: string;
  readonly prefix: Network;
  /** Its first layer is an input of the name `at`. */
  readonly rest: Network;
}

/**
 * The layers behind which a network can be cut, from the bottom up: one map leads from what lies below to what lies above. The input is
 * none of them, the output is.
 *
 * No cut parts a convolution from the BatchNorm that is folded into it, nor an activation from the max-pool that it is put behind
 * ({@link foldedBatchNorms}, {@link deferredActivations}): the same operations are run on both sides of it as without it.
 */
function cutPlaces(network: Network): Layer[] {
  const lastUse = new Map<string, number>();
  network.layers.forEach((layer, at) => {
    for (const name of layer.inputs) lastUse.set(name, at);
  });
  const joined = new Set([
    ...foldedBatchNorms(network, () => false).keys(),
    ...[...deferredActivations(network).values()].map(({ name }) => name),
  ]);
  const places: Layer[] = [];
  /** The last layer that takes anything from below the present one. */
  let reach = 0;
  for (const [at, layer] of network.layers.entries()) {
    const open = reach > at;
    reach = Math.max(reach, lastUse.get(layer.name) ?? at);
    // An earlier output that is taken above would cross the cut too.
    if (layer.kind !== 'input' && !open && !joined.has(layer.name)) places.push(layer);
    if (layer.name === network.output) break;
  }
  return places;
}

/**
 * Where a network can be cut so that all that lies below stands still: the highest place below which, itself included, no variable
 * moves. Null where that is the input itself, or nothing moves above either.
 * @param moves whether a variable, or a statistic, changes in training
 */
export function highestStillLayer(network: Network, moves: (variable: string) => boolean): string | null {
  const lowestMoving = network.layers.findIndex((layer) => variablesOf(layer).some(moves));
  const still = new Set(lowestMoving < 0 ? network.layers : network.layers.slice(0, lowestMoving));
  return cutPlaces(network).findLast((layer) => still.has(layer))?.name ?? null;
}

/** A network in parts, one above the other: cut at the end of each stage, or as high in it as a cut is possible. */
export function stageParts(network: Network): Network[] {
  const ends = new Map(cutPlaces(network).map((layer) => [layer.stage, layer.name]));
  const parts: Network[] = [];
  let above = network;
  for (const stage of network.stages) {
    const end = ends.get(stage);
    if (end === undefined || end === network.output) continue;
    const { prefix, rest } = cutNetwork(above, end);
    parts.push(prefix);
    above = rest;
  }
  return [...parts, above];
}

/** The two parts of a network, cut behind one of its {@link cutPlaces}. */
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
