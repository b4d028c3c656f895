import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ft } from '../cli/terminal.js';
import { ftChild, signalWhen } from './children.js';
import { outcome, readJson, readLines, setting, sharedFolder, TINY } from './runs.js';

/** Without validation classes the last weights count, so every step does. */
const KEYS = setting(...TINY, 'data.validation=0', 'classification.epochs=10', 'triplet.epochs=10');
const folder = sharedFolder();
const namesIn = (runs: string) => (existsSync(join(folder, runs)) ? readdirSync(join(folder, runs)) : []);
const found = (runs: string, ending: RegExp) => namesIn(runs).find((name) => ending.test(name));
const logged = (runs: string, seed: number) => {
  const run = found(runs, new RegExp(`-seed-${seed}$`));
  return run === undefined ? 0 : readLines(folder, runs, run, 'metrics.jsonl').length;
};

it('a series that is stopped by Ctrl-C in one run and killed in the next goes on each time, to the weights of one never stopped', async () => {
  const whole = await ft(['train', 'smoke', ...KEYS, '--seeds', '2', '--runs', 'whole'], { folder });
  expect([whole.code, whole.err]).toEqual([0, expect.anything()]);

  const first = await signalWhen(
    ftChild(['train', 'smoke', ...KEYS, '--seeds', '2'], folder),
    'SIGINT',
    () => logged('runs', 0) >= 3,
  );
  const series = `runs/${found('runs', /-seeds$/)}`;
  expect(first.code).toBe(130);
  expect(first.err).toContain(`\ngo on with: ft train --resume ${series}\n`);
  expect(first.out).toBe('');
  expect(readJson(folder, series, 'series.json').runs[1]).toEqual({ seed: 1, run: null });

  const second = await signalWhen(ftChild(['train', '--resume', series], folder), 'SIGKILL', () => logged('runs', 1) >= 12);
  expect(second.signal).toBe('SIGKILL');
  const refused = await ft(['compare', series, series], { folder });
  expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('this series has not come to its end')]);

  const third = await ftChild(['train', '--resume', series], folder).ended;
  expect([third.code, third.err]).toEqual([0, expect.not.stringContaining('seed 0, run 1')]);
  for (const seed of [0, 1]) {
    const ending = new RegExp(`-seed-${seed}$`);
    expect(outcome(join(folder, 'runs', found('runs', ending) as string)), `seed ${seed}`).toEqual(
      outcome(join(folder, 'whole', found('whole', ending) as string)),
    );
  }
  const same = await ft(['compare', series, `whole/${found('whole', /-seeds$/)}`], { folder });
  expect([same.code, same.out]).toEqual([0, expect.stringContaining('by the compared alone: 0; by the reference alone: 0')]);
});
