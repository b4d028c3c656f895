/** How much memory a phase will take, foreseen from shapes alone. */
import { stageParts } from '../network/cut.js';
import { type Layer, type Network, variablesOf } from '../network/network.js';
import { outputShapes } from '../network/shapes.js';
import { type MapsOptions, mapsAtPeak } from './live-maps.js';
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
  /** Whether a step keeps the maps between stages alone (see network/rematerialise.ts). */
  readonly rematerialise?: boolean;
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
  const moving = new Set(plan.layers.filter((layer) => layer.batchNorm === 'train').map(({ name }) => name));
  const numbersOf = numbersOfMaps(network, options.side);
  const parts = options.rematerialise === true ? stageParts(network) : [network];
  const maps = Math.max(
    options.batch * options.bytes * numbersAtPeak(parts, { trained, moving, numbersOf }),
    options.featureBatch * 4 * mapsAtPeak(network, { trained: new Set(), moving, numbersOf, learnsBelow: false }),
  );
  return PROCESS + trained.size * TRAINED_VARIABLE + weights + maps;
}

/** Of a layer's map of one image. */
function numbersOfMaps(network: Network, side: number): (layer: string) => number {
  const shapes = outputShapes(network, side);
  return (name) => (shapes.get(name) ?? []).reduce<number>((size, extent) => size * extent, 1);
}

/** Memory that the maps of a call for features take at most, however fast a larger call would be. */
const FORWARD_MAPS = 1024 * MIB;

/** The images of the largest call for features whose maps take at most a GiB; 1 at least. */
export function largestForward(network: Network, side: number): number {
  const none = new Set<string>();
  const maps = mapsAtPeak(network, { trained: none, moving: none, numbersOf: numbersOfMaps(network, side), learnsBelow: false });
  return Math.max(1, Math.floor(FORWARD_MAPS / (4 * maps)));
}

/** Numbers of an image's maps that live at one time, at their most, where a part that learns keeps only the map that it is given. */
function numbersAtPeak(parts: readonly Network[], of: Omit<MapsOptions, 'learnsBelow'>): number {
  let [kept, peak, learnsBelow] = [0, 0, false];
  for (const part of parts) {
    peak = Math.max(peak, kept + mapsAtPeak(part, { ...of, learnsBelow }));
    learnsBelow ||= part.layers.some((layer) => variablesOf(layer).some((name) => of.trained.has(name)));
    if (learnsBelow) kept += of.numbersOf((part.layers[0] as Layer).name);
  }
  return peak;
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
