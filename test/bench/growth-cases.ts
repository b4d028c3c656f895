import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMapStore } from '../../src/data/map-store.js';
import { pkBatches, shuffledBatches } from '../../src/data/samplers.js';
import { balancedBatches } from '../../src/data/samplers-balanced.js';
import { coveringBatches } from '../../src/data/samplers-cover.js';
import type { Growth } from './growth-figures.js';

/** One way in which a run grows. `prepare` gives what is timed. */
export interface GrowthCase extends Growth {
  readonly prepare: (size: number) => Promise<() => unknown>;
}

const PER_CLASS = 50;
const steps = () => import('./growth-steps.js');

const imagesOf = (count: number) => {
  const samples = new Int32Array(count);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    samples[i] = i;
    labels[i] = Math.floor(i / PER_CLASS);
  }
  return { samples, labels };
};
type Sampler = (images: ReturnType<typeof imagesOf>, epoch: number) => unknown;
const epochs = (sampler: Sampler) => async (count: number) => {
  const images = imagesOf(count);
  let epoch = 0;
  return () => sampler(images, epoch++);
};

/** A store of small maps: opened, a thousand slots all over it written and read back. */
async function mapStore(slots: number): Promise<() => unknown> {
  const record = new Uint8Array(64).fill(7);
  return () => {
    const folder = mkdtempSync(join(tmpdir(), 'ft-growth-'));
    for (const use of ['write', 'read'] as const) {
      const store = openMapStore(folder, slots, record.length);
      for (let i = 0; i < 1000; i++) store[use](Math.floor((i * slots) / 1000), record);
      store.close();
    }
    rmSync(folder, { recursive: true });
  };
}

const IMAGES = [1e3, 1e4, 1e5, 1e6];

/** By name, in the order of the document. `must` are the least exponents that the task has: what is asked for is no less work. */
export const GROWTH: readonly GrowthCase[] = [
  {
    name: 'batch',
    words: 'a step against its batch (resnet50-thin, frozen until conv4, 64 px)',
    sizes: [1, 4, 16, 64, 256],
    must: { time: 1, memory: 1 },
    prepare: async (batch) => (await steps()).classificationStep(batch, 797),
  },
  {
    name: 'forward',
    words: 'features, by images a call (resnet50-thin, 128 px)',
    sizes: [8, 16, 32, 64, 128, 256],
    must: { time: 1, memory: 1 },
    prepare: async (images) => (await steps()).featuresOf(images),
  },
  {
    name: 'classes',
    words: 'a step of 16 images against the classes',
    sizes: [10, 100, 1000, 10_000],
    must: { time: 1, memory: 1 },
    prepare: async (classes) => (await steps()).classificationStep(16, classes),
  },
  {
    name: 'pairs',
    words: 'a triplet step against P×K (K = 4, 64 dimensions, a head alone)',
    sizes: [32, 64, 128, 256, 512, 1024],
    must: { time: 2, memory: 2 },
    prepare: async (images) => (await steps()).tripletStep(images),
  },
  ...(
    [
      ['shuffled', 'shuffled batches', ({ samples }, epoch) => shuffledBatches(samples, 64, 0, epoch)],
      ['balanced', 'class-balanced batches', ({ samples, labels }, epoch) => balancedBatches(samples, labels, 64)(0, epoch)],
      ['random-pk', 'random P×K batches', ({ samples, labels }, epoch) => pkBatches(samples, labels, 16, 4, 0, epoch)],
      ['cover', 'covering P×K batches', ({ samples, labels }, epoch) => coveringBatches(samples, labels, 16, 4)(0, epoch)],
    ] as [string, string, Sampler][]
  ).map(([name, words, sampler]) => ({
    name,
    words: `an epoch of ${words} against the images (${PER_CLASS} a class)`,
    sizes: IMAGES,
    must: { time: 1, memory: 1 },
    prepare: epochs(sampler),
  })),
  {
    name: 'maps',
    words: "the frozen maps' index against its slots: opened twice, 1,000 maps written and read",
    sizes: IMAGES,
    must: { time: 1, memory: 1 },
    prepare: mapStore,
  },
  {
    name: 'retrieval',
    words: 'every image against all others, 64 dimensions',
    sizes: [1e3, 3e3, 1e4, 3e4, 1e5],
    must: { time: 2, memory: 1 },
    prepare: async (images) => (await steps()).retrieval(imagesOf(images).labels),
  },
];
