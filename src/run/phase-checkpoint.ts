import { existsSync } from 'node:fs';
import { type Fault, UserError } from '../errors.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { readCheckpoint, type StoredTensors, writeCheckpoint } from '../runtime/checkpoint.js';
import type { Program } from '../runtime/program.js';
import { averageName } from '../train/averages.js';
import type { Fingerprints, SegmentProof } from '../train/frozen-proof.js';
import { type EpochSummary, type Position, START } from '../train/phase.js';
import type { RunFolder } from '../train/run-folder.js';
import { slotName } from '../train/step.js';
import type { PhaseName, PhasePlan } from '../transfer/plan.js';
import type { Restart } from './collapse-answer.js';
import type { Rendered } from './views-on-card.js';

/** What a checkpoint in the middle of a phase says besides its tensors. */
export interface PhaseMeta {
  phase: PhaseName;
  position: Position;
  best: { epoch: number; validation: number | null };
  epochs: EpochSummary[];
  /** Hashes of what is frozen at the start, from before the first step. */
  frozenBefore: Fingerprints;
  /** Of the segments that are over. */
  proofs: SegmentProof[];
  /** Updates that were done when a variable thawed, by name. */
  trainedFrom: Record<string, number>;
  /** In words, why the phase ends before its last epoch; null where it does not. */
  early: string | null;
  /** What was done about collapses so far. */
  restarts: Restart[];
  /** Where its views were rendered: one entry, and another for each time that it changed. */
  rendered: readonly Rendered[];
}

/** What a phase begins with. */
export const FRESH: Omit<PhaseMeta, 'phase'> = {
  position: START,
  best: { epoch: 0, validation: null },
  epochs: [],
  frozenBefore: {},
  proofs: [],
  trainedFrom: {},
  early: null,
  restarts: [],
  rendered: [],
};

/** A phase as it stands: its values by name (variables and slots) and what is known of it. */
export interface PhaseState {
  readonly values: Readonly<Record<string, Float32Array>>;
  readonly meta: PhaseMeta;
}

/** The checkpoint of the phase in progress. It stays until the journal holds the phase as finished. */
export function lastCheckpoint(folder: RunFolder): string {
  return folder.file('checkpoints', 'last.safetensors');
}

/** The best weights that a phase left. */
export function phaseWeights(folder: RunFolder, phase: PhaseName): string {
  return folder.file('checkpoints', `${phase}.safetensors`);
}

/** What an earlier call left of a phase; undefined where there is nothing, or only something of another phase. */
export async function readPhase(phase: PhaseName, folder: RunFolder): Promise<PhaseState | undefined> {
  const path = lastCheckpoint(folder);
  if (!existsSync(path)) return undefined;
  const { tensors, meta } = await readCheckpoint<PhaseMeta>(path).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    const [fault] = error.faults as [Fault, ...Fault[]];
    throw new UserError({ ...fault, mend: `remove it: the ${phase} phase then starts anew` });
  });
  if (meta.phase !== phase) return undefined;
  const values = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.values as Float32Array]));
  return { values, meta: { ...FRESH, ...meta, position: { ...START, ...meta.position } } };
}

/** The present values of some variables and slots of a program, with their shapes. */
export function storedTensors(
  program: Program,
  names: readonly string[],
  plan: PhasePlan,
  optimizer: Pick<Optimizer, 'slots'>,
): StoredTensors {
  const shapes = new Map<string, readonly number[]>();
  for (const { name, shape } of plan.variables) {
    shapes.set(name, shape);
    shapes.set(averageName(name), shape);
    for (const slot of optimizer.slots(shape)) shapes.set(slotName(name, slot.suffix), slot.shape);
  }
  const values = program.read(names);
  return Object.fromEntries(names.map((name) => [name, { shape: shapes.get(name) ?? [], values: values[name] as Float32Array }]));
}

/** Keeps the beginning of a phase that starts again, so that a kill does not lead to the same collapse once more. */
export async function writeRestart(folder: RunFolder, { values, meta }: PhaseState, plan: PhasePlan): Promise<void> {
  const tensors = Object.fromEntries(
    plan.variables.map(({ name, shape }) => [name, { shape, values: values[name] as Float32Array }]),
  );
  await writeCheckpoint<PhaseMeta>(lastCheckpoint(folder), { tensors, meta });
}
