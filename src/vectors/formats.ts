import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { choose, UserError } from '../errors.js';
import { writeFileAtomic } from '../runtime/folders.js';
import { csvLines, readCsvVectors } from './csv.js';
import { jsonLines, readJsonlVectors } from './jsonl.js';
import { readNpy, writeNpy } from './npy.js';
import { parquetBytes, readParquetVectors } from './parquet.js';
import type { Vectors } from './vectors.js';

export type VectorFormat = 'npy' | 'jsonl' | 'csv' | 'parquet';

/** The formats by the ending of a file. */
export const vectorFormats: ReadonlyMap<string, VectorFormat> = new Map([
  ['.npy', 'npy'],
  ['.jsonl', 'jsonl'],
  ['.csv', 'csv'],
  ['.parquet', 'parquet'],
]);

/** Writes vectors, each file under a temporary name first; on a failure nothing is left behind. Returns the files that were made. */
export async function writeVectors(path: string, vectors: Vectors, format: VectorFormat): Promise<string[]> {
  switch (format) {
    case 'npy': {
      const names = namesOf(path);
      await writeLines(names, nameLines(vectors));
      await writeNpy(path, { rows: vectors.files.length, columns: vectors.dimensions, values: vectors.values });
      return [path, names];
    }
    case 'jsonl':
      await writeLines(path, jsonLines(vectors));
      return [path];
    case 'csv':
      await writeLines(path, csvLines(vectors));
      return [path];
    case 'parquet':
      await writeFileAtomic(path, parquetBytes(vectors));
      return [path];
  }
}

/**
 * Reads vectors in the format of the file's ending.
 * @throws UserError where it is absent, of another ending, damaged, or its rows are not all of one length and finite
 */
export async function readVectors(path: string): Promise<Vectors> {
  const format = choose(vectorFormats, extname(path).toLowerCase(), 'ending of a file of vectors', path);
  if (!(await stat(path).catch(() => undefined))?.isFile())
    throw new UserError({ what: 'the file of vectors does not exist', where: path, mend: 'ft embed RUN FOLDER --out FILE' });
  switch (format) {
    case 'npy':
      return readNamedNpy(path);
    case 'jsonl':
      return readJsonlVectors(path);
    case 'csv':
      return readCsvVectors(path);
    case 'parquet':
      return readParquetVectors(path);
  }
}

/** Whether a file holds vectors, by its ending and where that says too little, by its first line. A table of images is none. */
export async function holdsVectors(path: string): Promise<boolean> {
  const format = vectorFormats.get(extname(path).toLowerCase());
  if (format === undefined || !(await stat(path).catch(() => undefined))?.isFile()) return false;
  if (format === 'npy' || format === 'parquet') return true;
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0);
    const start = buffer.toString('utf8', 0, bytesRead).replace(/^\uFEFF/, '');
    return format === 'csv' ? start.startsWith('file,class,v0') : /^\s*\{[^\n]*"vector"\s*:/.test(start);
  } finally {
    await file.close();
  }
}

/** Where the names of the rows of a matrix lie: `vectors.npy` has `vectors.names.jsonl`. */
function namesOf(path: string): string {
  return path.replace(/\.npy$/i, '.names.jsonl');
}

function* nameLines({ files, classes }: Vectors): Generator<string> {
  for (let row = 0; row < files.length; row++) yield `${JSON.stringify({ file: files[row], class: classes[row] ?? null })}\n`;
}

async function readNamedNpy(path: string): Promise<Vectors> {
  const { rows, columns, values } = await readNpy(path);
  const at = namesOf(path);
  const fault = (what: string, found: string) =>
    new UserError({
      what,
      where: at,
      expected: `a line for each of the ${rows} rows: {"file": …, "class": …}`,
      found,
      mend: 'write both again: ft embed RUN FOLDER --out vectors.npy',
    });
  const text = await readFile(at, 'utf8').catch(() => {
    throw fault('the names of the rows are missing', 'no such file');
  });
  const lines = text.split('\n').filter((line) => line !== '');
  if (lines.length !== rows) throw fault('the names are not those of the rows', `${lines.length} lines`);
  const names = lines.map((line, row) => {
    try {
      const { file, class: name } = JSON.parse(line) as { file?: unknown; class?: unknown };
      if (typeof file === 'string' && (name === null || typeof name === 'string')) return { file, name };
    } catch {
      // told below
    }
    throw fault('a line names no image', `line ${row + 1}: ${line.slice(0, 80)}`);
  });
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0 || rows === 0) {
    throw new UserError({
      what: rows === 0 ? 'the file holds no vector' : 'a vector holds what is no finite number',
      where: path,
      expected: 'rows of finite numbers',
      found: rows === 0 ? 'none' : `${values[bad]} in row ${Math.floor(bad / columns)}`,
    });
  }
  return {
    files: names.map(({ file }) => file),
    classes: names.map(({ name }) => name),
    dimensions: columns,
    values,
    model: null,
  };
}

async function writeLines(path: string, lines: Iterable<string>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.part-${randomUUID()}`;
  try {
    await pipeline(Readable.from(lines), createWriteStream(temporary));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
