import { mkdtemp, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { readCheckpoint, readCheckpointMeta, writeCheckpoint } from '../../src/runtime/checkpoint.js';

const tensors = {
  'conv1/kernel': { shape: [2, 3], values: Float32Array.of(1, -2, 3.5, 1e-30, Number.NaN, -0) },
  step: { shape: [], values: Int32Array.of(7) },
  empty: { shape: [0], values: new Float32Array(0) },
};
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ft-checkpoint-'));
});

describe('a checkpoint', () => {
  it('comes back bit for bit, with its notes', async () => {
    const path = join(folder, 'a.safetensors');
    await writeCheckpoint(path, { tensors, meta: { epoch: 3, of: 'ünïcode' } });
    const read = await readCheckpoint<{ epoch: number }>(path);
    expect(read.meta).toEqual({ epoch: 3, of: 'ünïcode' });
    expect(read.tensors).toEqual(tensors);
    expect(Object.is(read.tensors['conv1/kernel']?.values[5], -0)).toBe(true);
    expect(await readCheckpointMeta(path)).toEqual({ epoch: 3, of: 'ünïcode' });
    expect(await readdir(folder)).toEqual(['a.safetensors']);
  });

  it('is a safetensors file: length, JSON header, values', async () => {
    const path = join(folder, 'a.safetensors');
    await writeCheckpoint(path, { tensors, meta: null });
    const bytes = await readFile(path);
    const length = Number(bytes.readBigUInt64LE(0));
    expect(length % 8).toBe(0);
    const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Record<string, unknown>;
    expect(header['conv1/kernel']).toEqual({ dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] });
    expect(header.step).toEqual({ dtype: 'I32', shape: [], data_offsets: [24, 28] });
    expect(bytes.readFloatLE(8 + length + 8)).toBe(3.5);
  });

  it.each([0, 4, 20, 200])('that is cut to %i bytes is refused in words', async (size) => {
    const path = join(folder, 'a.safetensors');
    await writeCheckpoint(path, { tensors, meta: {} });
    await truncate(path, size);
    await expect(readCheckpoint(path)).rejects.toThrow(UserError);
    await expect(readCheckpoint(path)).rejects.toThrow(path);
  });

  it('that is another kind of file is refused in words', async () => {
    const path = join(folder, 'a.safetensors');
    await writeFile(path, 'PK\u0003\u0004 this is a zip, really, and not a checkpoint at all');
    await expect(readCheckpoint(path)).rejects.toThrow(/cannot be read/);
    await expect(readCheckpoint(join(folder, 'none'))).rejects.toThrow(/no such file/);
  });
});
