import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { rowOf, type Vectors, VectorsBuilder } from './vectors.js';

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
  return `${JSON.stringify({ file, class: name, vector: Array.from(vector, shortestNumber) })}\n`;
}

/** Vectors as JSON Lines, a line an image. */
export function* jsonLines(vectors: Vectors): Generator<string> {
  for (let row = 0; row < vectors.files.length; row++)
    yield jsonLine({ file: vectors.files[row] as string, class: vectors.classes[row] ?? null, vector: rowOf(vectors, row) });
}

/** @throws UserError where a line is no vector of an image */
export async function readJsonlVectors(path: string): Promise<Vectors> {
  const builder = new VectorsBuilder(path);
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line.trim() === '') continue;
    const { file, class: name = null, vector } = parsed(line) ?? {};
    if (typeof file !== 'string' || !(name === null || typeof name === 'string') || !Array.isArray(vector))
      throw builder.fault(
        'a line is no vector of an image',
        '{"file": …, "class": …, "vector": […]}',
        `line ${number}: ${line.slice(0, 80)}`,
      );
    builder.add(file, name, vector, `line ${number}`);
  }
  return builder.build(null);
}

function parsed(line: string): { file?: unknown; class?: unknown; vector?: unknown } | null {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** The number with the fewest digits that is the same float32. */
export function shortestNumber(value: number): number {
  if (!Number.isFinite(value)) throw new RangeError(`a vector holds ${value}, which text cannot give back`);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}
