/** Longer than the ordinary tests of resuming (resume.test.ts): `make faults`. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomStream } from '../../src/data/random.js';
import { readCheckpointMeta } from '../../src/runtime/checkpoint.js';
import { putTree } from '../data/images.js';
import { onlyRun, outcome, readLines, sharedFolder, TINY, trainParts } from './runs.js';

const root = sharedFolder();
/** Everything that a step draws at random is on, and all that a phase carries from epoch to epoch: averages, slots, what thaws when. */
const KEYS = [
  ...TINY,
  'data.source=folder',
  `data.folder=${join(root, 'photos')}`,
  'data.classes=null',
  'head.init=random',
  'head.dimensions=4',
  'classification.epochs=2',
  'classification.batch=4',
  'classification.dropout=0.3',
  'classification.mix={ mixup: 0.4, cutmix: 1 }',
  'classification.thaw=[{ epoch: 2, until: conv1 }]',
  'classification.ema=0.9',
  'classification.optimizer={ name: adam }',
  'classification.rate=1e-4',
  'triplet.epochs=2',
  'triplet.classesPerBatch=2',
  'triplet.ema=0.8',
  'triplet.patience=5',
];

/** In how many sittings, killed after so many moments each, the run came to its end; with other workers in each of them. */
async function inSittings(folder: string, saveEvery: number, next: () => number): Promise<{ path: string; sittings: number }> {
  let resume: { resume?: string } = {};
  for (let sittings = 1; ; sittings++) {
    const killed = next();
    const keys = [...KEYS, `data.workers=${[0, 2, 1][sittings % 3]}`];
    const done = await trainParts(folder, keys, { ...resume, killed, saveEvery, dropPixels: sittings % 2 === 0 }).catch(
      (error: Error) => {
        expect(error.message).toBe('killed');
      },
    );
    resume = { resume: onlyRun(folder) };
    if (done !== undefined) return { path: done.path, sittings };
  }
}

describe('a run that is killed again and again goes on to the same bytes', () => {
  let whole: string;

  beforeAll(async () => {
    await putTree(join(root, 'photos'), ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'], 4, 16);
    whole = (await trainParts(join(root, 'whole'), [...KEYS, 'data.workers=0'])).path;
  });

  it('from checkpoints after each step, with other workers and the cached pixels gone in between', async () => {
    const random = randomStream(5, 'derive');
    // What lies between two checkpoints at most: the scores of a stage.
    const { path, sittings } = await inSittings(join(root, 'steps'), 0, () => 4 + Math.floor(5 * random.uniform()));
    expect(sittings).toBeGreaterThan(4);
    expect(outcome(path)).toEqual(outcome(whole));
  });

  it('from the last epoch, where no time for a checkpoint inside it came', async () => {
    const { path } = await inSittings(join(root, 'epochs'), Number.POSITIVE_INFINITY, () => 9);
    expect(outcome(path)).toEqual(outcome(whole));
    expect(readLines(path, 'metrics.jsonl').map(({ phase, epoch }) => `${phase} ${epoch}`)).toEqual([
      'classification 1',
      'classification 2',
      'triplet 1',
      'triplet 2',
    ]);
  });

  it('and a kill in the middle of an epoch costs the steps since the last checkpoint alone', async () => {
    const folder = join(root, 'middle');
    // Three calls for the scores before training, one for each of the epoch's two steps; the next is killed while it is evaluated.
    await expect(trainParts(folder, KEYS, { killed: 5, saveEvery: 0 })).rejects.toThrow('killed');
    const last = join(onlyRun(folder), 'checkpoints/last.safetensors');
    const { position } = await readCheckpointMeta<{ position: { epoch: number; stepOfEpoch: number; step: number } }>(last);
    expect(position).toMatchObject({ epoch: 0, stepOfEpoch: 2, step: 2 });
  });
});
