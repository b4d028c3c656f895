import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../src/runtime/checkpoint.js';
import { refuseCollapsed } from '../../src/train/features.js';
import { ft } from '../cli/terminal.js';
import { plain, put, putTree } from '../data/images.js';
import { onlyRun, readJson, readLines, setting, sharedFolder, TINY, trainParts } from './runs.js';

const folder = sharedFolder();
const rowsOf = (run: string) => Object.keys(readJson(run, 'scores.json')).filter((key) => !/^exported|^differences/.test(key));
const tensors = async (run: string, file: string) => (await readCheckpoint(join(run, file))).tensors;

let count = 0;
/** Trains through the command line in a folder of runs of its own. */
async function train(...argv: string[]) {
  const runs = `runs-${++count}`;
  const outcome = await ft(['train', ...argv, '--runs', runs], { folder });
  return { ...outcome, run: () => onlyRun(join(folder, runs)), runs: join(folder, runs) };
}
const tiny = (...keys: string[]) => train('smoke', ...setting(...TINY, ...keys));

describe('one phase alone', () => {
  it('classification runs to its end; its pooled features are exported where nothing is fitted', async () => {
    const { code, err, out, run } = await tiny('triplet=null', 'head.refit=none');
    expect([code, err]).toEqual([0, expect.stringContaining('classification 1/1: ')]);
    expect(rowsOf(run())).toEqual(['before', 'classification']);
    expect(Object.keys(readJson(run(), 'manifest.json').frozen)).toEqual(['classification']);
    expect(out).toContain('\n▸ ');
    const evaluated = await ft(['evaluate', run(), '--json'], { folder });
    const scores = readJson(run(), 'scores.json');
    expect(JSON.parse(evaluated.out)).toMatchObject({ dimensions: 256 });
    expect(JSON.parse(evaluated.out).scores.map_at_r).toBeCloseTo(scores[scores.exported].map_at_r, 6);
  });

  it('triplets run to their end, from a head fitted to the ImageNet features', async () => {
    const { code, err, run } = await tiny('classification=null', 'data.validation=0');
    expect([code, err]).toEqual([0, expect.stringContaining('triplet 1/1: ')]);
    expect(rowsOf(run())).toEqual(['before', 'before-whitened', 'triplet', 'triplet-whitened']);
    expect(readJson(run(), 'scores.json')).toMatchObject({
      exported: 'triplet-whitened',
      exported_because: 'the last phase: there are no validation classes to choose by',
    });
    // Without validation classes the head that triplets start from is the one of the row before it.
    const start = await tensors(run(), 'checkpoints/triplet-start-head.safetensors');
    expect(start).toEqual(await tensors(run(), 'checkpoints/before-whitened-head.safetensors'));
  });

  it('none at all still scores and exports the whitened ImageNet features', async () => {
    const { code, out, run } = await tiny('classification=null', 'triplet=null');
    expect(code).toBe(0);
    expect(rowsOf(run())).toEqual(['before', 'before-whitened']);
    expect(out).toContain('exported: before-whitened, ');
  });
});

describe('the head of the triplet phase', () => {
  it.each(['pca', 'random'])('starts by %s and is exported as it was trained where it is not fitted again', async (init) => {
    const { code, run } = await tiny(`head.init=${init}`, 'head.refit=none', 'data.validation=0');
    expect(code).toBe(0);
    expect(rowsOf(run())).toEqual(['before', 'classification', 'triplet']);
    expect(readJson(run(), 'scores.json').exported).toBe('triplet');
    const start = (await tensors(run(), 'checkpoints/triplet-start-head.safetensors'))['head/kernel'];
    const exported = (await tensors(run(), 'model-head.safetensors'))['head/kernel'];
    const trained = (await tensors(run(), 'checkpoints/triplet.safetensors'))['head/kernel'];
    expect(exported).toEqual(trained);
    expect(exported?.values).not.toEqual(start?.values);
    expect(exported?.shape).toEqual([256, 8]);
  });

  it('is refused where it is longer than what the images can span, before anything is trained', async () => {
    const { code, err, runs } = await tiny('head.dimensions=64');
    expect(code).toBe(2);
    expect(err).toContain('head.dimensions: the embedding has more dimensions than can be fitted to the training images');
    expect(err).toContain('expected: at most 15 (256 features, 16 training images)');
    expect(err).toContain('do this:  --set head.dimensions=8, or add images');
    expect(existsSync(runs)).toBe(false);
  });
});

describe('the eager engine', () => {
  it('gives the scores of the traced one', async () => {
    const keys = [...TINY, 'classification.epochs=2', 'head.init=random'];
    const [traced, eager] = [
      await trainParts(join(folder, 'traced'), keys),
      await trainParts(join(folder, 'eager'), [...keys, 'engine=eager']),
    ];
    expect(rowsOf(eager.path)).toEqual(rowsOf(traced.path));
    for (const [index, row] of traced.result.rows.entries()) {
      for (const metric of ['recall_at_1', 'recall_at_5', 'map_at_r', 'r_precision'] as const) {
        const difference = Math.abs(row.scores[metric] - (eager.result.rows[index]?.scores[metric] ?? Number.NaN));
        expect(difference, `${row.name} ${metric}`).toBeLessThan(1e-3);
      }
    }
    const losses = (run: string) => readLines(run, 'metrics.jsonl').map((line) => line.loss);
    losses(eager.path).forEach((loss, at) => {
      expect(loss / losses(traced.path)[at]).toBeCloseTo(1, 4);
    });
  });
});

describe('batchNorm: train', () => {
  const shared = fileURLToPath(new URL('../../../shared/pretrained/mobilenet_v1_1.0_224', import.meta.url));

  it.skipIf(!existsSync(shared))(
    'moves the statistics above the frozen part, and those alone (needs shared/pretrained)',
    async () => {
      const { code, err, run } = await tiny(
        'backbone={name: mobilenet-v1, upTo: conv_pw_4_relu, from: null}',
        `backbone.from=${shared}`,
        'classification.freeze={until: conv2}',
        'classification.batchNorm=train',
        'triplet=null',
        'head.dimensions=4',
      );
      expect([code, err]).toEqual([0, expect.stringContaining('classification 1/1: ')]);
      const proof = readJson(run(), 'manifest.json').frozen.classification;
      expect(proof.unchanged).toBe(true);
      const frozen = Object.keys(proof.variables);
      const weights = await tensors(run(), 'checkpoints/classification.safetensors');
      const { loadBackbone } = await import('../../src/backbones/registry.js');
      const { silent } = await import('../../src/progress.js');
      const { network } = await loadBackbone('mobilenet-v1', { progress: silent, upTo: 'conv_pw_4_relu', from: shared });
      const statistics = [...network.variables.values()].filter(({ role }) => role === 'mean' || role === 'variance');
      expect(statistics.filter(({ name }) => frozen.includes(name)).length).toBeGreaterThan(0);
      expect(statistics.filter(({ name }) => !frozen.includes(name)).length).toBeGreaterThan(0);
      for (const { name, values } of statistics) {
        const moved =
          Buffer.compare(Buffer.from(values.buffer, values.byteOffset, values.byteLength), bytesOf(weights[name]?.values)) !== 0;
        expect(moved, name).toBe(!frozen.includes(name));
      }
    },
  );
});

function bytesOf(values: Float32Array | Int32Array | undefined): Buffer {
  return values === undefined ? Buffer.alloc(0) : Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

describe("a person's own photos", () => {
  const own = [...setting(...TINY, 'data.classes=null', 'head.dimensions=4'), '--data', 'photos'];

  beforeAll(async () => {
    await putTree(join(folder, 'photos'), ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'], 3, 24);
    await putTree(join(folder, 'photos'), ['k', 'l'], 1, 24);
    await put(join(folder, 'photos'), 'a/broken.jpg', 'not a picture');
    await put(join(folder, 'photos'), 'b/raw.heic', 'x');
    await put(join(folder, 'photos'), 'loose.png', await plain('#123').png().toBuffer());
  });

  it('are trained on although some cannot be read and some classes have one image, and all of that is said', async () => {
    const { code, err, run } = await train('smoke', ...own);
    expect(err).toContain('photos: 32 images in 12 classes\nskipped 3 files that cannot be used:\n');
    expect(err).toContain('  a/broken.jpg: not an image, or of a kind that cannot be decoded here\n');
    expect(err).toContain('  b/raw.heic: .heic cannot be decoded here: convert it to JPEG or PNG\n');
    expect(err).toContain('  loose.png: lies in no class folder\n');
    expect(err).toContain('2 classes have one image only');
    expect(code).toBe(0);
    expect(readJson(run(), 'manifest.json').data).toMatchObject({ name: 'photos', images: 32, classes: 12, skipped: 3 });
    // Class l, held out, has one image: it asks nothing, and the others may find it.
    expect(readJson(run(), 'scores.json').before).toMatchObject({ queries: 15, left_out: 1 });
  });

  it('are looked at for copies before training: what leaks across the split is said, kept with the run and shown in its report', async () => {
    const classes = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    await putTree(join(folder, 'leaky'), classes, 2, 24);
    const copy = readFileSync(join(folder, 'leaky/a/0.png'));
    for (const name of classes) await put(join(folder, 'leaky'), `${name}/copy.png`, copy);
    const checked = setting('data.check=true', 'export.report=true', 'triplet=null');
    const { code, err, run } = await train('smoke', ...own.slice(0, -1), 'leaky', ...checked);
    expect(code).toBe(0);
    expect(err).toContain('1 set of equal files on two sides of the split (leakage): ft data check shows them\n');
    const [leak] = readJson(run(), 'findings.json').findings;
    expect(leak).toMatchObject({ kind: 'leakage', cases: [{ note: 'equal byte by byte, of different classes' }] });
    expect(leak.cases[0].images.map(({ file }: { file: string }) => file).sort()).toEqual(
      ['a/0.png', ...classes.map((name) => `${name}/copy.png`)].sort(),
    );
    expect(readFileSync(join(run(), 'report.html'), 'utf8')).toContain(
      'Of the images: 1 set of equal files on two sides of the split, so the scores are better than the model',
    );
  });

  it('are trained on in one smaller batch where there are fewer than a batch', async () => {
    const { code, run } = await train('smoke', ...own, ...setting('classification.batch=512', 'triplet=null'));
    expect(code).toBe(0);
    expect(readLines(run(), 'metrics.jsonl')).toMatchObject([{ phase: 'classification', steps: 1 }]);
  });

  it('choose nothing where each validation class has one image, and the run says so', async () => {
    await putTree(join(folder, 'sparse'), ['a', 'b', 'd', 'f', 'h'], 3, 24);
    await putTree(join(folder, 'sparse'), ['c', 'e', 'g'], 1, 24);
    await putTree(join(folder, 'sparse'), ['a'], 8, 24);
    const sparse = setting('data.validation=0.5', 'triplet.classesPerBatch=2');
    // With this seed, the two validation classes are two of those with one image.
    const { code, out, err, run } = await train('smoke', ...own.slice(0, -1), 'sparse', ...sparse, '--set', 'seed=1');
    expect([code, err]).toEqual([0, expect.stringContaining('triplet 1/1')]);
    expect(out).toContain('there are no validation classes to choose by');
    expect(readJson(run(), 'scores.json').exported).toBe('triplet-whitened');
  });

  it('stop the run at once where data.strict asks for it, and nothing is left', async () => {
    const { code, err, runs } = await train('smoke', ...own, '--set', 'data.strict=true');
    expect(code).toBe(2);
    expect(err).toContain('a/broken.jpg: cannot be used: not an image');
    expect(err).toContain('3 images cannot be used, and data.strict stops at them');
    expect(existsSync(runs)).toBe(false);
  });

  it('make smaller batches where a batch asks for more classes than there are, and the run says so', async () => {
    const { code, err, run } = await train('smoke', ...own, '--set', 'triplet.classesPerBatch=9');
    expect([code, err]).toEqual([0, expect.stringContaining('batches of 4 classes instead of 9 in the triplet phase')]);
    expect(readFileSync(join(run(), 'recipe.yaml'), 'utf8')).toContain('classesPerBatch: 9');
  });

  it('and a recipe that cannot work are refused before training, every fault at once', async () => {
    const impossible = setting('triplet.classesPerBatch=9', 'head.dimensions=500', 'data.side=32');
    const { code, err, runs } = await train('smoke', ...own, ...impossible);
    expect(code).toBe(2);
    expect(err).toContain('head.dimensions: the embedding has more dimensions than can be fitted to the training images');
    expect(existsSync(runs)).toBe(false);
  });

  it('are asked for by name', async () => {
    const missing = await train('smoke', ...own.slice(0, -1), 'phtos');
    expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('phtos: the folder of images does not exist')]);
    const unnamed = await train('folder', ...setting('backbone.upTo=block2_add', 'classification.freeze={until: conv2}'));
    expect([unnamed.code, unnamed.err]).toEqual([
      2,
      expect.stringContaining('data.folder: the recipe trains on your own photos'),
    ]);
  });
});

describe('a rate at which training diverges', () => {
  const high = ['classification.rate=100', 'data.validation=0', 'classification.evaluateEvery=0'];

  it('ends the run with words about where and what to do, and nothing is left half', async () => {
    const { code, out, err, run } = await tiny(...high, 'classification.epochs=8', 'classification.freeze={until: none}');
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(
      /the classification phase, epoch \d, step \d+ of the phase: training has diverged: the output of layer '\w+' \(\w+\) is the first that is not finite\n/,
    );
    expect(err).toMatch(/ {2}found: {4}\d+ (NaN|infinite) of \d+ numbers; loss \S+; the step was not applied\n/);
    expect(err).toContain('do this:  lower the rate, e.g. --set classification.rate=10, or --set classification.clipNorm=1');
    const files = readdirSync(run(), { recursive: true }).map(String);
    expect(files.filter((file) => /part-|export|model\.safetensors|scores\.json/.test(file))).toEqual([]);
    expect(readFileSync(join(run(), 'recipe.yaml'), 'utf8')).toContain('rate: 100');
  });

  it('is named too where the loss stayed finite and every image has the same features', () => {
    const features = (values: number[]) => ({ values: Float32Array.from(values), labels: Int32Array.of(0, 1, 2), dimensions: 2 });
    expect(() => refuseCollapsed(features([0, 3, 0, 3, 0, 3]), 'triplet')).toThrow(
      'triplet.rate: after the triplet phase the network gives the same features for every image: it has collapsed\n',
    );
    expect(() => refuseCollapsed(features([0, 3, 0, 3, 0, 2.9]), 'triplet')).not.toThrow();
  });
});
