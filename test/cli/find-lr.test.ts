import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { onlyRun, setting, sharedFolder, TINY } from '../run/runs.js';
import { ft } from './terminal.js';

const folder = sharedFolder();
const find = (...argv: string[]) => ft(['find-lr', 'smoke', ...setting(...TINY), ...argv], { folder });

interface Found {
  phase: string;
  sweep: { low: number; high: number; steps: number };
  groups: {
    group: string;
    parameters: number;
    curve: { rates: number[]; losses: number[] };
  }[];
}

describe('ft find-lr', () => {
  it('sweeps all that is trained and each stage alone from the same weights, and keeps nothing', async () => {
    const argv = ['--steps', '20', '--from', '1e-4', '--to', '10', '--json'];
    const { code, out } = await find(...argv);
    expect(code).toBe(0);
    const { groups, phase, sweep } = JSON.parse(out) as Found;
    expect([phase, sweep]).toEqual(['classification', { low: 1e-4, high: 10, steps: 20 }]);
    expect(groups.map(({ group }) => group)).toEqual(['all', 'conv3', 'head']);
    const [all, ...stages] = groups.map(({ parameters }) => parameters);
    expect(stages.reduce((sum, one) => sum + one, 0)).toBe(all);
    // The first step sees the same weights and images in each sweep.
    const first = groups[0]?.curve.losses[0] as number;
    for (const { curve } of groups) {
      expect(curve.losses[0]).toBeCloseTo(first, 5);
      expect(curve.rates[0]).toBe(1e-4);
    }
    // Still so at the second, whose weights the lowest rate has hardly moved; at the end they have gone their own ways.
    const later = (step: number) => groups.map(({ curve }) => curve.losses[step] as number);
    expect(Math.max(...later(1)) - Math.min(...later(1))).toBeLessThan(0.01);
    expect(Math.max(...later(9)) - Math.min(...later(9))).toBeGreaterThan(0.01);
    expect((await find(...argv)).out).toBe(out);
    expect(() => onlyRun(join(folder, 'runs'))).toThrow();
  });

  it('draws the curves where asked, and advises a rate of the range that it swept', async () => {
    const { code, out } = await find(
      '--phase',
      'triplet',
      '--steps',
      '20',
      '--from',
      '1e-4',
      '--to',
      '1',
      '--html',
      'rates.html',
    );
    expect(code).toBe(0);
    expect(out).toMatch(/\nall +[\d,]+ /);
    expect(out).toMatch(/For triplet\.rate try between|did not fall/);
    expect(out).toContain('curves: rates.html\n');
    expect(readFileSync(join(folder, 'rates.html'), 'utf8')).toContain('<svg');
  });

  it('names what is wrong with a sweep before it opens an image', async () => {
    const upsideDown = await find('--from', '1', '--to', '0.1');
    expect([upsideDown.code, upsideDown.err]).toEqual([2, expect.stringContaining('the lowest rate is not below the highest')]);
    const misspelt = await find('--phase', 'triplets');
    expect([misspelt.code, misspelt.err]).toEqual([2, expect.stringContaining("did you mean 'triplet'?")]);
    const absent = await find('--set', 'triplet=null', '--phase', 'triplet');
    expect([absent.code, absent.err]).toEqual([2, expect.stringContaining('the recipe has no triplet phase')]);
    expect((await find('--steps', '3')).code).toBe(2);
  });
});
