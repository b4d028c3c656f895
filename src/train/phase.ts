import type { Program } from '../runtime/program.js';
import type { Values } from '../runtime/session.js';
import { Collapsed, type CollapseWatch, looksCollapsed, stepsToTell } from './collapse.js';
import { type MixedBatch, mixedValues } from './mixed-labels.js';
import { byStage, isStageFigure, type StageFigures } from './stage-figures.js';
import { CARRIED } from './step.js';

/** Where a phase stands: enough to go on to the same numbers as a run that was never stopped. */
export interface Position {
  /** Epoch in progress, from 0; equal to the number of epochs when the phase is over. */
  epoch: number;
  /** Steps done of this epoch. */
  stepOfEpoch: number;
  /** Steps done of the phase. */
  step: number;
  /** Steps that changed the weights (a batch without a valid triplet does not). */
  updates: number;
  /** Sums over the steps of this epoch: of the figures, and of what the epoch's summary counts. */
  sums: Record<string, number>;
  /** Steps in a row, up to this one, that looked collapsed. */
  alike: number;
  /** Seconds of training so far. */
  seconds: number;
}

export const START: Position = { epoch: 0, stepOfEpoch: 0, step: 0, updates: 0, sums: {}, alike: 0, seconds: 0 };

/** The mean figures of one epoch. */
export interface EpochSummary {
  /** From 1. */
  epoch: number;
  steps: number;
  /** Steps of this epoch that changed nothing. */
  skipped: number;
  figures: Record<string, number>;
  /** By stage, over the steps of the epoch at which they were looked at (every eighth). */
  stages: Record<string, StageFigures>;
  imagesPerSecond: number;
  /** Share of the time in which the step waited for images. */
  waiting: number;
  rate: number;
}

/** A batch as the loader hands it over. */
export interface Batch {
  /**
   * RGB bytes, or the numbers of their rows in a table of the program; absent where the batch comes as what the frozen part of the network
   * made of its images.
   */
  readonly pixels?: Uint8Array | Int32Array;
  /** What a step that renders its views itself takes besides, by the names of its inputs. */
  readonly view?: Readonly<Record<string, Values>>;
  /** Or the numbers of their rows in a table of the program. */
  readonly map?: Float32Array | Int32Array;
  readonly indices: Int32Array;
  readonly mix?: MixedBatch;
}

export interface PhaseLoop {
  readonly name: string;
  readonly program: Program;
  /** Steps that run in one call of the program; 1 where not said. Its step takes `going` then (see step.ts). */
  readonly stepsPerCall?: number;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** The batches of an epoch from one of its steps on, decoded and augmented. */
  readonly batches: (epoch: number, fromStep: number) => AsyncIterable<Batch>;
  readonly labelOf: (sample: number) => number;
  /** The base rate at a step of the phase, from 0. */
  readonly rateAt: (step: number) => number;
  /** Of the masks of dropout. */
  readonly seed: number;
  readonly now: () => number;
  readonly watch: CollapseWatch;
  /** After every step, in order; of several in one call the program has done them all. */
  readonly onStep: (position: Position, figures: Record<string, number>) => void | Promise<void>;
  /** After every call: the program stands where the position does, so that a checkpoint can be written. */
  readonly onCall?: (position: Position) => void | Promise<void>;
  /** A step met NaN or an infinity; it has changed nothing. Throws, saying where they came from. */
  readonly onNotFinite: (position: Position, feed: Readonly<Record<string, Values>>, figures: Record<string, number>) => never;
  /**
   * After every epoch: evaluate, log, write a checkpoint. `next` points to the next epoch; `ended` to behind the last step of
   * this one: a run that goes on from there comes to this same call again, without a step.
   */
  readonly onEpoch: (summary: EpochSummary, next: Position, ended: Position) => Promise<void>;
  /** Whether the phase has come to its end before its last epoch; looked at between epochs. */
  readonly over?: () => boolean;
  /** Whether the person asked to stop; looked at between steps. */
  readonly stopped: () => boolean;
  /** Called once when stopped, before the loop ends. */
  readonly onStop: (position: Position) => Promise<void>;
}

/**
 * Runs a phase from a position to its end, or until it is stopped. Everything that a step takes is a pure function of the seed,
 * the epoch and the step, so that going on from any position gives the same numbers.
 * @returns whether the phase came to its end
 * @throws Collapsed where the network gives the same to every image
 */
export async function runPhase(loop: PhaseLoop, from: Position): Promise<boolean> {
  let position: Position = { ...from, sums: { ...from.sums } };
  while (position.epoch < loop.epochs && loop.over?.() !== true) {
    let clock = loop.now();
    for await (const batches of inGroups(loop.batches(position.epoch, position.stepOfEpoch), loop.stepsPerCall ?? 1)) {
      const arrived = loop.now();
      const feeds = batches.map((batch, at) => feedOf(loop, batch, position, at));
      const all = call(loop, feeds, position);
      const finished = loop.now();
      const [seconds, waited] = [finished - clock, arrived - clock].map((time) => time / 1000 / batches.length) as [
        number,
        number,
      ];
      clock = finished;
      for (const [at, { finite, ...figures }] of all.entries()) {
        // Those after it in the same call have changed nothing either.
        if (finite === 0) loop.onNotFinite(position, { ...feeds[at], step: Float32Array.of(position.updates + 1) }, figures);
        position = advance(loop, position, figures, { images: (batches[at] as Batch).indices.length, seconds, waited });
        await loop.onStep(position, figures);
        refuseCollapse(loop, position, figures);
      }
      await loop.onCall?.(position);
      // The session blocks the thread: timers, signals and the terminal get their turn here.
      await new Promise((resolve) => setImmediate(resolve));
      if (loop.stopped()) {
        await loop.onStop(position);
        return false;
      }
    }
    const { stepOfEpoch: steps, sums } = position;
    if (steps === 0) throw new Error(`${loop.name}: an epoch without a batch`);
    const seconds = Math.max(1e-9, sums.seconds ?? 0);
    const summary: EpochSummary = {
      epoch: position.epoch + 1,
      steps,
      skipped: sums.skipped ?? 0,
      figures: means(sums, steps),
      stages: byStage(observedMeans(sums)),
      imagesPerSecond: (sums.images ?? 0) / seconds,
      waiting: (sums.waited ?? 0) / seconds,
      rate: loop.rateAt(position.step - 1),
    };
    const ended = position;
    position = { ...position, epoch: position.epoch + 1, stepOfEpoch: 0, sums: {} };
    await loop.onEpoch(summary, position, ended);
    if (loop.stopped()) {
      await loop.onStop(position);
      return false;
    }
  }
  return true;
}

/** Steps between two looks at the stages' figures, which cost passes over all weights. */
export const LOOK_EVERY = 8;

/** What the step `ahead` steps after the position is fed. Of several in one call the number of the update is carried from the first. */
function feedOf(loop: PhaseLoop, batch: Batch, position: Position, ahead: number): Record<string, Values> {
  const labels = Int32Array.from(batch.indices, loop.labelOf);
  const step = position.step + ahead;
  return {
    ...(batch.map === undefined ? { pixels: batch.pixels as Uint8Array | Int32Array } : { map: batch.map }),
    ...batch.view,
    labels,
    ...mixedValues(batch.mix, labels),
    rate: Float32Array.of(loop.rateAt(step)),
    step: Float32Array.of(position.updates + 1),
    seed: Int32Array.of(loop.seed | 0, step),
    ...((loop.stepsPerCall ?? 1) > 1 && { going: Float32Array.of(1) }),
  };
}

/** Runs steps in one call. @returns the figures of each: those of the stages where it is looked at them */
function call(loop: PhaseLoop, feeds: readonly Record<string, Values>[], position: Position): Record<string, number>[] {
  const looks = (ahead: number) => (position.stepOfEpoch + ahead) % LOOK_EVERY === 0;
  const wanted = (output: string, ahead: number) => !handedOn.has(output) && (looks(ahead) || !isStageFigure(output));
  const [first] = feeds as [Record<string, Values>];
  const all =
    feeds.length === 1 ? [loop.program.run('step', first, (output) => wanted(output, 0))] : loop.program.runEach('step', feeds);
  return all.map((outputs, ahead) =>
    Object.fromEntries(
      Object.entries(outputs).flatMap(([name, values]) => (wanted(name, ahead) ? [[name, Number(values[0])]] : [])),
    ),
  );
}

const handedOn = new Set<string>(Object.values(CARRIED));

/** What comes, so many at a time; fewer at the end. */
async function* inGroups<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let group: T[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

function refuseCollapse(loop: PhaseLoop, { epoch, step, alike }: Position, figures: Record<string, number>): void {
  const seen = looksCollapsed(figures, loop.watch);
  if (seen === null || alike < stepsToTell(loop.stepsPerEpoch)) return;
  throw new Collapsed({ ...seen, steps: alike, epoch: epoch + 1, step });
}

/** What an epoch counts besides the figures of its steps. */
const COUNTED = ['skipped', 'images', 'seconds', 'waited', 'looks'] as const;

function advance(
  loop: PhaseLoop,
  position: Position,
  figures: Record<string, number>,
  counted: { images: number; seconds: number; waited: number },
): Position {
  const skipped = figures.kept === 0 ? 1 : 0;
  const sums: Record<string, number> = { ...position.sums };
  const looks = Object.keys(figures).some(isStageFigure) ? 1 : 0;
  for (const [name, value] of Object.entries({ ...figures, ...counted, skipped, looks })) sums[name] = (sums[name] ?? 0) + value;
  return {
    epoch: position.epoch,
    stepOfEpoch: position.stepOfEpoch + 1,
    step: position.step + 1,
    updates: position.updates + 1 - skipped,
    sums,
    alike: looksCollapsed(figures, loop.watch) === null ? 0 : position.alike + 1,
    seconds: position.seconds + counted.seconds,
  };
}

function means(sums: Record<string, number>, steps: number): Record<string, number> {
  return Object.fromEntries(
    Object.entries(sums)
      .filter(([name]) => !(COUNTED as readonly string[]).includes(name) && !isStageFigure(name))
      .map(([name, sum]) => [name, sum / steps]),
  );
}

/** The stages' figures, over the steps that they were looked at. */
function observedMeans(sums: Record<string, number>): Record<string, number> {
  const observed = Object.entries(sums).filter(([name]) => isStageFigure(name));
  return Object.fromEntries(observed.map(([name, sum]) => [name, sum / (sums.looks ?? 1)]));
}
