/**
 * `make forecast`: what `ft plan` foresees of a run's memory beside the peak of that run, for networks of every kind of joint; the table into
 * docs/performance.md.
 *   make forecast options='--only densenet121'     a part: printed only
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { loadNetwork } from '../../src/cli/plan-inputs.js';
import { textTable } from '../../src/cli/table.js';
import { silent } from '../../src/progress.js';
import { loadRecipe } from '../../src/recipe/load.js';
import { phaseMemory } from '../../src/run/memory.js';
import { planPhases } from '../../src/run/plans.js';
import { writeFileAtomic } from '../../src/runtime/folders.js';
import { markdown, replaceSection } from './report.js';

const DOCUMENT = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));
const FILES = fileURLToPath(new URL('loading/files_torch.py', import.meta.url));
const FT = fileURLToPath(new URL('../../src/cli/ft.mjs', import.meta.url));

/** Sums, concatenations, gates, and both. */
const NETWORKS = ['resnet50', 'densenet121', 'googlenet', 'mobilenet_v3_large', 'efficientnet_b0', 'convnext_tiny'];
/** With this much frozen as well. */
const FROZEN: Readonly<Record<string, string>> = { resnet50: 'conv4', densenet121: 'conv4', mobilenet_v3_large: 'conv4' };
/** Few: the peak is that of a step, of a call for features, or of writing a checkpoint. */
const CLASSES = 64;

const { values } = parseArgs({ options: { only: { type: 'string' }, pytorch: { type: 'string', default: 'python3' } } });
const chosen = NETWORKS.filter((name) => values.only === undefined || name === values.only);
const folder = mkdtempSync(join(tmpdir(), 'ft-forecast-'));

const setsOf = (network: string, until: string) => [
  `backbone.name=file:${join(folder, `${network}.safetensors`)}`,
  'triplet=null',
  `data.classes=${CLASSES}`,
  'data.check=false',
  'classification.epochs=1',
  'classification.batch=32',
  // Random weights are not for learning.
  'classification.rate=1e-7',
  `classification.freeze={until: ${until}}`,
  'head.refit=none',
  // A phase is foreseen, not what the export takes after it.
  'export={formats: [], report: false}',
];

async function peakOf(sets: readonly string[]): Promise<number> {
  const args = [FT, 'train', 'resnet-semihard', ...sets.flatMap((set) => ['--set', set])];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder, maxBuffer: 1 << 26 });
  const peak = /peak memory (\d+) MiB/.exec(stdout)?.[1];
  if (peak === undefined) throw new Error(`the run says no peak:\n${stdout.slice(-1000)}`);
  return Number(peak);
}

async function foreseen(sets: readonly string[]): Promise<number> {
  const { recipe } = loadRecipe('resnet-semihard', { sets });
  const network = await loadNetwork(recipe.backbone, silent);
  const plans = planPhases(recipe, network, CLASSES / 2);
  return Math.max(...plans.map((plan) => phaseMemory(recipe, network, plan))) / 2 ** 20;
}

try {
  await promisify(execFile)(values.pytorch, [FILES, folder, ...chosen]);
  const titles = ['network', 'frozen', 'foreseen, MiB', 'peak, MiB', 'foreseen ÷ peak'];
  const rows: string[][] = [];
  for (const network of chosen)
    for (const until of ['none', FROZEN[network] ?? []].flat()) {
      const sets = setsOf(network, until);
      const [forecast, peak] = [await foreseen(sets), await peakOf(sets)];
      rows.push([
        network,
        until === 'none' ? 'nothing' : `until ${until}`,
        forecast.toFixed(0),
        peak.toFixed(0),
        (forecast / peak).toFixed(2),
      ]);
      process.stderr.write(`${rows.at(-1)?.join('  ')}\n`);
    }
  process.stdout.write(
    `${textTable(
      titles.map((title, at) => ({ title, align: at < 2 ? ('left' as const) : ('right' as const) })),
      rows,
    )}\n`,
  );
  if (chosen.length === NETWORKS.length) {
    const text = `${markdown(titles, rows, 0)}\n\n${new Date().toISOString().slice(0, 10)}.`;
    await writeFileAtomic(DOCUMENT, replaceSection(await readFile(DOCUMENT, 'utf8'), 'forecast', text));
    process.stdout.write('\nwritten to docs/performance.md\n');
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
