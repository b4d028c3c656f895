import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silent } from '../../../src/progress.js';
import { CUDA_WHEELS, type CudaWheel, cudaBytes, ensureCuda, missingCuda } from '../../../src/runtime/native/cuda.js';
import type { Download } from '../../../src/runtime/native/wheel.js';
import { zip } from './fake-wheel.js';

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'ft-cuda-')), 'nvidia');
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

const CONTENTS: Readonly<Record<string, Buffer>> = {
  cublas: zip({
    'nvidia/cublas/lib/libcublas.so.12': 'blas',
    'nvidia/cublas/lib/libcublasLt.so.12': 'light',
    'nvidia/cublas/lib/libnvblas.so.12': 'not wanted',
    'nvidia/cublas/include/cublas.h': 'not wanted',
  }),
  cusolver: zip({ 'nvidia/cusolver/lib/libcusolver.so.11': 'solver' }),
};

const WHEELS: CudaWheel[] = Object.entries(CONTENTS).map(([name, bytes]) => ({
  ...(CUDA_WHEELS.find((wheel) => wheel.name === name) as CudaWheel),
  sha256: createHash('sha256').update(bytes).digest('hex'),
  wheelBytes: bytes.length,
  bytes: 10,
}));

/** Serves the wheels above, notes which, and fails at one. */
function serve(log: string[], failAt?: string): Download {
  return async ({ project, wheel }, to) => {
    log.push(project);
    if (project.includes(failAt ?? ' ')) throw new Error('the line is dead');
    const path = join(to, wheel);
    writeFileSync(path, CONTENTS[project.replace(/^nvidia-(.*)-cu12$/, '$1')] as Buffer);
    return path;
  };
}

describe("NVIDIA's libraries", () => {
  it('are those of the and-cuda extra, each pinned', () => {
    expect(CUDA_WHEELS.map(({ project }) => project)).toEqual(
      [
        ...[
          'cublas',
          'cuda-cupti',
          'cuda-nvcc',
          'cuda-nvrtc',
          'cuda-runtime',
          'cudnn',
          'cufft',
          'curand',
          'cusolver',
          'cusparse',
        ],
        ...['nccl', 'nvjitlink'],
      ].map((name) => `nvidia-${name}-cu12`),
    );
    expect(new Set(CUDA_WHEELS.map(({ sha256 }) => sha256)).size).toBe(12);
    for (const { sha256, wheel, pipPlatform } of CUDA_WHEELS) {
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(wheel).toContain(`-py3-none-${pipPlatform}`);
    }
    expect(cudaBytes()).toEqual({ fetched: 2_806_642_481, stays: 3_757_604_888 });
  });

  it('lie as their wheels have them, without what nobody opens; cuSOLVER is found beside cuBLAS too', async () => {
    const log: string[] = [];
    await ensureCuda(silent, folder, { download: serve(log), wheels: WHEELS });
    expect(log).toEqual(['nvidia-cublas-cu12', 'nvidia-cusolver-cu12']);
    expect(readdirSync(folder).sort()).toEqual(['cublas', 'cusolver']);
    expect(readdirSync(join(folder, 'cublas/lib')).sort()).toEqual(['libcublas.so.12', 'libcublasLt.so.12', 'libcusolver.so.11']);
    expect(readlinkSync(join(folder, 'cublas/lib/libcusolver.so.11'))).toBe('../../cusolver/lib/libcusolver.so.11');
    expect(readFileSync(join(folder, 'cublas/lib/libcusolver.so.11'), 'utf8')).toBe('solver');
    await ensureCuda(silent, folder, { download: serve(log), wheels: WHEELS });
    expect(log).toHaveLength(2);
  });

  it('are fetched from where a set-up that failed was cut off, and one that was damaged is laid anew', async () => {
    const log: string[] = [];
    await expect(ensureCuda(silent, folder, { download: serve(log, 'cusolver'), wheels: WHEELS })).rejects.toThrow('dead');
    expect((await missingCuda(folder, WHEELS)).map(({ name }) => name)).toEqual(['cusolver']);
    await ensureCuda(silent, folder, { download: serve(log), wheels: WHEELS });
    expect(log).toEqual(['nvidia-cublas-cu12', 'nvidia-cusolver-cu12', 'nvidia-cusolver-cu12']);
    writeFileSync(join(folder, 'cublas/lib/libcublas.so.12'), 'cut');
    expect((await missingCuda(folder, WHEELS)).map(({ name }) => name)).toEqual(['cublas']);
    await ensureCuda(silent, folder, { download: serve(log), wheels: WHEELS });
    expect(readFileSync(join(folder, 'cublas/lib/libcublas.so.12'), 'utf8')).toBe('blas');
  });

  it('refuses a wheel that lacks one of them', async () => {
    const wheels = WHEELS.map((wheel) => ({ ...wheel, files: [...wheel.files, 'lib/libnew.so.1'] }));
    await expect(ensureCuda(silent, folder, { download: serve([]), wheels })).rejects.toThrow(/lacks a library[^]*libnew\.so\.1/);
    expect(existsSync(join(folder, 'cublas'))).toBe(false);
  });
});
