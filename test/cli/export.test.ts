/** `ft export` in every format, as a person calls it. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { EXPORT_FORMATS } from '../../src/formats.js';
import { CURVE_RATES } from '../../src/run/calibrated.js';
import { type RecallLoss, refuseLoss } from '../../src/run/exports/recall-loss.js';
import type { Embedded } from '../../src/serve/api.js';
import { readNpy } from '../../src/vectors/npy.js';
import { sha256OfFile } from '../../src/weights/fetch/checksum.js';
import { readJson, setting, sharedFolder, TINY } from '../run/runs.js';
import { png } from '../serve/served.js';
import { ownEmbeddings, servedExport } from './served-export.js';
import { ft } from './terminal.js';

const folder = sharedFolder();
const here = (...argv: string[]) => ft(['export', ...argv], { folder });
const file = (...parts: string[]) => join(folder, ...parts);
let run: string;

/** The checksum of every file below a folder, hidden ones too. */
async function contentsOf(folder: string): Promise<Record<string, string>> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await sha256OfFile(path)])));
}

beforeAll(async () => {
  const { code, err } = await ft(['train', 'smoke', ...setting(...TINY)], { folder });
  if (code !== 0) throw new Error(err);
  run = file('runs', readlinkSync(file('runs/latest')));
});

describe('ft export', () => {
  it('writes every format, each compared with the run before it counts', async () => {
    const { code, out } = await here('--format', 'all', '--out', 'models');
    expect(code).toBe(0);
    const lines = out.trim().split('\n');
    expect(lines.map((line) => line.split(':')[0])).toEqual(EXPORT_FORMATS.map((format) => `models/${format}`));
    const cosine = "its embeddings of 24 images are the run's own \\(cosine ≥ (0\\.9999|1\\.0000)\\d\\d\\)";
    const bits = "its \\d+ tensors, read again, are the run's own to the last bit";
    for (const [at, words] of [
      `a SavedModel; ${cosine}`,
      `a tfjs layers model; ${cosine}`,
      `a tfjs graph model; ${cosine}`,
      `an ONNX model; ${cosine}`,
      `weights in safetensors; ${bits}`,
      `a Keras model; ${bits}`,
    ].entries())
      expect(lines[at]).toMatch(new RegExp(`: ${words}$`));
  });

  it('puts a card beside each, with the checksum of every file', () => {
    for (const format of EXPORT_FORMATS) {
      const card = readJson(file('models', format), 'card.json');
      const { exported } = readJson(run, 'scores.json');
      expect(card).toMatchObject({
        format,
        row: exported,
        base: { name: 'resnet50-thin', licence: { name: 'BSD-2-Clause' } },
        data: { images: 48, classes: 12 },
        frozen: { classification: { until: 'conv2' } },
        input: { side: 32 },
      });
      expect(card.scores.recall_at_1.value).toBeCloseTo(readJson(run, 'scores.json')[exported].recall_at_1, 9);
      const files = readdirSync(file('models', format), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !['card.json', 'README.md'].includes(entry.name))
        .map((entry) => join(entry.parentPath, entry.name).slice(file('models', format).length + 1));
      expect(Object.keys(card.files).sort()).toEqual(files.sort());
      for (const name of files)
        expect(card.files[name]).toBe(
          createHash('sha256')
            .update(readFileSync(file('models', format, name)))
            .digest('hex'),
        );
      const readme = readFileSync(file('models', format, 'README.md'), 'utf8');
      expect(readme).toContain('BSD-2-Clause');
      expect(readme).toMatch(/Recall@1 \d\.\d{3} \(95 % interval/);
    }
  });

  it('says in the card which model it is and from which cosine on two images are the same', async () => {
    const card = readJson(file('models', 'onnx'), 'card.json');
    const hash = createHash('sha256').update(readFileSync(join(run, 'model.safetensors')));
    const head = join(run, 'model-head.safetensors');
    if (existsSync(head)) hash.update(readFileSync(head));
    expect(card.model).toBe(hash.digest('hex'));
    expect(card.thresholds.map(({ asked }: { asked: number }) => asked)).toEqual(CURVE_RATES);
    const { values, columns } = await readNpy(join(run, 'evaluation', `${card.row}.npy`));
    const classes = readFileSync(join(run, 'evaluation/held-out.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).class as string);
    const rows = classes.map((_, at) => Float64Array.from(values.subarray(at * columns, (at + 1) * columns)));
    const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, at) => sum + value * (b[at] as number), 0);
    const pairs = rows.flatMap((a, i) =>
      rows.slice(i + 1).map((b, j) => ({
        same: classes[i] === classes[i + 1 + j],
        cosine: dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)),
      })),
    );
    const accepted = (same: boolean, threshold: number) => {
      const kind = pairs.filter((pair) => pair.same === same);
      // A threshold is the cosine of a pair, and ft makes the rows of unit length in float32.
      return kind.filter(({ cosine }) => cosine >= threshold - 1e-6).length / kind.length;
    };
    for (const { asked, threshold, low, high, far, tar } of card.thresholds) {
      expect(accepted(false, threshold)).toBeCloseTo(far, 9);
      expect(accepted(true, threshold)).toBeCloseTo(tar, 9);
      expect(far).toBeLessThanOrEqual(asked);
      expect(low).toBeLessThanOrEqual(high);
    }
    const { threshold } = card.thresholds.find(({ asked }: { asked: number }) => asked === 0.01);
    expect(readFileSync(file('models/onnx/README.md'), 'utf8')).toContain(
      `from a cosine of ${threshold.toFixed(3)} on (95 % interval`,
    );
  });

  it('are served by HTTP with the embeddings of the run', async () => {
    const photos = await Promise.all([png(250, 9, 30), png(7, 130, 90), png(200, 200, 40)]);
    const own = await ownEmbeddings(folder, photos);
    for (const format of ['savedmodel', 'onnx', 'tfjs', 'tfjs-graph']) {
      const { post } = await servedExport(file('models', format), photos);
      const { embeddings } = await post<Embedded>('/embed');
      own.forEach((row, image) => row.forEach((value, at) => expect(embeddings[image]?.[at]).toBeCloseTo(value, 4)));
    }
    for (const format of ['safetensors', 'keras'])
      await expect(servedExport(file('models', format), photos)).rejects.toThrow('holds weights and no computation');
  });

  it('takes channels first where ONNX is asked to', async () => {
    const { code, out } = await here('--format', 'onnx', '--layout', 'nchw', '--out', 'nchw');
    expect([code, out]).toEqual([0, expect.stringMatching(/cosine ≥ (0\.9999|1\.0000)/)]);
    expect(readFileSync(file('nchw/README.md'), 'utf8')).toContain('`image` is uint8 [batch, 3, H, W] of any size');
  });

  it('writes what a phase left: the classifier with its names, the embedding that triplets trained', async () => {
    const { code, out } = await here('--format', 'all', '--phase', 'classification');
    expect(code).toBe(0);
    for (const format of ['savedmodel', 'tfjs', 'tfjs-graph', 'onnx'])
      expect(out).toMatch(
        new RegExp(`export/classification-${format}: .*; its probabilities differ by at most \\d+e[-+]\\d+\\n`),
      );
    const { output } = readJson(join(run, 'export/classification-onnx'), 'card.json');
    // Of the six classes that do not stand out for the scores two are kept for choosing.
    expect(output.classes).toHaveLength(4);
    expect((await here('--phase', 'triplet')).code).toBe(0);
    expect(readJson(join(run, 'export/triplet-savedmodel'), 'card.json').output).toMatchObject({ dimensions: 8, classes: null });
    const { exported } = readJson(run, 'scores.json');
    for (const phase of ['classification', 'triplet']) {
      const { model, thresholds } = readJson(join(run, `export/${phase}-savedmodel`), 'card.json');
      expect([model, thresholds === null]).toEqual([null, phase !== exported]);
    }
  });

  it('quantises kernels for the browser, and says how far that is off', async () => {
    const size = (name: string) =>
      readdirSync(file(name))
        .filter((one) => one.endsWith('.bin'))
        .reduce((sum, one) => sum + readFileSync(file(name, one)).length, 0);
    for (const [type, share] of [
      ['float16', 0.5],
      ['uint8', 0.25],
    ] as const) {
      const place = `100 % ${type}`;
      const { code, out } = await here('--format', 'tfjs-graph', '--quantize', type, '--out', place);
      expect(code).toBe(0);
      expect(out).toMatch(/cosine ≥ (0\.9|1\.0)\d{5}\)/);
      const { images, own, exported } = readJson(file(place), 'card.json').checked.recall_at_1;
      const { exported: row } = readJson(run, 'scores.json');
      expect([images, own]).toEqual([24, expect.closeTo(readJson(run, 'scores.json')[row].recall_at_1, 9)]);
      expect(Math.abs(own - exported)).toBeLessThan(0.2);
      expect(out).toContain(`; Recall@1 on 24 held-out images ${own.toFixed(4)} → ${exported.toFixed(4)}\n`);
      expect(size(place) / size('models/tfjs-graph')).toBeCloseTo(share, 1);
    }
  });

  it('brings an ONNX model to int8 by training images, and says what that loses', async () => {
    const { code, out } = await here(
      '--format',
      'onnx',
      '--quantize',
      'int8',
      '--calibration',
      '7',
      '--max-loss',
      '.9',
      '--out',
      'int8',
    );
    expect(code).toBe(0);
    const { quantization, checked } = readJson(file('int8'), 'card.json');
    const { own, exported } = checked.recall_at_1;
    expect([quantization, checked.calibration_images, checked.recall_at_1.images]).toEqual(['int8', 7, 24]);
    expect(out).toMatch(
      /int8: an ONNX model; int8 by the ranges of 7 training images; its embeddings of 24 images .*cosine ≥ (0\.[89]|1\.0)/,
    );
    expect(out).toContain(`; Recall@1 on 24 held-out images ${own.toFixed(4)} → ${exported.toFixed(4)}\n`);
    expect(readFileSync(file('int8/README.md'), 'utf8')).toContain(
      `int8, by ranges measured on 7 training images. On processors of x86 without VNNI`,
    );
    const size = (place: string) => readFileSync(file(place, 'model.onnx')).length;
    expect(size('int8') / size('models/onnx')).toBeLessThan(0.5);
  });

  it('refuses what quantising loses more than it may, writes nothing, and leaves what lay there', async () => {
    const places = { best: '100 % uint8', classification: 'losing' } as const;
    const uint8 = ['--format', 'tfjs-graph', '--quantize', 'uint8'];
    expect((await here(...uint8, '--phase', 'classification', '--out', places.classification)).code).toBe(0);
    // Of two models at least one loses something.
    const losses = (['best', 'classification'] as const).map((phase) => ({
      phase,
      ...readJson(file(places[phase]), 'card.json').checked.recall_at_1,
    }));
    const { phase, own, exported } = losses.reduce((a, b) => (b.own - b.exported > a.own - a.exported ? b : a));
    expect(own - exported).toBeGreaterThan(0);
    const most = ((own - exported) / 2).toFixed(6);
    const limited = [...uint8, '--phase', phase, '--max-loss', most];
    const before = await contentsOf(folder);
    for (const out of [['new'], [places[phase as 'best'], '--force']]) {
      const refused = await here(...limited, '--out', ...out);
      expect(refused.code).toBe(2);
      expect(refused.out).toBe('');
      expect(refused.err).toBe(
        `--max-loss: as uint8 the model loses ${(own - exported).toFixed(4)} of Recall@1\n` +
          `  expected: at most ${Number(most)}\n` +
          `  found:    ${own.toFixed(4)} → ${exported.toFixed(4)} on 24 held-out images; nothing was written\n` +
          '  do this:  --quantize float16, or a larger --max-loss\n',
      );
      expect(await contentsOf(folder)).toEqual(before);
    }
  });

  it('says what is too much of a loss, and what has none', async () => {
    const loss: RecallLoss = { images: 24, own: 0.5, exported: 0.25 };
    expect(() => refuseLoss(loss, 0.25, 'uint8')).not.toThrow();
    expect(() => refuseLoss(loss, 0.2, 'uint8')).toThrow('as uint8 the model loses 0.2500 of Recall@1');
    expect(() => refuseLoss(null, 0.2, 'uint8')).toThrow('no class of the held-out images has two');
    const fine = await here('--format', 'tfjs-graph', '--quantize', 'float16', '--max-loss', '.9', '--out', 'fine');
    expect(fine.code).toBe(0);
    const alone = await here('--format', 'tfjs-graph', '--max-loss', '.9', '--out', 'none');
    expect([alone.code, alone.err]).toEqual([2, expect.stringContaining('--max-loss: nothing is quantised')]);
    expect(existsSync(file('none'))).toBe(false);
  });

  it('refuses what does not go together, and writes nothing', async () => {
    for (const [format, type, expected, mend] of [
      ['onnx', 'uint8', 'tfjs or tfjs-graph', '\n  do this:  --quantize int8, which onnx has'],
      ['tfjs-graph', 'int8', 'onnx', '\n  do this:  --quantize float16 or uint8, which tfjs-graph has'],
      ['savedmodel', 'int8', 'onnx', ''],
      ['all', 'int8', 'onnx', ''],
    ] as const) {
      const quantised = await here('--format', format, '--quantize', type, '--out', 'none');
      expect([quantised.code, quantised.err]).toEqual([
        2,
        `--quantize: ${format} is not written as ${type}\n  expected: --format ${expected}${mend}\n`,
      ]);
    }
    const calibrated = await here('--format', 'onnx', '--calibration', '9', '--out', 'none');
    expect([calibrated.code, calibrated.err]).toEqual([2, expect.stringContaining('--calibration: only int8 is calibrated')]);
    expect((await here('--quantize', 'int8', '--calibration', '0', '--out', 'none')).code).toBe(2);
    const unknown = await here('--format', 'tflite', '--out', 'none');
    expect(unknown.code).toBe(2);
    expect(unknown.err).toContain('savedmodel, tfjs, tfjs-graph, onnx, safetensors, keras, all');
    expect(existsSync(file('none'))).toBe(false);
  });
});
