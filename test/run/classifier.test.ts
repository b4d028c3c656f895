/** A split within classes makes a classifier: its scores, what it said of each image, what chose its epoch, and its export. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeImage } from '../../src/data/decode.js';
import { sharp } from '../../src/data/image-library.js';
import { LoadedSavedModel } from '../../src/export/savedmodel.js';
import { silent } from '../../src/progress.js';
import { CURVE_RATES } from '../../src/run/calibrated.js';
import { embedFiles } from '../../src/run/embed-queries.js';
import { openFinishedRun } from '../../src/run/finished.js';
import { openRunServed } from '../../src/run/serving/open-run.js';
import { ft } from '../cli/terminal.js';
import { put } from '../data/images.js';
import { onlyRun, readJson, readLines, setting, sharedFolder, TINY } from './runs.js';

const folder = sharedFolder();
const CLASSES = ['blue', 'green', 'red'];
const SIDE = 32;

/** Plates of a colour that a tiny network tells apart, each a little different; of the size that the network sees. */
async function putPlates(): Promise<void> {
  for (const [number, name] of CLASSES.entries())
    for (let image = 0; image < 12; image++) {
      const raw = Uint8Array.from(
        { length: SIDE * SIDE * 3 },
        (_, at) => (2 - (at % 3) === number ? 150 : 40) + ((at * (7 + image) + 13 * image * image) % 60),
      );
      const png = await sharp(raw, { raw: { width: SIDE, height: SIDE, channels: 3 } })
        .png()
        .toBuffer();
      await put(join(folder, 'plates'), `${name}/${image}.png`, png);
    }
}

describe('a classifier of one’s own classes', () => {
  let run: string;
  let out: string;

  beforeAll(async () => {
    await putPlates();
    const keys = ['data.classes=null', 'data.split=image', 'data.share=0.34', 'data.validation=0.25', 'triplet=null'];
    const more = [
      'head.dimensions=4',
      'classification.epochs=6',
      'classification.newLayers=10',
      'classification.rate=1e-2',
      'classification.batch=6',
    ];
    const outcome = await ft(['train', 'smoke', ...setting(...TINY, ...keys, ...more), '--data', 'plates'], { folder });
    expect(outcome.err).toContain('validation accuracy');
    expect(outcome.code).toBe(0);
    ({ out } = outcome);
    run = onlyRun(join(folder, 'runs'));
  });

  it('is scored on images that did not train: every figure is that of the answers it kept', () => {
    const { classifier } = readJson(run, 'scores.json');
    const { rows, named, right } = readJson(run, 'evaluation/classifier.json');
    const heldOut = readLines(run, 'evaluation/held-out.jsonl');
    expect(heldOut).toHaveLength(12);
    expect(rows).toEqual(heldOut.map((_, at) => at));
    const truth = heldOut.map((image) => image.class);
    expect(right).toEqual(truth.map((name, at) => name === named[at]));
    expect(classifier.top_1).toBeCloseTo(right.filter(Boolean).length / 12, 12);
    const counts = CLASSES.map((a) => CLASSES.map((b) => truth.filter((name, at) => name === a && named[at] === b).length));
    expect(classifier).toMatchObject({ images: 12, left_out: 0, classes: CLASSES, confusion: counts, top_5: null });
    expect(out).toContain(`top-1 ${classifier.top_1.toFixed(3)} [`);
    // Whether training taught it anything: chance is a third.
    expect(classifier.top_1).toBeGreaterThan(0.7);
  });

  it('took the epoch with the best accuracy on the validation images', () => {
    const epochs = readLines(run, 'metrics.jsonl');
    expect(epochs.map(({ measure }) => measure)).toEqual(epochs.map(() => 'accuracy'));
    const { best } = readJson(run, 'journal.json').phases.classification;
    const values = epochs.map(({ validation }) => validation as number);
    expect(best).toEqual({ epoch: 1 + values.indexOf(Math.max(...values)), validation: Math.max(...values) });
  });

  it('is exported with its labels, and gives the same answers to the pictures themselves', async () => {
    const labels = readJson(run, 'export/classifier/labels.json');
    expect(labels).toEqual(CLASSES);
    const heldOut = readLines(run, 'evaluation/held-out.jsonl');
    const pixels = await Promise.all(heldOut.map(({ path }) => sharp(readFileSync(path)).removeAlpha().raw().toBuffer()));
    const model = new LoadedSavedModel(join(run, 'export/classifier'), 'probabilities');
    try {
      const found = model.run(Uint8Array.from(Buffer.concat(pixels)), [SIDE, SIDE]);
      const rows = pixels.map((_, at) => [...found.subarray(at * labels.length, (at + 1) * labels.length)]);
      for (const row of rows) expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
      const named = rows.map((row) => labels[row.indexOf(Math.max(...row))]);
      expect(named).toEqual(readJson(run, 'evaluation/classifier.json').named);
    } finally {
      model.close();
    }
  });

  it('is served, whole batches and parts of them, as it is exported', async () => {
    const opening = { argument: run, folder, name: null, gallery: null, largest: 4, precision: 'fp32' } as const;
    const opened = await openRunServed(opening, silent);
    expect(opened.model).toMatchObject({ name: 'smoke', classes: CLASSES, side: SIDE });
    expect(opened.model.thresholds.map(({ asked }) => asked)).toEqual([...CURVE_RATES].sort((a, b) => b - a));
    const heldOut = readLines(run, 'evaluation/held-out.jsonl').slice(0, 4);
    const paths = heldOut.map(({ path }) => path as string);
    const pixels = await Promise.all(paths.map((path) => decodeImage(path, SIDE)));
    const model = new LoadedSavedModel(join(run, 'export/classifier'), 'probabilities');
    const expected = model.run(Uint8Array.from(Buffer.concat(pixels)), [SIDE, SIDE]);
    model.close();
    const { values, dimensions } = await embedFiles((await openFinishedRun(run, folder, silent)).model, paths);
    for (const count of [1, 2, 3, 4]) {
      const { embeddings, probabilities } = await opened.compute(Uint8Array.from(Buffer.concat(pixels.slice(0, count))), count);
      expect(embeddings).toHaveLength(count * dimensions);
      embeddings.forEach((value, at) => expect(value).toBeCloseTo(values[at] as number, 5));
      expect(probabilities).toHaveLength(count * CLASSES.length);
      probabilities?.forEach((value, at) => expect(value).toBeCloseTo(expected[at] as number, 4));
    }
  });

  it('is compared with itself image by image', async () => {
    const { out: said } = await ft(['compare', run, run], { folder });
    expect(said).toMatch(/top-1 +[01]\.\d{3} +[01]\.\d{3} +\+0\.000 \[\+0\.000, \+0\.000\]/);
    expect(said).toContain('named right by the compared alone: 0; by the reference alone: 0');
  });
});
