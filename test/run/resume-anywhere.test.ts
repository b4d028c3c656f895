import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomStream } from '../../src/data/random.js';
import { readCheckpointMeta } from '../../src/runtime/checkpoint.js';
import { ft } from '../cli/terminal.js';
import { putTree } from '../data/images.js';
import { ftChild } from './children.js';
import { onlyRun, outcome, readJson, readLines, setting, sharedFolder, TINY, trainParts } from './runs.js';

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

describe('a phase that collapses', () => {
  const DOOMED = [...TINY, 'triplet=null', 'classification.rate=1', 'classification.epochs=2'];
  const epochsOf = (run: string) => readLines(run, 'metrics.jsonl').map(({ epoch, rate }) => [epoch, rate]);

  it('is begun anew with a tenth of the rate, as if that had been asked for', async () => {
    const folder = join(root, 'doomed');
    const { path } = await trainParts(folder, [...DOOMED, 'classification.onCollapse=restart-smaller']);
    const { path: asked } = await trainParts(join(root, 'asked'), [...DOOMED, 'classification.rate=0.1']);
    const bytes = (run: string) => readFileSync(join(run, 'checkpoints/classification.safetensors')).toString('base64');
    expect(bytes(path)).toBe(bytes(asked));
    expect(epochsOf(path)).toEqual(epochsOf(asked));
    expect(readJson(path, 'journal.json').phases.classification.restarts).toMatchObject([
      { answer: 'restart-smaller', epoch: 1, step: 2 },
    ]);
    expect(readJson(asked, 'journal.json').phases.classification.restarts).toEqual([]);
  });

  it('does not collapse a second time where a kill came after it was begun anew', async () => {
    const folder = join(root, 'doomed-killed');
    const keys = [...DOOMED, 'classification.onCollapse=restart-smaller'];
    // 3 for the scores, 2 steps, the validation, held-out and some training images: killed in the first step after the collapse.
    await expect(trainParts(folder, keys, { killed: 8 })).rejects.toThrow('killed');
    const last = join(onlyRun(folder), 'checkpoints/last.safetensors');
    expect(await readCheckpointMeta(last)).toMatchObject({ position: { step: 0 }, restarts: [{ answer: 'restart-smaller' }] });
    const { path } = await trainParts(folder, keys, { resume: onlyRun(folder) });
    const bytes = (run: string) => readFileSync(join(run, 'checkpoints/classification.safetensors')).toString('base64');
    expect(bytes(path)).toBe(bytes(onlyRun(join(root, 'doomed'))));
  });

  it('ends with words and 2 where the recipe says stop', async () => {
    const { code, err } = await ft(['train', 'smoke', ...setting(...DOOMED), '--runs', 'stopped'], { folder: root });
    expect(code).toBe(2);
    expect(err).toContain(
      'the classification phase, epoch 1, step 2 of the phase: the classification phase has collapsed: the embeddings of all images lie on one line (effective rank 1.0',
    );
    expect(err).toContain('--set classification.rate=0.1');
  });

  it('of triplets whose head is all 0 is found within the first epoch, and batch-easy is tried once', async () => {
    const folder = join(root, 'zeros');
    const keys = [...TINY, 'classification=null', 'data.validation=0', 'head.init=random', 'head.refit=none'];
    await expect(trainParts(folder, keys, { killed: 3 })).rejects.toThrow('killed');
    const head = join(onlyRun(folder), 'checkpoints/triplet-start-head.safetensors');
    const bytes = readFileSync(head);
    writeFileSync(head, bytes.fill(0, 8 + Number(bytes.readBigUInt64LE(0))));
    const failed = await trainParts(folder, [...keys, 'triplet.onCollapse=batch-easy'], { resume: onlyRun(folder) }).catch(
      (error: Error) => error.message,
    );
    expect(failed).toContain(
      'the triplet phase has collapsed, after batch-easy too: all images get the same embedding (mean d(a,n) 0',
    );
    expect(failed).toContain('epoch 1, step 4 of the phase');
  });
});

describe('numbers that are not finite', () => {
  it('end the run with 2 at the step they appear, and name the place', async () => {
    const { code, err } = await ft(
      [
        'train',
        'smoke',
        ...setting(...TINY, 'triplet=null', 'classification.rate=1', 'classification.newLayers=1.0e38'),
        '--runs',
        'nan',
      ],
      { folder: root },
    );
    expect(code).toBe(2);
    expect(err).toContain(
      "the classification phase, epoch 1, step 2 of the phase: training has diverged: the loss is not finite, while the output of every layer below layer 'head' (head) is\n  expected: finite numbers\n  found:    1 NaN of 1 number; loss NaN; the step was not applied\n  do this:  lower the rate, e.g. --set classification.rate=0.1, or --set classification.clipNorm=1\n",
    );
  });
});

describe('a run that is being trained', () => {
  it('cannot be gone on with at the same time', async () => {
    const folder = join(root, 'both');
    mkdirSync(folder);
    const long = [...TINY, 'classification.epochs=200', 'triplet=null'];
    const child = ftChild(['train', 'smoke', ...setting(...long)], folder);
    const runs = join(folder, 'runs');
    const begun = () =>
      readdirSync(folder).includes('runs') &&
      readdirSync(runs).includes('latest') &&
      readLines(join(runs, 'latest'), 'metrics.jsonl').length > 0;
    while (!begun()) await new Promise((resolve) => setTimeout(resolve, 20));
    const second = await ft(['train', '--resume', 'runs/latest'], { folder });
    child.process.kill('SIGKILL');
    await child.ended;
    expect(second.code).toBe(2);
    expect(second.err).toContain('this run is being trained already');
  });
});
