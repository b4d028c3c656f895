import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** One image's embedding. */
export interface VectorRow {
  /** The image, relative to the folder that was embedded. */
  readonly file: string;
  /** Its class, or null where it has none. */
  readonly class: string | null;
  readonly vector: Float32Array;
}

/** A row as one line of JSON, its end included. Numbers have the fewest digits that give back the same float32. */
export function jsonLine({ file, class: name, vector }: VectorRow): string {
  return `${JSON.stringify({ file, class: name, vector: Array.from(vector, shortest) })}\n`;
}

/** Writes rows as JSON Lines, one after the other, under a temporary name first; on a failure nothing is left behind. */
export async function writeJsonl(path: string, rows: Iterable<VectorRow>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.part-${randomUUID()}`;
  try {
    await pipeline(Readable.from(lines(rows)), createWriteStream(temporary));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function* lines(rows: Iterable<VectorRow>): Generator<string> {
  for (const row of rows) yield jsonLine(row);
}

function shortest(value: number): number {
  if (!Number.isFinite(value)) throw new RangeError(`a vector holds ${value}, which JSON cannot write`);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}
