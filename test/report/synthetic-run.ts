/** Run folders as a training leaves them, without training: images of one colour, embeddings drawn around a centre for each class. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sharp } from '../../src/data/image-library.js';
import { seededDraws } from '../../src/evaluate/resample.js';
import type { FindingOfRun } from '../../src/report/input.js';
import { npyBytes } from '../../src/vectors/npy.js';

export interface SyntheticRun {
  readonly classes: readonly string[];
  readonly imagesPerClass: number;
  readonly dimensions: number;
  /** How far images lie from the centre of their class; 0: on it. By row. */
  readonly spread: Readonly<Record<string, number>>;
  readonly exported: string;
  readonly seed?: number;
  readonly epochs?: number;
  /** What was found wrong with the images, given the paths of the pictures. */
  readonly findings?: (pictures: readonly string[]) => readonly FindingOfRun[];
  readonly data?: Readonly<Record<string, unknown>>;
  readonly scores?: Readonly<Record<string, unknown>>;
  readonly manifest?: Readonly<Record<string, unknown>>;
}

const STAGES = ['conv1', 'conv2', 'conv3', 'conv4', 'conv5'];

/** Writes a run below `root` and gives its folder. */
export async function writeSyntheticRun(root: string, run: SyntheticRun): Promise<string> {
  const { classes, imagesPerClass, dimensions, spread, exported, seed = 7, epochs = 6 } = run;
  const folder = join(root, '2026-01-31-120000-synthetic');
  mkdirSync(join(folder, 'evaluation'), { recursive: true });
  const pictures = await writePictures(join(root, 'pictures'), Math.min(24, classes.length));
  const draw = seededDraws(seed);
  const gauss = () => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
  const images = classes.flatMap((name, label) => Array.from({ length: imagesPerClass }, (_, i) => ({ name, label, i })));
  write(
    folder,
    'evaluation/held-out.jsonl',
    images
      .map(
        ({ name, label, i }) =>
          `${JSON.stringify({ file: `${name}/${i}.png`, class: name, path: pictures[label % pictures.length] })}\n`,
      )
      .join(''),
  );
  const centres = classes.map(() => Array.from({ length: dimensions }, gauss));
  const rows: Record<string, unknown> = {};
  for (const [row, width] of Object.entries(spread)) {
    const values = Float32Array.from(
      images.flatMap(({ label }) => (centres[label] as number[]).map((centre) => centre + width * gauss())),
    );
    writeFileSync(join(folder, 'evaluation', `${row}.npy`), npyBytes({ rows: images.length, columns: dimensions, values }));
    // What each query got is drawn, not computed: the page shows what the files say.
    const recall = images.map(() => (draw() < 1 / (1 + width) ? 1 : 0));
    const map = recall.map((one) => (one === 1 ? 0.5 + draw() / 2 : draw() / 3));
    write(
      folder,
      `evaluation/${row}.json`,
      JSON.stringify({ rows: images.map((_, i) => i), leftOut: 0, values: { recall_at_1: recall, map_at_r: map } }),
    );
    const mean = (of: readonly number[]) => of.reduce((sum, one) => sum + one, 0) / of.length;
    const figures = {
      recall_at_1: mean(recall),
      recall_at_5: Math.min(1, mean(recall) + 0.1),
      recall_at_10: Math.min(1, mean(recall) + 0.15),
      map_at_r: mean(map),
      r_precision: mean(map),
    };
    const intervals = Object.fromEntries(
      Object.entries(figures).map(([metric, value]) => [
        metric,
        { value, low: value - 0.02, high: value + 0.02, standard_error: 0.01 },
      ]),
    );
    rows[row] = { ...figures, queries: images.length, left_out: 0, dimensions, validation_map_at_r: mean(map) + 0.01, intervals };
  }
  const names = Object.keys(spread);
  const value = (row: string, metric: string) => (rows[row] as Record<string, number>)[metric] as number;
  const differences = Object.fromEntries(
    names.slice(1).map((to, at) => {
      const from = names[at] as string;
      const of = (metric: string) => {
        const difference = value(to, metric) - value(from, metric);
        const verdict = Math.abs(difference) < 0.02 ? 'no clear difference' : difference > 0 ? 'better' : 'worse';
        return { value: difference, low: difference - 0.02, high: difference + 0.02, standard_error: 0.01, verdict };
      };
      return [`${to} − ${from}`, { recall_at_1: of('recall_at_1'), map_at_r: of('map_at_r') }];
    }),
  );
  write(
    folder,
    'scores.json',
    JSON.stringify({
      ...rows,
      differences,
      exported,
      exported_because: 'the highest MAP@R on the validation classes (0.500)',
      ...run.scores,
    }),
  );
  write(
    folder,
    'metrics.jsonl',
    ['classification', 'triplet']
      .flatMap((phase) => Array.from({ length: epochs }, (_, i) => `${JSON.stringify(epochLine(phase, i + 1, epochs))}\n`))
      .join(''),
  );
  write(
    folder,
    'plan.json',
    JSON.stringify({ classification: planOf('classification', 2e-3), triplet: planOf('triplet', 1e-2) }),
  );
  write(
    folder,
    'data.json',
    JSON.stringify({
      name: 'synthetic',
      classes: classes.length * 2,
      images: images.length * 2,
      skipped: [],
      singleImageClasses: [],
      sharedAcrossClasses: [],
      split: {
        by: 'class',
        kind: 'open',
        parts: {
          train: { classes: classes.length - 1, images: images.length - imagesPerClass },
          validation: { classes: 1, images: imagesPerClass },
          heldOut: { classes: classes.length, images: images.length },
        },
      },
      ...run.data,
    }),
  );
  if (run.findings !== undefined) write(folder, 'findings.json', JSON.stringify({ notes: [], findings: run.findings(pictures) }));
  write(
    folder,
    'manifest.json',
    JSON.stringify({
      recipe: 'synthetic',
      command: ['train', 'synthetic', '--data', "it's here"],
      started: '2026-01-31T12:00:00.000Z',
      finished: '2026-01-31T12:30:00.000Z',
      seed,
      versions: { ft: '0.1.0', node: '20.0.0' },
      machine: { cpu: 'a cpu', threads: 2, platform: 'linux x64' },
      git: null,
      data: { fingerprint: 'f'.repeat(64) },
      weights: { name: 'resnet50-thin', sha256: '0'.repeat(64) },
      recipe_sha256: '1'.repeat(64),
      frozen: { classification: { frozen: 48, unchanged: true }, triplet: { frozen: 48, unchanged: true } },
      ...run.manifest,
    }),
  );
  return folder;
}

function write(folder: string, file: string, text: string): void {
  writeFileSync(join(folder, file), text);
}

async function writePictures(folder: string, count: number): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const path = join(folder, `${i}.png`);
      const hue = Math.round((360 * i) / count);
      await sharp(
        Buffer.from(
          `<svg xmlns="http://www.w3.org/2000/svg" width="${90 + 10 * (i % 5)}" height="100"><rect width="100%" height="100%" fill="hsl(${hue},70%,60%)"/><circle cx="50" cy="50" r="${15 + i}" fill="hsl(${(hue + 90) % 360},60%,35%)"/></svg>`,
        ),
      )
        .png()
        .toFile(path);
      return path;
    }),
  );
}

function epochLine(phase: string, epoch: number, epochs: number) {
  const done = epoch / epochs;
  const stages = Object.fromEntries(
    ['conv4', 'conv5', 'head'].map((stage, i) => [
      stage,
      { gradient_norm: (i + 1) * (1.2 - done), update_ratio: 1e-3 * (i + 1) * (1.1 - done) },
    ]),
  );
  const edges = Array.from({ length: 21 }, (_, i) => i / 10);
  const bell = (centre: number) => edges.slice(1).map((edge) => Math.round(1000 * Math.exp(-(((edge - centre) / 0.25) ** 2))));
  return {
    phase,
    epoch,
    steps: 50,
    skipped: 0,
    waiting: 0.01,
    rate: 0.01 * (1 - done),
    images_per_second: 100,
    loss: 2 * (1 - done) + 0.2,
    validation: 0.4 + 0.1 * done,
    held_out_recall_at_1: epoch % 2 === 0 ? 0.5 + 0.05 * done : null,
    best_so_far: epoch !== epochs,
    stages,
    effective_rank: 20 + 10 * done,
    ...(phase === 'classification'
      ? { accuracy: 0.3 + 0.6 * done }
      : {
          kept: 400 - 100 * done,
          active: 300 - 100 * done,
          positive: 0.6 - 0.2 * done,
          negative: 1.1,
          distances: { edges, positive: bell(0.5), negative: bell(1.2) },
        }),
  };
}

function planOf(phase: string, rate: number) {
  const layers = STAGES.flatMap((stage, s) =>
    Array.from({ length: s === 0 ? 1 : 6 }, (_, i) => ({
      name: `${stage}_${i}`,
      stage,
      kind: 'conv',
      outputShape: [64 >> s, 64 >> s, 64 << s],
      parameters: 3000 * 4 ** s,
      frozen: s < 3,
      rate: s < 3 ? null : rate,
      weightDecay: 0,
      batchNorm: null,
      variables: [],
    })),
  );
  const head = {
    name: 'head',
    stage: 'head',
    kind: 'dense',
    outputShape: [128],
    parameters: 131200,
    frozen: false,
    rate: rate * 3,
    weightDecay: 0,
    batchNorm: null,
    variables: [],
  };
  return { phase, rate, batchNorm: 'frozen', layers: [...layers, head], variables: [], totals: {} };
}
