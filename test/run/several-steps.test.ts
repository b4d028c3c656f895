/** A run that takes several steps a call is the run that takes one, also where it was stopped or killed between. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { onlyRun, outcome, readLines, type Sitting, sharedFolder, TINY, trainParts } from './runs.js';

const root = sharedFolder();
const KEYS = [...TINY, 'classification.batch=4', 'classification.epochs=2', 'triplet.epochs=2'];

/** In as many sittings as it takes. */
async function train(name: string, stepsPerCall: number, sittings: readonly Sitting[] = []) {
  const keys = [...KEYS, `stepsPerCall=${stepsPerCall}`];
  const ends: string[] = [];
  let resume: string | undefined;
  for (const sitting of [...sittings, {}]) {
    try {
      await trainParts(join(root, name), keys, { ...sitting, ...(resume === undefined ? {} : { resume }) });
    } catch (error) {
      ends.push((error as Error).message);
    }
    resume = onlyRun(join(root, name));
  }
  const path = resume as string;
  const epochs = readLines(path, 'metrics.jsonl').map(({ images_per_second, waiting, ...rest }) => rest);
  return { result: { ...outcome(path), epochs }, ends };
}

describe('a run of several steps a call', () => {
  it('is the run of one a call, to the last bit, in many sittings', async () => {
    const { result } = await train('one', 1);
    const parts = await train('parts', 3, [{ allowed: 3 }, { killed: 6, saveEvery: 0 }, { allowed: 7 }]);
    expect(parts.ends).toHaveLength(3);
    // Of four steps an epoch, the first call does three.
    expect(parts.ends.join('\n')).toMatch(/classification phase, epoch \d of 2, after step 3 of \d/);
    expect(parts.result).toEqual(result);
  });
});
