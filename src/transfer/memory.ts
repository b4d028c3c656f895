/** How much memory a phase will take, foreseen from shapes alone. */
import { foldedBatchNorms } from '../network/fold.js';
import { consumerCounts, type Layer, type Network, variablesOf } from '../network/network.js';
import { outputShapes } from '../network/shapes.js';
import type { PhasePlan } from './plan.js';

export interface MemoryOptions {
  readonly batch: number;
  /** Images a call when features are computed for scores: forward alone. */
  readonly featureBatch: number;
  readonly side: number;
  /** Of a number of a map: 4 in float32, 2 in bfloat16. */
  readonly bytes: number;
  /** Numbers that the optimizer keeps beside each trained one. */
  readonly slots: number;
}

const MIB = 2 ** 20;
/** Node, TensorFlow's library, the threads that read images, and what a step takes that is no map of a layer. */
const PROCESS = 515 * MIB;
/** Of the graph, which grows with what is trained. */
const TRAINED_VARIABLE = 0.75 * MIB;
/**
 * How often a run holds each variable: as it was loaded, as the phase began, in the session, in the graph's start; and while a
 * checkpoint is written once as it was read and once in the file, for the present weights and the best ones.
 */
const COPIES = 9;
/** A slot lies in the session, and in a checkpoint as it was read and in the file. */
const SLOT_COPIES = 3;

/**
 * Bytes that a phase of a run takes at its peak: the process, the graph, the variables and slots and their copies, a gradient for each
 * trained number, and the maps of a step, or of a call for features, at their most ({@link mapsAtPeak}).
 *
 * The counts of maps and of numbers are exact; PROCESS, TRAINED_VARIABLE and the copies were fitted to the peaks of four runs
 * (docs/performance.md), which they give to 8 %.
 */
export function foreseenMemory(network: Network, plan: PhasePlan, options: MemoryOptions): number {
  const { parameters, trainable } = plan.totals;
  const weights = 4 * (COPIES * parameters + trainable * (1 + SLOT_COPIES * options.slots));
  const trained = new Set(plan.variables.filter(({ frozen, statistic }) => !frozen && !statistic).map(({ name }) => name));
  const maps = Math.max(
    mapsAtPeak(network, plan, trained, options.batch, options),
    mapsAtPeak(network, plan, new Set(), options.featureBatch, { ...options, bytes: 4 }),
  );
  return PROCESS + trained.size * TRAINED_VARIABLE + weights + maps;
}

/** The largest batch whose foreseen memory is at most `limit` bytes; 0 where there is none. */
export function largestBatch(network: Network, plan: PhasePlan, options: MemoryOptions, limit: number): number {
  let [fits, tooMany] = [0, options.batch + 1];
  while (tooMany - fits > 1) {
    const middle = (fits + tooMany) >> 1;
    if (foreseenMemory(network, plan, { ...options, batch: middle }) <= limit) fits = middle;
    else tooMany = middle;
  }
  return fits;
}

/**
 * Bytes of all maps that live at one time, at their most: through the network and back, layer by layer. A map lives until the last
 * layer that takes it, or until the gradient that needs it: a trained kernel's needs the input, an activation's the output, a
 * max-pool's both. BatchNorm with frozen statistics is folded, and an activation works in place.
 */
function mapsAtPeak(
  network: Network,
  plan: PhasePlan,
  trained: ReadonlySet<string>,
  batch: number,
  { side, bytes }: MemoryOptions,
): number {
  const moving = new Set(plan.layers.filter((layer) => layer.batchNorm === 'train').map(({ name }) => name));
  const folds = foldedBatchNorms(network, (layer) => moving.has(layer.name));
  const layers = network.layers.slice(0, network.layers.findIndex(({ name }) => name === network.output) + 1);
  const shapes = outputShapes(network, side);
  const sizeOf = (name: string) => batch * bytes * (shapes.get(name) ?? []).reduce<number>((size, extent) => size * extent, 1);
  const consumers = consumerCounts(layers);

  /** By layer: the one whose map it writes into, itself where it makes one of its own. */
  const owner = new Map<string, string>();
  for (const layer of layers)
    owner.set(layer.name, worksInPlace(layer, folds, consumers) ? (owner.get(layer.inputs[0] as string) as string) : layer.name);
  const mapsOf = (layer: Layer) => layer.inputs.map((name) => owner.get(name) as string);
  const lastUse = new Map<string, number>();
  for (const [at, layer] of layers.entries())
    for (const map of [...mapsOf(layer), owner.get(layer.name) as string]) lastUse.set(map, at);

  /** Whether anything at or below a layer is trained, so that its gradient is wanted. */
  const wanted = new Map<string, boolean>();
  for (const layer of layers)
    wanted.set(layer.name, variablesOf(layer).some((name) => trained.has(name)) || layer.inputs.some((name) => wanted.get(name)));
  /** For each map the lowest layer whose gradient needs it. */
  const neededFor = new Map<string, number>();
  for (const [at, layer] of layers.entries()) {
    const kernels = [layer, folds.get(layer.name)].flatMap((one) => (one === undefined ? [] : variablesOf(one)));
    for (const map of savedMaps(
      layer,
      mapsOf(layer),
      owner.get(layer.name) as string,
      kernels.some((name) => trained.has(name)),
      layer.inputs.some((name) => wanted.get(name)),
    ))
      neededFor.set(map, Math.min(at, neededFor.get(map) ?? at));
  }

  const live = new Set<string>();
  const total = () => [...live].reduce((sum, map) => sum + sizeOf(map), 0);
  let peak = 0;
  for (const [at, layer] of layers.entries()) {
    live.add(owner.get(layer.name) as string);
    peak = Math.max(peak, total());
    for (const map of live) if ((lastUse.get(map) as number) <= at && !neededFor.has(map)) live.delete(map);
  }
  // On the way back the gradient of a layer's output and those of its inputs are there at one time, and those of open shortcuts.
  const gradients = new Map<string, number>([[owner.get(network.output) as string, sizeOf(network.output)]]);
  for (const [at, layer] of [...layers.entries()].reverse()) {
    const own = owner.get(layer.name) as string;
    if (own !== layer.name) continue;
    for (const map of mapsOf(layer)) if (wanted.get(map)) gradients.set(map, layer.kind === 'add' ? 0 : sizeOf(map));
    peak = Math.max(peak, total() + [...gradients.values()].reduce((sum, size) => sum + size, 0));
    if (layer.kind !== 'add') gradients.delete(own);
    for (const map of live) if ((neededFor.get(map) ?? layers.length) >= at) live.delete(map);
  }
  return peak;
}

function worksInPlace(layer: Layer, folds: ReadonlyMap<string, Layer>, consumers: ReadonlyMap<string, number>): boolean {
  const [input] = layer.inputs;
  if (layer.kind === 'flatten') return true;
  if (layer.kind === 'batch-norm') return folds.get(input as string) === layer;
  return layer.kind === 'activation' && consumers.get(input as string) === 1;
}

/** The maps that a layer's gradients need. */
function savedMaps(
  layer: Layer,
  inputs: readonly string[],
  output: string,
  trained: boolean,
  wanted: boolean,
): readonly string[] {
  switch (layer.kind) {
    case 'conv':
    case 'depthwise-conv':
    case 'dense':
    case 'batch-norm':
      return trained ? inputs : [];
    case 'activation':
      return wanted || trained ? [output] : [];
    case 'max-pool':
      return wanted ? [...inputs, output] : [];
    default:
      return [];
  }
}
