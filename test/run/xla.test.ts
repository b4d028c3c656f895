import { expect, it } from 'vitest';
import { silent } from '../../src/progress.js';
import { sayCompiling } from '../../src/run/xla-words.js';
import { sharedFolder, TINY, trainParts } from './runs.js';

const root = sharedFolder();
const BEFORE = 'classification: XLA compiles the step; this takes up to minutes, once a phase';

it('says how long XLA compiled after the first step alone', () => {
  const lines: string[] = [];
  let clock = 5_000;
  const stepped = sayCompiling('classification', { ...silent, line: (line) => lines.push(line) }, () => clock);
  expect(lines).toEqual([BEFORE]);
  clock += 41_400;
  stepped();
  clock += 1_000;
  stepped();
  expect(lines).toEqual([BEFORE, 'classification: XLA compiled the step: 41 s to the end of the first one']);
});

it('a run says so where XLA compiles its step, before the first epoch ends, and not otherwise', async () => {
  const lines = async (xla: boolean) => {
    const said: string[] = [];
    const keys = [...TINY, 'triplet=null', 'head.refit=none', 'classification.epochs=2', `xla=${xla}`];
    await trainParts(root, keys, { said: (line) => said.push(line) });
    return said.filter((line) => /XLA|^classification \d/.test(line)).map((line) => line.replace(/: loss.*|: \d+ s .*/, ''));
  };
  expect(await lines(true)).toEqual([
    BEFORE,
    'classification: XLA compiled the step',
    'classification 1/2',
    'classification 2/2',
  ]);
  expect(await lines(false)).toEqual(['classification 1/2', 'classification 2/2']);
});
