import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharp } from '../../src/data/image-library.js';
import { readCheckpoint } from '../../src/runtime/checkpoint.js';
import { readNpy } from '../../src/vectors/npy.js';
import { runPython } from './python.js';

const FT = fileURLToPath(new URL('../../src/cli/ft.mjs', import.meta.url));
const CHECK = fileURLToPath(new URL('run.py', import.meta.url));
/** As the recipe `smoke` has them. */
const SIDE = 64;
const DIMENSIONS = 16;
const IMAGES = 64;

interface Report {
  tensorflow: string;
  signature: { input: [dtype: string, shape: (number | null)[]]; output: [dtype: string, shape: (number | null)[]] };
  signatures: string[];
  batches: { size: number; shape: number[]; dtype: string; cosine: number; length: [least: number, most: number] }[];
  tensors: Record<string, { shape: number[]; dtype: string; sum: number; absolute: number }>;
  vectors: { shape: number[]; dtype: string; order: boolean; length: [number, number]; sum: number };
}

/** An image of waves whose direction, length and colours are its own, so that embeddings differ. */
function picture(image: number): Uint8Array {
  const bytes = new Uint8Array(SIDE * SIDE * 3);
  for (let at = 0; at < bytes.length; at++) {
    const [y, x, colour] = [Math.floor(at / 3 / SIDE), Math.floor(at / 3) % SIDE, at % 3];
    const wave = Math.sin((x * Math.cos(image) + y * Math.sin(image)) / (2 + (image % 7)) + colour * image);
    bytes[at] = Math.round(127.5 + 127.5 * wave);
  }
  return bytes;
}

describe("a run's files in Python", () => {
  const folder = mkdtempSync(join(tmpdir(), 'ft-verify-'));
  const run = join(folder, 'runs', 'latest');
  const vectors = join(folder, 'vectors.npy');
  const ft = (...args: string[]) =>
    execFileSync(process.execPath, [FT, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
  let report: Report;

  beforeAll(async () => {
    ft('train', 'smoke');
    // Written without loss and at the side of the run, so that Python is given the very bytes that ft decodes.
    const pictures = Array.from({ length: IMAGES }, (_, image) => picture(image));
    mkdirSync(join(folder, 'images'));
    for (const [image, bytes] of pictures.entries()) {
      const file = join(folder, 'images', `${String(image).padStart(3, '0')}.png`);
      await sharp(bytes, { raw: { width: SIDE, height: SIDE, channels: 3 } })
        .png()
        .toFile(file);
    }
    writeFileSync(join(folder, 'pixels'), Buffer.concat(pictures));
    ft('embed', 'runs/latest', 'images', '--out', 'vectors.npy');
    const output = runPython('verify', [CHECK, run, join(folder, 'pixels'), String(SIDE), vectors]);
    report = JSON.parse(output.trim().split('\n').at(-1) as string) as Report;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('give a SavedModel that takes bytes in batches of any size and gives float32 embeddings', () => {
    expect(report.signatures).toEqual(['serving_default', 'from_bytes']);
    expect(report.signature.input).toEqual(['uint8', [null, null, null, 3]]);
    expect(report.signature.output).toEqual(['float32', [null, DIMENSIONS]]);
  });

  it.each([1, 5, 64])("embed a batch of %i in Python's TensorFlow as ft does, to a cosine of 0.99999 and unit length", (size) => {
    const batch = report.batches.find((one) => one.size === size);
    expect(batch?.shape).toEqual([size, DIMENSIONS]);
    expect(batch?.cosine).toBeGreaterThanOrEqual(0.99999);
    for (const length of batch?.length ?? [0]) expect(Math.abs(length - 1)).toBeLessThan(1e-5);
  });

  it('give a matrix that numpy loads with the values that ft reads back, each row of unit length', async () => {
    const own = await readNpy(vectors);
    expect(report.vectors).toMatchObject({ shape: [IMAGES, DIMENSIONS], dtype: 'float32', order: true });
    expect(report.vectors.sum).toBeCloseTo(
      own.values.reduce((sum, value) => sum + value, 0),
      9,
    );
    for (const length of report.vectors.length) expect(Math.abs(length - 1)).toBeLessThan(1e-5);
    // Rows that are all alike would pass everything above.
    const rows = new Set(
      Array.from({ length: IMAGES }, (_, row) => own.values.slice(row * DIMENSIONS, (row + 1) * DIMENSIONS).join()),
    );
    expect(rows.size).toBe(IMAGES);
  });

  it('give weights that the safetensors package loads, each tensor with its shape and sums', async () => {
    const { tensors } = await readCheckpoint(join(run, 'model.safetensors'));
    expect(Object.keys(report.tensors).sort()).toEqual(Object.keys(tensors).sort());
    for (const [name, { shape, values }] of Object.entries(tensors)) {
      const found = report.tensors[name];
      const total = (of: (value: number) => number) => Array.from(values).reduce((sum, value) => sum + of(value), 0);
      expect(found, name).toMatchObject({ shape: [...shape], dtype: 'float32' });
      const slack = 1e-9 * (found?.absolute ?? 0);
      expect(Math.abs((found?.sum ?? Number.NaN) - total((value) => value)), name).toBeLessThanOrEqual(slack);
      expect(Math.abs((found?.absolute ?? Number.NaN) - total(Math.abs)), name).toBeLessThanOrEqual(slack);
    }
  });
});
