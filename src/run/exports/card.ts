import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExportedClassifier, FinishedModel } from '../../export/model.js';
import type { Recipe } from '../../recipe/schema.js';
import { jsonText, type RunFolder } from '../../train/run-folder.js';
import { cardNames, readCard } from '../../weights/cards.js';
import { sha256OfFile } from '../../weights/fetch/checksum.js';
import type { ImageLayout } from '../../weights/onnx/image-entry.js';
import type { Manifest } from '../manifest.js';
import type { ExportCheck } from './check.js';
import type { Identity } from './identity.js';
import { loading } from './loading.js';
import type { ExportPhase } from './model.js';

/** What a card says beside what is in the run. */
export interface CardOptions {
  readonly folder: RunFolder;
  readonly recipe: Recipe;
  readonly phase: ExportPhase;
  readonly model: FinishedModel;
  readonly classifier: ExportedClassifier | null;
  readonly quantization: string | null;
  readonly identity: Identity;
  /** The order of an ONNX model's axes. */
  readonly layout: ImageLayout;
}

interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}
type Row = Readonly<Record<string, number>> & { readonly intervals?: Readonly<Record<string, Interval>> };
type Scores = Readonly<Record<string, Row>> & { readonly exported: string };

/** Writes `card.json` and `README.md` into an export: what the model is, what it was trained on and scored, and how it is loaded. */
export async function writeCard(place: string, check: ExportCheck, options: CardOptions): Promise<void> {
  const { folder, recipe, phase, model, classifier, quantization, identity, layout } = options;
  const manifest = await folder.readJson<Manifest>('manifest.json');
  const scores = await folder.readJson<Scores>('scores.json');
  const row = phase === 'best' ? (scores?.exported ?? 'before') : phase;
  const { mean, std } = model.network.preprocessing;
  const card = {
    format: check.format,
    quantization,
    row,
    model: identity.model,
    base: await baseOf(recipe.backbone.name, manifest),
    data: manifest?.data ?? null,
    frozen: Object.fromEntries(
      (['classification', 'triplet'] as const).flatMap((name) => {
        const phaseOptions = recipe[name];
        return phaseOptions === null ? [] : [[name, phaseOptions.freeze]];
      }),
    ),
    input: {
      side: model.side,
      colours: 'RGB, 0 … 255',
      resize: 'the whole frame stretched to the square, triangle filter as wide as the reduction',
      mean,
      std,
      inside: check.format !== 'safetensors',
      ...(check.format === 'onnx' ? { layout } : {}),
    },
    output: { dimensions: model.head?.outputs ?? model.network.features, classes: classifier?.labels ?? null },
    scores: scoresOf(scores?.[row]),
    thresholds: identity.thresholds,
    checked: {
      images: check.images,
      smallest_cosine: check.smallestCosine,
      tensors: check.tensors,
      largest_difference_of_probabilities: check.largestDifference,
      recall_at_1: check.recall,
      calibration_images: check.calibrated,
    },
    made: { ft: manifest?.versions.ft ?? null, run: folder.path.split('/').at(-1), command: manifest?.command ?? [] },
    files: await checksums(place),
  };
  await writeFile(join(place, 'card.json'), jsonText(card));
  await writeFile(join(place, 'README.md'), readme(card, recipe));
}

async function baseOf(name: string, manifest: Manifest | undefined) {
  const sha256 = manifest?.weights.sha256 ?? null;
  if (!(await cardNames()).includes(name)) return { name, title: name, licence: null, sha256 };
  const { title, licence } = await readCard(name);
  return { name, title, licence, sha256 };
}

function scoresOf(row: Row | undefined) {
  const { intervals } = row ?? {};
  return intervals === undefined ? null : { queries: row?.queries ?? null, ...intervals };
}

/** SHA-256 of every file below a folder, by its path. */
async function checksums(folder: string): Promise<Record<string, string>> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const hashed: [string, string][] = [];
  for (const file of files) hashed.push([file.slice(folder.length + 1), await sha256OfFile(file)]);
  return Object.fromEntries(hashed);
}

interface Card {
  readonly format: ExportCheck['format'];
  readonly quantization: string | null;
  readonly row: string;
  readonly base: Awaited<ReturnType<typeof baseOf>>;
  readonly data: Manifest['data'] | null;
  readonly frozen: Readonly<Record<string, unknown>>;
  readonly input: {
    readonly side: number;
    readonly mean: readonly number[];
    readonly std: readonly number[];
    readonly layout?: ImageLayout;
  };
  readonly output: { readonly dimensions: number; readonly classes: readonly string[] | null };
  readonly scores: ReturnType<typeof scoresOf>;
  readonly thresholds: Identity['thresholds'];
  readonly checked: { readonly recall_at_1: ExportCheck['recall']; readonly calibration_images: number | null };
  readonly files: Readonly<Record<string, string>>;
}

/** The rate of the threshold that is said in words; the card has them all. */
const SAID = 0.01;

/** What is in fewer bits, and what that costs. */
function quantised({ quantization, checked }: Card): string[] {
  if (quantization === null) return [];
  const { recall_at_1: recall, calibration_images: images } = checked;
  const cost =
    recall === null ? '' : ` Recall@1 on held-out images: ${recall.own.toFixed(4)} before, ${recall.exported.toFixed(4)} so.`;
  const how =
    quantization === 'int8'
      ? `The backbone computes in int8, by ranges measured on ${images} training images. On processors of x86 without VNNI set onnxruntime's ` +
        '`session.x64quantprecision` to 1: their sums of 16 bits overflow else.'
      : `Kernels are stored as ${quantization}.`;
  return [`${how}${cost}`];
}

/** From which cosine on two images are the same. */
function sameness({ thresholds, quantization }: Card): string[] {
  const point = thresholds?.find(({ asked }) => asked === SAID);
  if (point === undefined) return [];
  const { threshold, low, high, far, tar, resolved } = point;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  return [
    '## The same or not',
    '',
    `Two images count as the same from a cosine of ${threshold.toFixed(3)} on (95 % interval ${low.toFixed(3)} – ${high.toFixed(3)}), for a false-accept rate of 1 %. ` +
      `On held-out images${quantization === null ? '' : ', before the kernels were quantised,'} that accepts ${percent(far)} of the pairs of two classes and ${percent(tar)} of those of one class.` +
      (resolved ? '' : ' There were too few pairs of two classes for this rate: the threshold is a lower bound.'),
    '',
  ];
}

function readme(card: Card, recipe: Recipe): string {
  const { base, data, input, output, scores, row } = card;
  const score = (key: string, name: string) => {
    const found = (scores as Record<string, Interval> | null)?.[key];
    return found === undefined
      ? []
      : [`- ${name} ${found.value.toFixed(3)} (95 % interval ${found.low.toFixed(3)} – ${found.high.toFixed(3)})`];
  };
  const licence = base.licence === null ? 'not known to ft' : `${base.licence.name}, ${base.licence.of}`;
  return `${[
    `# ${base.name}, fine-tuned by ft`,
    '',
    `${row}: an image becomes ${output.dimensions} numbers${output.classes === null ? '' : `, or one of ${output.classes.length} classes`}.`,
    ...quantised(card),
    '',
    `- Base: ${base.title}. Licence of its weights: ${licence}.`,
    ...(data === null ? [] : [`- Data: ${data.name}, ${data.images} images in ${data.classes} classes.`]),
    `- Frozen: ${Object.entries(card.frozen)
      .map(([phase, freeze]) => `${phase} ${JSON.stringify(freeze)}`)
      .join('; ')}. Seed ${recipe.seed}.`,
    `- Input: RGB of 0 … 255, ${input.side} × ${input.side}, the whole frame stretched; (value − [${input.mean.join(', ')}]) / [${input.std.join(', ')}].`,
    '',
    '## Scores',
    '',
    ...(scores === null
      ? ['Not scored.']
      : [
          'On held-out images, each in turn the query:',
          '',
          ...score('recall_at_1', 'Recall@1'),
          ...score('recall_at_5', 'Recall@5'),
          ...score('map_at_r', 'MAP@R'),
        ]),
    '',
    ...sameness(card),
    '## Loading it',
    '',
    ...loading(card.format, card.input.side, base.name, card.input.layout ?? 'nhwc'),
    '',
    `\`card.json\` holds all this for programs, with the SHA-256 of every file.`,
  ].join('\n')}\n`;
}
