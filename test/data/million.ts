/**
 * Run by million.test.ts in a process of its own: a data set of so many images as its argument says, listed, split, and drawn
 * for one epoch in shuffled and in P×K batches. Prints what it took as JSON.
 */
import { createHash } from 'node:crypto';
import { createDataset, type LabelledImage, labelsOf } from '../../src/data/dataset.js';
import { pkBatches, shuffledBatches } from '../../src/data/samplers.js';
import { denseLabels, splitByClass } from '../../src/data/split.js';

const count = Number(process.argv[2]);
const began = performance.now();
const classes = Math.round(count / 50);
const images = Array.from({ length: count }, (_, i): LabelledImage => {
  const className = `product ${(i * 7919) % classes}`;
  const file = `${className}/IMG_20240101_${i}.jpg`;
  const sha256 = createHash('sha256').update(file).digest('hex');
  return { file, className, path: `/home/somebody/pictures/shop/${file}`, sha256 };
});
const dataset = createDataset('shop', images, []);
const split = splitByClass(dataset, { validation: 0.1, seed: 0 });
const labels = denseLabels(dataset, split.train);
const shuffled = shuffledBatches(split.train.samples, 64, 0, 0);
const pk = pkBatches(split.train.samples, labels, 16, 4, 0, 0);
const drawn = new Set<number>();
for (const batch of shuffled) for (const sample of batch) drawn.add(sample);
console.log(
  JSON.stringify({
    images: dataset.samples.length,
    classes: dataset.classes.length,
    labels: labelsOf(dataset).length,
    train: split.train.samples.length,
    drawnOnce: drawn.size,
    pkImages: pk.reduce((sum, batch) => sum + batch.length, 0),
    megabytes: Math.round(process.resourceUsage().maxRSS / 1024),
    seconds: Math.round((performance.now() - began) / 100) / 10,
  }),
);
