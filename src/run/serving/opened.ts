import type { Progress } from '../../progress.js';
import type { Precision } from '../../runtime/program.js';
import type { Info } from '../../serve/api.js';
import type { ServedModel } from '../../serve/model.js';
import type { Gallery } from '../gallery.js';

/** A model that is open and computes. */
export interface OpenedModel {
  readonly model: ServedModel;
  readonly sizes: readonly number[] | null;
  /** @param pixels of `count` square images, row-major */
  compute(pixels: Uint8Array, count: number): Promise<ComputedRows>;
  gallery(path: string, progress: Progress): Promise<Gallery>;
}

/** Of all images of a call, row-major. */
export interface ComputedRows {
  readonly embeddings: Float32Array;
  readonly probabilities: Float32Array | null;
}

/** What the model's thread is started with. */
export interface Opening {
  /** A run or an export, from `folder`. */
  readonly argument: string;
  readonly folder: string;
  /** What it is served as; null: its own name. */
  readonly name: string | null;
  /** What is searched, a whole path; null: nothing yet. */
  readonly gallery: string | null;
  /** Images a call, at most. */
  readonly largest: number;
  readonly precision: Precision | 'auto';
}

/** Scores that have an interval, out of a record that holds more. */
export function intervalsOf(scores: Readonly<Record<string, unknown>> | null): Info['scores'] {
  const found = Object.entries(scores ?? {}).flatMap(([name, score]) => {
    const { value, low, high } = (score ?? {}) as { value?: unknown; low?: unknown; high?: unknown };
    if (typeof value !== 'number' || typeof low !== 'number' || typeof high !== 'number') return [];
    return [[name, { value, low, high }] as const];
  });
  return found.length === 0 ? null : Object.fromEntries(found);
}
