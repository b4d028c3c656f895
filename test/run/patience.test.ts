import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ft } from '../cli/terminal.js';
import { putTree } from '../data/images.js';
import { onlyRun, readJson, readLines, setting, sharedFolder, TINY, trainParts } from './runs.js';

const root = sharedFolder();
/** Rates so small that no epoch is better than the first: the phase has to end when its patience does. */
const KEYS = [...TINY, 'triplet=null', 'classification.epochs=9', 'classification.rate=1e-12', 'classification.evaluateEvery=0'];

describe('a phase with patience', () => {
  let run: string;

  beforeAll(async () => {
    run = (await trainParts(join(root, 'whole'), [...KEYS, 'classification.patience=2'])).path;
  });

  it('ends after as many epochs without a better validation figure, and keeps the best', () => {
    expect(readLines(run, 'metrics.jsonl').map(({ epoch, best_so_far }) => [epoch, best_so_far])).toEqual([
      [1, true],
      [2, false],
      [3, false],
    ]);
    const { best, early } = readJson(run, 'journal.json').phases.classification;
    expect(best.epoch).toBe(1);
    expect(early).toMatch(/^ended after epoch 3 of 9: no better validation figure for 2 epochs \(best: epoch 1, \d\.\d{3}\)$/);
  });

  it('ends there too where it was killed after its last epoch', async () => {
    const folder = join(root, 'killed');
    const keys = [...KEYS, 'classification.patience=2'];
    // The programs run until the third epoch is judged and saved are those of the whole run; the next one is killed.
    let killed = 15;
    for (; killed < 200; killed++) {
      const done = await trainParts(join(folder, String(killed)), keys, { killed }).then(
        () => true,
        () => false,
      );
      if (done) break;
      const path = onlyRun(join(folder, String(killed)));
      if (readLines(path, 'metrics.jsonl').length < 3) continue;
      const { path: resumed } = await trainParts(join(folder, String(killed)), keys, { resume: path });
      expect(readLines(resumed, 'metrics.jsonl')).toHaveLength(3);
      expect(readJson(resumed, 'journal.json').phases.classification.early).toContain('ended after epoch 3 of 9');
      const weights = (path: string) => readFileSync(join(path, 'model.safetensors'));
      expect(weights(resumed).equals(weights(run))).toBe(true);
      return;
    }
    throw new Error('no kill came behind the third epoch');
  });

  it('is refused where nothing is kept for choosing', async () => {
    const { code, err } = await ft(['train', 'smoke', ...setting(...KEYS, 'classification.patience=2', 'data.validation=0')], {
      folder: join(root),
    });
    expect(code).toBe(2);
    expect(err).toContain('classification.patience: without validation images nothing says whether an epoch is better');
    expect(err).toContain('--set classification.patience=null');
  });

  it('is refused where each validation image is the only one of its class', async () => {
    await putTree(join(root, 'photos'), ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'], 2, 24);
    await putTree(join(root, 'photos'), ['v', 'w'], 1, 24);
    const rows = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].flatMap((name) => {
      const part = name < 'e' ? 'train' : 'test';
      return [0, 1].map((image) => `photos/${name}/${image}.png,${name},${part}`);
    });
    writeFileSync(
      join(root, 'table.csv'),
      ['file,class,split', ...rows, 'photos/v/0.png,v,val', 'photos/w/0.png,w,val'].join('\n'),
    );
    const keys = [...KEYS, 'data.classes=null', 'data.split=manifest', 'head.dimensions=4', 'classification.patience=2'];
    const { code, err } = await ft(['train', 'smoke', ...setting(...keys), '--data', 'table.csv'], { folder: root });
    expect(err).toContain('classification.patience: without validation classes of two images or more nothing says whether');
    expect(err).toContain('2, 2 validation images, each the only one of its class');
    expect(code).toBe(2);
  });
});
