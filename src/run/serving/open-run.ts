import { basename } from 'node:path';
import { softmax } from '../../evaluate/calibration.js';
import { embed } from '../../heads/apply.js';
import type { Head } from '../../heads/head.js';
import { logits } from '../../heads/project.js';
import { unitRows } from '../../heads/unit.js';
import type { Progress } from '../../progress.js';
import type { Info } from '../../serve/api.js';
import { HEAD_BIAS } from '../../train/objectives.js';
import { createSizedProgram, sizedName } from '../../train/trainer.js';
import { thresholdCurve } from '../calibrated.js';
import { type FinishedRun, openFinishedRun } from '../finished.js';
import { galleryModelOf, openGalleryBy } from '../gallery.js';
import { decided } from '../precision.js';
import { headOf, readWeights } from '../trained-heads.js';
import { intervalsOf, type OpenedModel, type Opening } from './opened.js';

/** Opens a finished run for serving: its thresholds are calibrated, and graphs for batches of 1, 2, 4, … images are traced and run once. */
export async function openRunServed(opening: Opening, progress: Progress): Promise<OpenedModel> {
  const { argument, folder, largest } = opening;
  const run = await openFinishedRun(argument, folder, progress);
  const { network, weights, head, side } = run.model;
  const galleryModel = await galleryModelOf(run);
  const classifier = await classifierOf(run);
  const sizes = sizesUpTo(largest);
  const program = createSizedProgram(network, weights, side, sizes, decided(opening.precision, progress));
  const bytes = side * side * 3;
  const bar = progress.bar('warming up', sizes.length, 'graphs');
  for (const size of sizes) {
    program.run(sizedName(size), { pixels: new Uint8Array(size * bytes) });
    bar.advance(1);
  }
  bar.done();
  return {
    sizes,
    model: {
      name: opening.name ?? basename(run.manifest.recipe),
      hash: galleryModel.hash,
      base: run.recipe.backbone.name,
      dimensions: galleryModel.dimensions,
      side,
      classes: classifier?.labels ?? null,
      scores: await scoresOf(run),
      thresholds: (await thresholdCurve(run, progress))?.reverse() ?? [],
    },
    async compute(pixels, count) {
      const size = sizes.find((one) => one >= count) as number;
      const { features } = program.run(sizedName(size), { pixels: filledUp(pixels, size * bytes) });
      const rows = (features as Float32Array).subarray(0, count * network.features);
      return {
        embeddings: head === null ? unitRows(rows, network.features) : embed(rows, head),
        probabilities: classifier === null ? null : probabilitiesOf(rows, classifier.head),
      };
    },
    gallery: (path, said) => openGalleryBy(galleryModel, path, said),
  };
}

/** 1, 2, 4, … and the largest. */
export function sizesUpTo(largest: number): number[] {
  const sizes: number[] = [];
  for (let size = 1; size < largest; size *= 2) sizes.push(size);
  return [...sizes, largest];
}

function filledUp(pixels: Uint8Array, length: number): Uint8Array {
  if (pixels.length === length) return pixels;
  const filled = new Uint8Array(length);
  filled.set(pixels);
  return filled;
}

function probabilitiesOf(features: Float32Array, head: Head): Float32Array {
  const scores = logits(features, head);
  const row = new Float64Array(head.outputs);
  const probabilities = new Float32Array(scores.length);
  for (let at = 0; at < scores.length; at += head.outputs) {
    softmax(scores.subarray(at, at + head.outputs), row);
    probabilities.set(row, at);
  }
  return probabilities;
}

interface RunScores {
  readonly exported: string;
  readonly classifier?: { readonly classes: readonly string[] } | null;
}

/** The classifier, where the run chose what classification left: then it stands on the very weights that are served. */
async function classifierOf({ folder, model }: FinishedRun): Promise<{ head: Head; labels: readonly string[] } | null> {
  const scores = await folder.readJson<RunScores>('scores.json');
  if (scores?.exported.replace('-whitened', '') !== 'classification') return null;
  const weights = await readWeights(folder, 'classification');
  const outputs = weights[HEAD_BIAS]?.length ?? 0;
  const labels = scores.classifier?.classes ?? (await folder.readJson<string[]>('export/classifier/labels.json')) ?? null;
  return labels?.length === outputs ? { head: headOf(weights, model, outputs), labels } : null;
}

type Row = { readonly intervals?: Readonly<Record<string, unknown>> };

async function scoresOf({ folder }: FinishedRun): Promise<Info['scores']> {
  const scores = await folder.readJson<Readonly<Record<string, Row>> & { readonly exported: string }>('scores.json');
  return intervalsOf(scores?.[scores.exported]?.intervals ?? null);
}
