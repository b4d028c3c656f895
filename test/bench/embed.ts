/**
 * Times what `ft embed` does with a folder of images, in a process of its own: decode, resize, features, vectors to a file, from an empty
 * cache of pixels. Starting Node, loading TensorFlow and reading the weights are not in the time. Prints one line of JSON.
 *   tsx test/bench/embed.ts --folder photos [--pixels]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cachePixels } from '../../src/data/pixel-cache.js';
import { silent } from '../../src/progress.js';
import { loadRecipe } from '../../src/recipe/load.js';
import { embedFolder, IN_FLIGHT } from '../../src/run/embed-folder.js';
import type { FinishedRun } from '../../src/run/finished.js';
import { openAnyImages } from '../../src/run/images.js';
import type { Manifest } from '../../src/run/manifest.js';
import { writeCheckpoint } from '../../src/runtime/checkpoint.js';
import type { Precision } from '../../src/runtime/program.js';
import { runFolder } from '../../src/train/run-folder.js';
import { weightsOf } from '../../src/train/trainer.js';
import type { NetworkName } from './network-names.js';
import { benchNetwork } from './networks.js';

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    network: { type: 'string', default: 'resnet50-thin' },
    side: { type: 'string', default: '128' },
    precision: { type: 'string', default: 'fp32' },
    /** No further than to pixels in the cache. */
    pixels: { type: 'boolean', default: false },
  },
});
const root = mkdtempSync(join(tmpdir(), 'ft-bench-embed-'));
try {
  const network = await benchNetwork(values.network as NetworkName, silent);
  const weights = weightsOf(network);
  // Of a run, embedding reads the model alone, and its file for the hash that is written beside the vectors.
  const tensors = [...network.variables.values()].map(({ name, shape, values }) => [name, { shape, values }]);
  await writeCheckpoint(join(root, 'model.safetensors'), { tensors: Object.fromEntries(tensors), meta: {} });
  const run: FinishedRun = {
    folder: runFolder(root),
    recipe: loadRecipe('resnet-semihard', { sets: [] }).recipe,
    manifest: {} as Manifest,
    model: { network, weights, head: null, side: Number(values.side) },
  };
  // From here on caches are looked for in an empty folder: TensorFlow and the weights have been loaded.
  process.env.XDG_CACHE_HOME = root;
  const began = performance.now();
  const { images, dimensions, skipped } = await (values.pixels ? decode : embed)(run);
  const seconds = (performance.now() - began) / 1000;
  const peakMiB = process.resourceUsage().maxRSS / 1024;
  const figures = { engine: 'ft', seconds, images, dimensions, skipped: skipped.length };
  process.stdout.write(`${JSON.stringify({ ...figures, imagesPerSecond: images / seconds, peakMiB })}\n`);
} finally {
  rmSync(root, { recursive: true, force: true });
}

function embed(run: FinishedRun) {
  return embedFolder(run, {
    folder: values.folder as string,
    out: join(root, 'vectors.npy'),
    format: 'npy',
    strict: true,
    precision: values.precision as Precision,
    progress: silent,
  });
}

/** As `ft embed` does it. */
async function decode({ model }: FinishedRun) {
  const images = await openAnyImages(values.folder as string, silent);
  const { dataset } = await cachePixels(images, {
    side: model.side,
    progress: silent,
    strict: true,
    classes: false,
    parallel: IN_FLIGHT,
  });
  return { images: dataset.samples.length, dimensions: 0, skipped: dataset.skipped };
}
