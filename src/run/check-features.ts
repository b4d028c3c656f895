import { loadBackbone } from '../backbones/registry.js';
import type { DecodedDataset } from '../data/pixel-cache.js';
import { embed } from '../heads/apply.js';
import type { Network } from '../network/network.js';
import type { Progress } from '../progress.js';
import type { BackboneOptions } from '../recipe/schema.js';
import { computeFeatures } from '../train/features.js';
import { openForward } from '../train/forward.js';
import type { Weights } from '../train/trainer.js';
import type { FinishedRun } from './finished.js';
import { pixelSource } from './pixel-source.js';

/** Features of every image of a data set, row-major. */
export interface AllFeatures {
  readonly values: Float32Array;
  readonly dimensions: number;
  /** What they come from, for a person. */
  readonly from: string;
}

/** Pooled features of the pre-trained backbone, as no training has changed them. */
export async function backboneFeatures(
  { name, upTo, from }: BackboneOptions,
  decoded: DecodedDataset,
  progress: Progress,
  stopped: () => boolean,
): Promise<AllFeatures> {
  const { network } = await loadBackbone(name, { upTo, from, progress });
  return { ...(await pooled(network, {}, decoded, progress, stopped)), from: `${name}, as it was pre-trained` };
}

/** The embeddings of a finished run's model. */
export async function runFeatures(
  { model, folder }: FinishedRun,
  decoded: DecodedDataset,
  progress: Progress,
  stopped: () => boolean,
): Promise<AllFeatures> {
  const features = await pooled(model.network, model.weights, decoded, progress, stopped);
  const from = `the model of ${folder.path}`;
  if (model.head === null) return { ...features, from };
  return { values: embed(features.values, model.head), dimensions: model.head.outputs, from };
}

async function pooled(
  network: Network,
  weights: Weights,
  decoded: DecodedDataset,
  progress: Progress,
  stopped: () => boolean,
): Promise<Omit<AllFeatures, 'from'>> {
  const { source, close } = pixelSource(decoded, network.features, progress);
  const samples = Int32Array.from(decoded.dataset.samples.keys());
  const forward = openForward({ network, weights, side: source.side, most: samples.length });
  const bar = progress.bar('features', samples.length, 'images');
  try {
    const { values, dimensions } = await computeFeatures(forward, source, samples, bar, stopped);
    return { values, dimensions };
  } finally {
    bar.done();
    forward.close();
    close();
  }
}
