import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCheckpointMeta } from '../../src/runtime/checkpoint.js';
import { ft } from '../cli/terminal.js';
import { ftChild, waitUntil } from './children.js';
import { onlyRun, readJson, readLines, setting, sharedFolder, TINY, trainParts } from './runs.js';

const root = sharedFolder();
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
    await waitUntil(child, begun);
    const second = await ft(['train', '--resume', 'runs/latest'], { folder });
    child.process.kill('SIGKILL');
    await child.ended;
    expect(second.code).toBe(2);
    expect(second.err).toContain('this run is being trained already');
  });
});
