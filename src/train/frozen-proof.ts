import { createHash } from 'node:crypto';
import type { PhasePlan } from '../transfer/plan.js';

/** SHA-256 (hex) of each frozen variable and statistic, by name. */
export type Fingerprints = Record<string, string>;

/** What a run's manifest holds for a phase: every frozen variable before and after, and the verdict. */
export interface FrozenProof {
  readonly frozen: number;
  readonly unchanged: boolean;
  /** Names that moved although they were frozen; empty in a good run. */
  readonly moved: readonly string[];
  readonly variables: Readonly<Record<string, { readonly before: string; readonly after: string }>>;
  /** Where a phase thaws: each of its parts, whose frozen variables were compared with those before the first step. */
  readonly segments?: readonly SegmentProof[];
}

/** The verdict on some epochs (from and to, counted from 1) in which the same is frozen. */
export interface SegmentProof {
  readonly from: number;
  readonly to: number;
  readonly frozen: number;
  readonly unchanged: boolean;
  readonly moved: readonly string[];
}

/** Names of what must not move in a phase: frozen weights and frozen BatchNorm statistics. */
export function frozenNames(plan: PhasePlan): string[] {
  return plan.variables.filter(({ frozen }) => frozen).map(({ name }) => name);
}

export function fingerprints(values: Readonly<Record<string, Float32Array | Int32Array>>): Fingerprints {
  return Object.fromEntries(
    Object.entries(values).map(([name, array]) => [
      name,
      createHash('sha256')
        .update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
        .digest('hex'),
    ]),
  );
}

/** Compares what was read from the session before and after a phase, byte by byte through its hashes. */
export function proveFrozen(before: Fingerprints, after: Fingerprints): FrozenProof {
  const variables = Object.fromEntries(
    Object.entries(before).map(([name, hash]) => [name, { before: hash, after: after[name] ?? 'missing' }]),
  );
  const moved = Object.entries(variables)
    .filter(([, pair]) => pair.before !== pair.after)
    .map(([name]) => name);
  return { frozen: Object.keys(variables).length, unchanged: moved.length === 0, moved, variables };
}

/** The same for a part of a phase, in which more may be frozen than throughout. `before` has all of it. */
export function proveSegment(epochs: { from: number; to: number }, before: Fingerprints, after: Fingerprints): SegmentProof {
  const held = Object.fromEntries(Object.keys(after).map((name) => [name, before[name] ?? 'missing']));
  const { frozen, unchanged, moved } = proveFrozen(held, after);
  return { ...epochs, frozen, unchanged, moved };
}
