/**
 * Times a whole classification phase of ft in a process of its own, data, frozen maps (from an empty cache) and tracing included, and prints one
 * line of JSON.
 *   tsx test/bench/phase.ts --backbone resnet50-thin --until conv4 --views 2 --epochs 8
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { silent } from '../../src/progress.js';
import { loadRecipe } from '../../src/recipe/load.js';
import { writeRecipe } from '../../src/recipe/write.js';
import { makeManifest } from '../../src/run/manifest.js';
import { pixelSource } from '../../src/run/pixel-source.js';
import { firstClassifier } from '../../src/run/start-heads.js';
import { trainPhase } from '../../src/run/train-phase.js';
import { openWorkbench } from '../../src/run/workbench.js';
import { freeOnCard } from '../../src/runtime/card-memory.js';
import { createRunFolder, jsonText } from '../../src/train/run-folder.js';
import { weightsOf } from '../../src/train/trainer.js';

const { values } = parseArgs({
  options: {
    backbone: { type: 'string', default: 'resnet50-thin' },
    until: { type: 'string', default: 'conv4' },
    views: { type: 'string', default: '2' },
    maps: { type: 'string', default: 'fp32' },
    precision: { type: 'string', default: 'fp32' },
    xla: { type: 'boolean', default: false },
    'steps-per-call': { type: 'string', default: '1' },
    epochs: { type: 'string', default: '8' },
    classes: { type: 'string', default: '512' },
    side: { type: 'string', default: '128' },
    batch: { type: 'string', default: '32' },
    rate: { type: 'string', default: '1e-3' },
    /** Prints where the pixels lie and which of them train, for the peer, and ends. */
    describe: { type: 'boolean', default: false },
  },
});

const { recipe } = loadRecipe('resnet-semihard', {
  sets: [
    `backbone.name=${values.backbone}`,
    `data.classes=${values.classes}`,
    `data.side=${values.side}`,
    'data.validation=0',
    'data.check=false',
    `data.views=${values.views}`,
    `frozenMaps=${values.maps}`,
    `precision=${values.precision}`,
    `xla=${values.xla}`,
    `stepsPerCall=${values['steps-per-call']}`,
    `classification.epochs=${values.epochs}`,
    `classification.batch=${values.batch}`,
    `classification.rate=${values.rate}`,
    `classification.freeze={until: ${values.until}}`,
    'classification.evaluateEvery=0',
    'classification.dropout=0.2',
    'triplet=null',
    'head.refit=none',
  ],
});
const bench = await openWorkbench(recipe, silent);
const { samples } = bench.split.train;
if (values.describe) {
  const labels = Array.from(samples, (sample) => bench.classifierLabels.get(sample));
  process.stdout.write(`${JSON.stringify({ pixels: bench.decoded.storePath, rows: [...samples], labels })}\n`);
} else {
  const root = mkdtempSync(join(tmpdir(), 'ft-bench-'));
  const { source, close } = pixelSource(bench.decoded, bench.network.features, silent);
  try {
    const manifest = makeManifest(bench, 'bench', [], new Date());
    const folder = await createRunFolder(root, 'bench', new Date(), {
      'recipe.yaml': writeRecipe(recipe),
      'manifest.json': jsonText(manifest),
    });
    const context = { bench, folder, source, progress: silent, stopped: () => false, now: () => performance.now() };
    const free = await freeOnCard();
    const began = performance.now();
    const record = await trainPhase('classification', weightsOf(bench.network), firstClassifier(bench), {
      ...context,
      mapsFolder: join(root, 'maps'),
      freeOnCard: free,
    });
    const seconds = (performance.now() - began) / 1000;
    process.stdout.write(
      `${JSON.stringify({
        engine: 'ft',
        seconds,
        images: samples.length,
        imagesPerSecond: (samples.length * record.epochs.length) / seconds,
        epochs: record.epochs.map(({ figures, imagesPerSecond, waiting }) => ({ loss: figures.loss, imagesPerSecond, waiting })),
        peakMiB: process.resourceUsage().maxRSS / 1024,
      })}\n`,
    );
  } finally {
    close();
    rmSync(root, { recursive: true, force: true });
  }
}
