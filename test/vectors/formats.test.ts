import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdsVectors, readVectors, vectorFormats, writeVectors } from '../../src/vectors/formats.js';
import type { Vectors } from '../../src/vectors/vectors.js';

const names = [
  'a.png',
  'cat/"quoted", with comma.jpg',
  'line\nbreak\r\n.png',
  ' spaces .png',
  'é😀‮.png',
  '-leading.png',
  '=1+1.png',
];
const some: Vectors = {
  files: names,
  classes: ['cat', null, 'a,b', 'x\ny', '😀', '"', null],
  dimensions: 3,
  values: Float32Array.from({ length: 21 }, (_, i) => Math.sin(i * 7.3) * 10 ** ((i % 9) - 5)),
  model: 'ab'.repeat(32),
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ft-formats-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const refusal = async (name: string, bytes: string | Uint8Array) => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return readVectors(path).then(
    () => 'read',
    (error: Error) => error.message,
  );
};

describe.each([...vectorFormats])('vectors in a file that ends in %s', (ending, format) => {
  it('come back bit for bit, with any name', async () => {
    const path = join(folder, format, `vectors${ending}`);
    const files = await writeVectors(path, some, format);
    expect(
      readdirSync(join(folder, format))
        .map((file) => join(folder, format, file))
        .sort(),
    ).toEqual([...files].sort());
    const back = await readVectors(path);
    expect(back.files).toEqual(some.files);
    expect(back.classes).toEqual(some.classes);
    expect([...back.values]).toEqual([...some.values]);
    expect(back.dimensions).toBe(3);
    expect(back.model).toBe(format === 'parquet' ? some.model : null);
    expect(await holdsVectors(path)).toBe(true);
  });

  it('are the same bytes each time, and many rows come back too', async () => {
    const rows = 2500;
    const many: Vectors = {
      files: Array.from({ length: rows }, (_, row) => `${row}.png`),
      classes: Array.from({ length: rows }, (_, row) => (row % 3 === 0 ? null : `c${row % 7}`)),
      dimensions: 8,
      values: Float32Array.from({ length: rows * 8 }, (_, i) => Math.cos(i)),
      model: null,
    };
    const [a, b] = [join(folder, `many-a${ending}`), join(folder, `many-b${ending}`)];
    await writeVectors(a, many, format);
    await writeVectors(b, many, format);
    expect(readFileSync(a).equals(readFileSync(b))).toBe(true);
    const back = await readVectors(a);
    expect(back.classes).toEqual(many.classes);
    expect(back.values.every((value, at) => value === many.values[at])).toBe(true);
  });
});

describe('damaged vectors', () => {
  it('are refused with the place', async () => {
    expect(await refusal('a.csv', 'file,class,v0,v1\na.png,cat,1,2\nb.png,cat,1,x\n')).toContain('NaN in line 3');
    expect(await refusal('b.csv', 'file,class,v0,v1\na.png,cat,1,2\nb.png,cat,1\n')).toContain('line 3');
    expect(await refusal('c.csv', 'file,class,split\na.png,cat,train\n')).toContain('file,class,v0,v1,…');
    expect(await refusal('d.csv', 'file,class,v0\na.png,cat,\n')).toContain('NaN in line 2');
    expect(
      await refusal('a.jsonl', '{"file":"a","class":null,"vector":[1,2]}\n{"file":"b","class":null,"vector":[1]}\n'),
    ).toContain('1 in line 2');
    expect(await refusal('b.jsonl', '{"file":"a","class":null,"vector":[1,2]}\n{"file":"b"')).toContain('line 2: {"file":"b"');
    expect(await refusal('c.jsonl', '')).toContain('the file holds no vector');
    expect(await refusal('d.jsonl', '{"file":"a","class":null,"vector":[1e400]}')).toContain('Infinity in line 1');
    expect(await refusal('a.npy', 'nonsense')).toContain('not a .npy file');
    const whole = await refusal('a.parquet', 'PAR1 nonsense PAR1');
    expect(whole).toContain('no whole Parquet file');
    expect(await refusal('a.txt', 'x')).toContain('.npy, .jsonl, .csv, .parquet');
  });

  it('of a matrix whose names are missing or too few are refused', async () => {
    const path = join(folder, 'named.npy');
    await writeVectors(path, some, 'npy');
    const lines = readFileSync(join(folder, 'named.names.jsonl'), 'utf8').split('\n');
    writeFileSync(join(folder, 'named.names.jsonl'), lines.slice(1).join('\n'));
    await expect(readVectors(path)).rejects.toThrow('6 lines');
    rmSync(join(folder, 'named.names.jsonl'));
    await expect(readVectors(path)).rejects.toThrow('the names of the rows are missing');
  });

  it('of a Parquet file cut anywhere are refused, never read in part', async () => {
    const path = join(folder, 'whole.parquet');
    await writeVectors(path, some, 'parquet');
    const bytes = readFileSync(path);
    for (const length of [0, 4, 11, bytes.length >> 1, bytes.length - 1])
      expect(await refusal('cut.parquet', bytes.subarray(0, length))).toContain('no whole Parquet file');
  });

  it('leave nothing behind where they cannot be written', async () => {
    const path = join(folder, 'never', 'vectors.csv');
    const bad = { ...some, values: some.values.map((value, at) => (at === 20 ? Number.NaN : value)) };
    await expect(writeVectors(path, bad, 'csv')).rejects.toThrow('NaN');
    expect(readdirSync(join(folder, 'never'))).toEqual([]);
  });
});

describe('a table of images', () => {
  it('is not taken for vectors', async () => {
    const csv = join(folder, 'images.csv');
    writeFileSync(csv, 'file,class,split\na.png,cat,train\n');
    expect(await holdsVectors(csv)).toBe(false);
    const jsonl = join(folder, 'images.jsonl');
    writeFileSync(jsonl, '{"file":"a.png","class":"cat"}\n');
    expect(await holdsVectors(jsonl)).toBe(false);
    expect(await holdsVectors(folder)).toBe(false);
  });
});
