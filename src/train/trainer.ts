import type { Network } from '../network/network.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { createProgram, type Engine, type Precision, type Program, type StateValue } from '../runtime/program.js';
import type { Values } from '../runtime/session.js';
import type { TableSpec } from '../runtime/trace/table.js';
import type { Signature, Tensors } from '../runtime/trace/trace.js';
import type { PhasePlan } from '../transfer/plan.js';
import { averagedNames, averageName, byAverages } from './averages.js';
import { type Entry, pixelEntry } from './entry.js';
import { mixedInputs } from './mixed-labels.js';
import { CARRIED, featureFunction, GOING, type Objective, type StepOptions, slotName, stepSignature, trainStep } from './step.js';

/** Values of variables by name, as they are carried from phase to phase and into checkpoints. */
export type Weights = Record<string, Float32Array>;

/** The values that a network was loaded with. */
export function weightsOf({ variables }: Network): Weights {
  return Object.fromEntries([...variables].map(([name, { values }]) => [name, values]));
}

export interface TrainerOptions extends StepOptions {
  readonly engine: Engine;
  readonly network: Network;
  readonly plan: PhasePlan;
  readonly optimizer: Optimizer;
  readonly clipNorm: number | null;
  readonly objective: Objective;
  /** Present values of every variable of the plan: backbone, statistics and head. */
  readonly weights: Weights;
  readonly batch: number;
  /** Images a call when features are computed. */
  readonly featureBatch: number;
  readonly side: number;
  /** Where images enter the step, and where they enter when features are computed; at its foot, as pixels, where not said. */
  readonly entries?: { readonly step: Entry; readonly features: Entry };
  /** Whether XLA compiles the step whole (see graph/compile.ts). */
  readonly xla?: boolean;
  readonly precision?: Precision;
  /** How many devices a step is spread over; the batch divides by it. */
  readonly devices?: number;
  /** Whether several steps may run in one call (see Program.runEach); on one device. */
  readonly inOneCall?: boolean;
  /** Whether images are mixed: the step then takes the partners' labels and λ too. */
  readonly mixed?: boolean;
  /** What `entries` take rows of. */
  readonly tables?: Readonly<Record<string, TableSpec>>;
}

/**
 * The state of a phase: every variable of the plan, the optimizer's slots of those that are trained, and where averages are kept
 * (`averaged`), those of all that moves.
 * @param copied whether every device has its own of a variable and its slots
 */
export function phaseState(
  plan: PhasePlan,
  optimizer: Optimizer,
  weights: Weights,
  averaged: ReadonlySet<string> = new Set(),
  copied: (variable: string) => boolean = () => false,
): Record<string, StateValue> {
  const state: Record<string, StateValue> = {};
  for (const { name, shape, frozen, statistic } of plan.variables) {
    const values = weights[name];
    if (values === undefined) throw new Error(`no values for the variable '${name}'`);
    state[name] = { shape, dtype: 'float32', values, copied: copied(name) };
    if (averaged.has(name)) state[averageName(name)] = { shape, dtype: 'float32', values };
    if (frozen || statistic) continue;
    for (const slot of optimizer.slots(shape)) {
      const size = slot.shape.reduce((product, length) => product * length, 1);
      state[slotName(name, slot.suffix)] = {
        shape: slot.shape,
        dtype: 'float32',
        values: new Float32Array(size).fill(slot.fill),
        copied: copied(name),
      };
    }
  }
  return state;
}

/**
 * The functions of a phase over one state: `step` trains, `features` maps bytes to pooled features, and where images enter a step by rows
 * of a table, `entered` says what these are. Where averages are kept, `features` are those of the averaged weights, and `judged` reads them.
 */
export function createTrainer(options: TrainerOptions): {
  program: Program;
  /** The program as it is evaluated and as its weights are kept at the end. */
  judged: Program;
  names: { variables: string[]; all: string[] };
  /** Of `step`. */
  signature: Signature;
} {
  const { engine, network, plan, optimizer, clipNorm, objective, weights, batch, featureBatch, side, mixed = false } = options;
  const { devices = 1, tables = {}, inOneCall = false } = options;
  const { ema = null } = options;
  const averaged = new Set(ema === null ? [] : averagedNames(plan));
  const pixels = pixelEntry(network, side);
  const { step, features } = options.entries ?? { step: pixels, features: pixels };
  const state = phaseState(plan, optimizer, weights, averaged, (name) => step.network.variables.has(name));
  const { inputs } = stepSignature(batch, step, devices);
  const signature: Signature = { inputs: { ...inputs, ...(mixed && mixedInputs(batch)), ...(inOneCall && GOING) } };
  const held = takenFromTables(signature);
  const program = createProgram(
    engine,
    state,
    {
      step: {
        signature,
        fn: trainStep(step, plan, optimizer, clipNorm, objective, options),
        compiled: options.xla === true,
        ...(inOneCall && { carried: CARRIED }),
      },
      features: {
        signature: { inputs: features.inputs(featureBatch) },
        fn: featureFunction(features, averaged),
      },
      ...(Object.keys(held).length > 0 && {
        entered: { signature: { inputs: held }, fn: (entering: Tensors) => ({ outputs: entering }) },
      }),
    },
    { precision: options.precision ?? 'fp32', devices, tables },
  );
  const names = { variables: plan.variables.map(({ name }) => name), all: Object.keys(state) };
  return { program, judged: byAverages(program, averaged), names, signature };
}

/** The inputs that are rows of a table. */
function takenFromTables({ inputs }: Signature): Signature['inputs'] {
  return Object.fromEntries(Object.entries(inputs).filter(([, { rowsOf }]) => rowsOf !== undefined));
}

/** What a step was fed, with the rows themselves in place of their numbers: for a program that has no tables. */
export function withRows(
  program: Program,
  signature: Signature,
  feed: Readonly<Record<string, Values>>,
): Readonly<Record<string, Values>> {
  const held = Object.entries(takenFromTables(signature));
  if (held.length === 0) return feed;
  const rows = program.run('entered', Object.fromEntries(held.map(([name]) => [name, feed[name] as Values])));
  const asFed = ([name, { dtype }]: (typeof held)[number]) => {
    const values = rows[name] as Values;
    return [name, dtype === 'uint8' ? Uint8Array.from(values) : values] as const;
  };
  return { ...feed, ...Object.fromEntries(held.map(asFed)) };
}

/** The variables of a network as a program's state; those that `weights` does not hold as they were loaded. */
export function networkState({ variables }: Network, weights: Weights): Record<string, StateValue> {
  return Object.fromEntries(
    [...variables.values()].map(({ name, shape, values }) => [
      name,
      { shape, dtype: 'float32' as const, values: weights[name] ?? values },
    ]),
  );
}

/** A program that only computes features, for scores and for a finished model; from images, or above what an `entry` leaves out. */
export function createFeatureProgram(
  engine: Engine,
  network: Network,
  weights: Weights,
  batch: number,
  side: number,
  { entry = pixelEntry(network, side), precision = 'fp32' }: { entry?: Entry | undefined; precision?: Precision } = {},
): Program {
  const state = networkState(entry.network, weights);
  const functions = { features: { signature: { inputs: entry.inputs(batch) }, fn: featureFunction(entry) } };
  return createProgram(engine, state, functions, { precision });
}

/** The function of `createSizedProgram` for so many images. The binding takes a name that begins with a digit for an output's number. */
export const sizedName = (size: number): string => `of${size}`;

/** The same for several numbers of images a call, over the same variables. */
export function createSizedProgram(
  network: Network,
  weights: Weights,
  side: number,
  sizes: readonly number[],
  precision: Precision,
): Program {
  const entry = pixelEntry(network, side);
  const fn = featureFunction(entry);
  const functions = sizes.map((size) => [sizedName(size), { signature: { inputs: entry.inputs(size) }, fn }]);
  return createProgram('traced', networkState(network, weights), Object.fromEntries(functions), { precision });
}
