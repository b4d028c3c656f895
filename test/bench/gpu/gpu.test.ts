import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { multiplyAdds } from '../../../src/network/arithmetic.js';
import type { Card } from '../../../src/runtime/native/cards.js';
import { denseHead, planPhase } from '../../../src/transfer/plan.js';
import { smallNetwork } from '../../transfer/small-network.js';
import { replaceSection } from '../report.js';
import { aboveTheFirst, watchingMemory } from './card.js';
import { CASES, type GpuCase, keyOf, type WayName } from './cases.js';
import { leftOf } from './measure.js';
import { type Measurement, openState } from './state.js';
import { bestRatio, gpuSection } from './tables.js';
import { stepOperations } from './work.js';

const thin = CASES[0] as GpuCase;
const measurement = (way: WayName, round: number, imagesPerSecond: number, more: Partial<Measurement> = {}): Measurement => ({
  key: keyOf(thin),
  way,
  round,
  imagesPerSecond,
  cardMiB: null,
  ...more,
});
/** ft's bf16 is the faster of its ways, torch.compile PyTorch's; the second round was a slow one. */
const measured = [
  measurement('ft-tf32', 0, 90, { operations: 2e9, cardMiB: 900 }),
  measurement('ft-bf16', 0, 200, { operations: 2e9, cardMiB: 700 }),
  measurement('pytorch-tf32', 0, 99),
  measurement('pytorch-compile', 0, 100, { cardMiB: 400 }),
  measurement('ft-bf16', 1, 60, { operations: 2e9, cardMiB: 800 }),
  measurement('pytorch-compile', 1, 40, { cardMiB: 500 }),
  measurement('ft-bf16', 2, 150, { operations: 2e9, cardMiB: 750 }),
  measurement('pytorch-compile', 2, 120, { cardMiB: 450 }),
];

describe('the arithmetic of a step', () => {
  const network = smallNetwork();
  const adds = multiplyAdds(network, 32);
  const of = (...names: string[]) => names.reduce((sum, name) => sum + (adds.get(name) as number), 0);
  const head = network.features * 5;
  const operations = (until: string) =>
    stepOperations(
      network,
      planPhase(
        network,
        denseHead(network.features, 5),
        'classification',
        {
          freeze: { until },
          batchNorm: 'frozen',
          rate: 1,
          newLayers: 1,
          decay: 1,
          multipliers: [],
          optimizer: { weightDecay: 0 },
        },
        32,
      ),
      32,
    );

  it('is forward, kernels and inputs, without the gradient of the images', () => {
    const rest = of('conv2_a', 'conv3_dw', 'conv3_proj', 'conv3_b') + head;
    expect(operations('none')).toBe(2 * (2 * of('conv1') + 3 * rest));
  });

  it('is forward alone below what is frozen', () => {
    // What moves at the lowest place needs no gradient of its input.
    const lowest = of('conv3_dw');
    const above = of('conv3_proj', 'conv3_b') + head;
    expect(operations('conv2')).toBe(2 * (of('conv1', 'conv2_a') + 2 * lowest + 3 * above));
    expect(operations('conv3')).toBe(2 * (of('conv1', 'conv2_a', 'conv3_dw', 'conv3_proj', 'conv3_b') + 2 * head));
  });
});

describe('the tables of a card', () => {
  it('compare the fastest way of each, round by round', () => {
    expect(bestRatio(measured)).toEqual({ median: 1.5, min: 1.25, max: 2, ft: 'ft-bf16', pytorch: 'pytorch-compile' });
    expect(bestRatio(measured.filter(({ way }) => way.startsWith('ft')))).toBeNull();
  });

  it('have speed with its spread, the share of the peak and memory, and say what is missing', () => {
    const [speed, share, memory, foot] = gpuSection([thin, CASES[1] as GpuCase], measured, 10, 'foot.').split('\n\n');
    expect(speed?.split('\n').at(-1)).toBe(
      '| resnet50-thin, nothing | 90.0 | 150 (60.0–200) | – | – | 99.0 | – | 100 (40.0–120) | – | **1.50** (1.25–2.00) | ft bf16 ÷ torch.compile |',
    );
    // 150 images/s × 2 GFLOP of 10 TFLOP/s.
    expect(share?.split('\n').at(-1)).toBe('| resnet50-thin, nothing | 1.8 | 3.0 | – | – | 2.0 | – | 2.0 | – |');
    expect(memory?.split('\n').at(-1)).toBe('| resnet50-thin, nothing | 900 | 800 | – | – | – | – | 500 | – |');
    expect(foot).toBe('foot. Not measured yet: resnet50-thin, until conv3.');
  });

  it('have a place in docs/gpu.md', () => {
    const document = readFileSync(new URL('../../../docs/gpu.md', import.meta.url), 'utf8');
    expect(replaceSection(document, 'bench-gpu', 'new')).toContain('<!-- measured: bench-gpu -->\nnew\n<!-- end -->');
  });

  it('take memory above what the card held before, from what nvidia-smi writes', () => {
    expect([aboveTheFirst('4\n520\n519\n'), aboveTheFirst('[N/A]\n'), aboveTheFirst('')]).toEqual([516, null, null]);
  });
});

describe('the memory of a card', () => {
  it('is watched while the work goes on, and by nobody where there is no nvidia-smi', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ft-smi-'));
    const path = process.env.PATH;
    try {
      const lines = ['3', '700', '500'].map((line) => `echo ${line}`).join('\n');
      writeFileSync(join(folder, 'nvidia-smi'), `#!/bin/sh\n${lines}\nexec sleep 60\n`, { mode: 0o755 });
      process.env.PATH = `${folder}:${path}`;
      const card = { uuid: 'GPU-1' } as Card;
      const work = () => new Promise<string>((resolve) => setTimeout(() => resolve('done'), 300));
      expect(await watchingMemory(card, work)).toEqual({ made: 'done', mebibytes: 697 });
      process.env.PATH = folder;
      rmSync(join(folder, 'nvidia-smi'));
      expect(await watchingMemory(card, work)).toEqual({ made: 'done', mebibytes: null });
    } finally {
      process.env.PATH = path;
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('a benchmark that was stopped', () => {
  it('goes on with what is left, on the same machine alone', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ft-state-'));
    try {
      const file = join(folder, 'a/state.jsonl');
      const ways = ['ft-bf16', 'pytorch-tf32'] as const;
      const first = openState(file, 'card A');
      expect(leftOf(thin, { rounds: 2, ways }, first).map(({ way, round }) => `${way} ${round}`)).toEqual([
        'ft-bf16 0',
        'pytorch-tf32 0',
        'pytorch-tf32 1',
        'ft-bf16 1',
      ]);
      first.add(measurement('ft-bf16', 0, 7));
      first.add(measurement('pytorch-tf32', 1, 8));
      appendFileSync(file, '{"key":"cut o');
      const again = openState(file, 'card A');
      expect(again.measured).toEqual(first.measured);
      expect(leftOf(thin, { rounds: 2, ways }, again)).toEqual([
        { way: 'pytorch-tf32', round: 0 },
        { way: 'ft-bf16', round: 1 },
      ]);
      expect(leftOf(CASES[1] as GpuCase, { rounds: 1, ways }, again)).toHaveLength(2);
      expect(openState(file, 'card B').measured).toEqual([]);
      expect(openState(file, 'card A').measured).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('a machine without a card', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('run.ts', import.meta.url)), ...args], {
      encoding: 'utf8',
      // No nvidia-smi is found there.
      env: { ...process.env, PATH: '/nonexistent' },
    });

  it('is told so, with what can be done', () => {
    const { status, stderr } = run();
    expect(status).toBe(2);
    expect(stderr).toMatch(/^bench-gpu: make bench-gpu: there is no card to measure: /);
    expect(stderr).toContain('  do this:  ');
  });

  it('measures nothing on its processor', () => {
    const { status, stderr } = run('--device', 'cpu');
    expect(status).toBe(2);
    expect(stderr).toContain('do this:  --device cpu --tiny');
  });
});
