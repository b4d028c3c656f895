import { join } from 'node:path';
import { CAFFE, IMAGENET, MINUS_ONE_TO_ONE } from '../backbones/layout.js';
import { readPublished } from '../backbones/published.js';
import { pullBackbone } from '../backbones/registry.js';
import { openTable } from '../data/manifest-table.js';
import { decodeMiddle } from '../data/middle.js';
import { UserError } from '../errors.js';
import type { Network, Preprocessing } from '../network/network.js';
import type { Progress } from '../progress.js';
import { createFeatureProgram, weightsOf } from '../train/trainer.js';
import type { PublishedCard } from '../weights/cards.js';

/** An image whose class of ImageNet is known, in the usual order of the 1,000. */
interface Sample {
  readonly path: string;
  readonly index: number;
}

/** What a classifier's own answers say of how its weights were read. */
export interface WeightsCheck {
  readonly images: number;
  /** The share of first answers that are right, in %, with the preprocessing of the card. */
  readonly accuracy: number;
  /** What its publisher says, on the 50,000 images of ImageNet's validation set. */
  readonly published: number | null;
  /** The same weights fed in other ways that are common, the best first. */
  readonly others: readonly { readonly name: string; readonly accuracy: number }[];
}

const BATCH = 25;
const CLASSES = 1000;

/** Ways in which published networks are fed. */
const COMMON: ReadonlyMap<string, Preprocessing> = new Map([
  ['−1 … 1', MINUS_ONE_TO_ONE],
  ['0 … 1', { mean: [0, 0, 0], std: [255, 255, 255] }],
  ["ImageNet's mean and deviation", IMAGENET],
  ["0 … 255 less ImageNet's mean", CAFFE],
]);

/**
 * Runs a classifier of ImageNet on images whose classes are known: with the wrong preprocessing, or with weights in the wrong places, few
 * answers are right. The same is done with other common preprocessings, and with the colours turned round.
 * @param folder holds the images and a labels.csv with the columns file and class_index (0–999); with a column `check`, only rows with 1 in it
 */
export async function checkWeights(card: PublishedCard, folder: string, progress: Progress): Promise<WeightsCheck> {
  const samples = await readSamples(join(folder, 'labels.csv'), folder);
  const pulled = await pullBackbone(card.name, { progress });
  const { features, ...network } = await readPublished(pulled.folder, card, { classifier: true });
  const classifier: Network = { ...network, features: CLASSES };
  const images = await decode(samples, card, progress);
  const score = scorer(classifier, card.evaluation.crop, images, samples, progress);
  const own = key(card.preprocessing);
  const others = [...COMMON]
    .filter(([, preprocessing]) => key(preprocessing) !== own)
    .map(([name, preprocessing]) => ({ name, accuracy: score(name, preprocessing, false) }));
  others.push({ name: 'blue and red exchanged', accuracy: score('BGR', card.preprocessing, true) });
  return {
    images: samples.length,
    accuracy: score('as its card says', card.preprocessing, false),
    published: card.evaluation.accuracy,
    others: others.sort((a, b) => b.accuracy - a.accuracy),
  };
}

function key({ mean, std }: Preprocessing): string {
  return [...mean, ...std].join();
}

async function readSamples(table: string, folder: string): Promise<Sample[]> {
  const { columns, rows, close } = await openTable(table);
  const place = (name: string): number => columns.indexOf(name);
  const [file, index, check] = [place('file'), place('class_index'), place('check')];
  if (file < 0 || index < 0) {
    await close();
    throw new UserError({
      where: table,
      what: 'the table lacks a column',
      expected: 'file, class_index (0–999)',
      found: columns.join(', '),
    });
  }
  const samples: Sample[] = [];
  for await (const { values, line } of rows) {
    if (check >= 0 && values[check] !== '1') continue;
    const number = Number(values[index]);
    if (!Number.isInteger(number) || number < 0 || number >= CLASSES || values[index] === '')
      throw new UserError({
        where: `${table}:${line}`,
        what: 'not a class of ImageNet',
        expected: '0 … 999',
        found: String(values[index]),
      });
    samples.push({ path: join(folder, values[file] as string), index: number });
  }
  if (samples.length === 0)
    throw new UserError({ where: table, what: 'no image is listed', expected: 'rows of file, class_index' });
  return samples;
}

async function decode(samples: readonly Sample[], card: PublishedCard, progress: Progress): Promise<Uint8Array[]> {
  const bar = progress.bar('reading images', samples.length, 'images');
  const images: Uint8Array[] = [];
  try {
    for (const { path } of samples) {
      images.push(
        await decodeMiddle(path, card.evaluation).catch((error: Error) => {
          throw new UserError({ where: path, what: 'this image cannot be read', found: error.message.split('\n')[0] ?? '' });
        }),
      );
      bar.advance(1);
    }
  } finally {
    bar.done();
  }
  return images;
}

type Scorer = (name: string, preprocessing: Preprocessing, exchanged: boolean) => number;

function scorer(
  network: Network,
  side: number,
  images: readonly Uint8Array[],
  samples: readonly Sample[],
  progress: Progress,
): Scorer {
  const bytes = side * side * 3;
  return (name, preprocessing, exchanged) => {
    const program = createFeatureProgram('traced', { ...network, preprocessing }, weightsOf(network), BATCH, side);
    const bar = progress.bar(`answers, ${name}`, images.length, 'images');
    try {
      const pixels = new Uint8Array(BATCH * bytes);
      let right = 0;
      for (let start = 0; start < images.length; start += BATCH) {
        const some = images.slice(start, start + BATCH);
        some.forEach((image, at) => pixels.set(exchanged ? turned(image) : image, at * bytes));
        const logits = program.run('features', { pixels }).features as Float32Array;
        some.forEach((_, at) => {
          const scores = logits.subarray(at * CLASSES, (at + 1) * CLASSES);
          if (scores.indexOf(Math.max(...scores)) === samples[start + at]?.index) right++;
        });
        bar.advance(some.length);
      }
      return (100 * right) / images.length;
    } finally {
      bar.done();
      program.close();
    }
  };
}

/** Blue first. */
function turned(image: Uint8Array): Uint8Array {
  const result = Uint8Array.from(image);
  for (let at = 0; at < result.length; at += 3) [result[at], result[at + 2]] = [image[at + 2] as number, image[at] as number];
  return result;
}
