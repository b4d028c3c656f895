import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { pythonOf } from '../../verify/python.js';

const DOCUMENT = new URL('../../../docs/gpu.md', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'ft-bench-gpu-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The benchmark of a card on the processor, in its smallest sizes. */
function tiny(...args: string[]) {
  const script = fileURLToPath(new URL('run.ts', import.meta.url));
  const common = ['--device', 'cpu', '--tiny', '--python', pythonOf('bench'), '--state', join(folder, 'state.jsonl')];
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', script, ...common, ...args], {
    encoding: 'utf8',
  });
  const rows = stdout.split('\n').filter((line) => line.startsWith('| '));
  return {
    status,
    stderr,
    cells: rows.map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, -1),
    ),
  };
}

describe('the benchmark of a card, on the processor', () => {
  const before = readFileSync(DOCUMENT, 'utf8');

  it('gives the same losses in every way, compiled ones too, and a figure for each', () => {
    const { status, stderr, cells } = tiny('--kinds', 'steps');
    expect(stderr).toMatch(/ft and pytorch-tf32: the losses of 5 steps differ by \d\.\de-[5-9] at most/);
    for (const way of ['ft-bf16', 'ft-xla', 'ft-loop', 'pytorch-bf16', 'pytorch-compile', 'pytorch-graphs'])
      expect(stderr).toContain(`resnet50-thin, ft and ${way}: the losses of 5 steps differ`);
    expect(status).toBe(0);
    const [, , speed] = cells;
    expect(speed?.[0]).toBe('resnet50-thin, nothing; batch 8, 64 px');
    for (const cell of speed?.slice(1, 9) ?? []) expect(Number(cell)).toBeGreaterThan(0);
    expect(speed?.[9]).toMatch(/^\*\*\d+\.\d\d\*\* \(/);
  });

  it('goes on from there: what was measured is not measured again, phases come to it', () => {
    const { status, stderr, cells } = tiny('--ways', 'ft-tf32,ft-bf16,pytorch-tf32,pytorch-bf16');
    expect(status).toBe(0);
    expect(stderr).not.toContain('the losses of 5 steps');
    const speeds = cells.slice(2, 4);
    expect(speeds.map(([title]) => title)).toEqual([
      'resnet50-thin, nothing; batch 8, 64 px',
      'phase of resnet50-thin, until conv4',
    ]);
    expect(speeds[1]?.slice(1, 9).map((cell) => Number(cell) > 0)).toEqual([true, true, false, false, true, true, false, false]);
    // The file holds what was measured once and no more: eight ways of the step, four of the phase, and the first line.
    expect(readFileSync(join(folder, 'state.jsonl'), 'utf8').trim().split('\n')).toHaveLength(13);
    expect(readFileSync(DOCUMENT, 'utf8')).toBe(before);
  });
});
