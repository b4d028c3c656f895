/**
 * Where the operations of ft's steps run on a machine with a card, asked of TensorFlow's library without one; writes the table of docs/gpu.md.
 *   node --import tsx test/runtime/placement/run.ts      (make placement; needs the runtime for cards: FT_DEVICE=gpu make setup)
 * Ends with 1 where an operation would run on the host, or a tensor be copied, that is not expected there.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cudaAddonFile, runtimeFolder } from '../../../src/runtime/native/location.js';
import { NETWORKS } from '../../bench/network-names.js';
import { markdown, replaceSection } from '../../bench/report.js';
import { type Placement, placementOf, readLibrary, readNodes } from './placement.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const DOCUMENT = join(ROOT, 'docs/gpu.md');

/** What may be on the host, and copied: the batch comes in as a string, which no card reads. */
const BATCH = { onHost: ['DecodeRaw'], crossings: ['DecodeRaw → Reshape', 'DecodeRaw → While'] };
/**
 * Inside a loop over steps the labels, and the numbers of rows: slices of whole numbers, which TensorFlow's kernels for cards leave in the
 * host's memory, four bytes an image each.
 */
const INSIDE_LOOP = {
  onHost: [],
  crossings: ['Cast, SparseSoftmaxCrossEntropyWithLogits', 'Cast', 'ResourceGather'].map((takers) => `Reshape → ${takers}`),
};
/** Where maps lie in the machine's memory: the rows of a step, of features, and of a look into a step. */
const TABLES = { onHost: ['ResourceGather'], crossings: ['ResourceGather → Bitcast'] };

const addon = cudaAddonFile(runtimeFolder('gpu'));
if (!existsSync(addon)) {
  process.stderr.write(`${addon} is not there\n  do this:  FT_DEVICE=gpu make setup\n`);
  process.exit(2);
}
const library = await readLibrary(addon);

/** The graphs that a command traces, one Placement each. */
async function placements(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<[name: string, nodes: number, placement: Placement][]> {
  const folder = mkdtempSync(join(tmpdir(), 'ft-placement-'));
  try {
    execFileSync(process.execPath, args, {
      cwd: ROOT,
      // Graphs over several cards are made over parts of the processor; kernels are asked for cards.
      env: { ...process.env, FT_GRAPHS_FOR: 'card', FT_DEBUG_GRAPHS: folder, FT_CPU_DEVICES: '2', ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const found: [string, number, Placement][] = [];
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.pb'))) {
      const { nodes, functions } = await readNodes(readFileSync(join(folder, file)));
      const name = file.replace(/^\d+-\d+-(.*)\.pb$/, '$1');
      // What fills a table runs once for each of its rows, not in a step.
      const own = nodes.filter((node) => !node.name.startsWith('table/'));
      found.push([name, own.length, placementOf(own, library)]);
      // The body of a loop; its test is one comparison.
      for (const body of functions.filter(({ length }) => length > 1))
        found.push([`${name}, inside the loop`, body.length, placementOf(body, library)]);
    }
    return found;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const rows: string[][] = [];
const unexpected: string[] = [];
const words = (counts: ReadonlyMap<string, number>) => [...counts].map(([name, count]) => `${name} ${count}`).join(', ') || '–';

async function add(title: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, expected = BATCH): Promise<void> {
  for (const [name, nodes, { onHost, crossings }] of await placements(args, env)) {
    if (!name.includes('step')) continue;
    const inside = name.endsWith(', inside the loop');
    const place = inside ? `${title}, inside the loop` : title;
    const may: typeof BATCH = inside ? INSIDE_LOOP : expected;
    rows.push([place, `${nodes}`, words(onHost), words(crossings)]);
    for (const op of onHost.keys()) if (!may.onHost.includes(op)) unexpected.push(`${place}: ${op} on the host`);
    for (const edge of crossings.keys()) if (!may.crossings.includes(edge)) unexpected.push(`${place}: ${edge} is copied`);
  }
}

const STEP = ['--import', 'tsx', 'test/bench/step.ts', '--batch', '4', '--side', '64', '--warm', '0', '--steps', '1'];
for (const network of NETWORKS)
  for (const precision of ['fp32', 'bf16'])
    await add(`${network}, classifier, ${precision}`, [...STEP, '--network', network, '--precision', precision]);
await add('mobilenet-v2, classifier, deterministic', [...STEP, '--network', 'mobilenet-v2'], { TF_DETERMINISTIC_OPS: '1' });
for (const precision of ['fp32', 'bf16'])
  await add(`resnet50-thin, classifier, ${precision}, two cards`, [
    ...STEP,
    ...['--network', 'resnet50-thin', '--precision', precision, '--devices', '2'],
  ]);
const runs = mkdtempSync(join(tmpdir(), 'ft-placement-runs-'));
try {
  const smoke = (...keys: string[]) => [
    ...['src/cli/ft.mjs', 'train', 'smoke', '--runs', runs],
    ...keys.flatMap((key) => ['--set', key]),
  ];
  await add('smoke, each phase', smoke('data.augmentOn=host'));
  await add(
    'smoke, each phase, views on the card',
    smoke(
      'data.augment.crop={area: [0.5, 1]}',
      'data.augment.hue=0.1',
      'data.augment.grey=0.1',
      'data.augment.erase={fill: mean}',
      'classification.mix={mixup: 0.4, cutmix: 1}',
    ),
  );
  await add('smoke, each phase, maps on the card', smoke('data.views=2'));
  await add("smoke, each phase, maps in the machine's memory", smoke('data.views=2'), { FT_CARD_FREE: '1e9' }, TABLES);
  await add('smoke, each phase, several steps a call', smoke('data.augmentOn=host', 'stepsPerCall=4'));
  await add('smoke, each phase, several steps a call, views on the card', smoke('stepsPerCall=4'));
  await add('smoke, each phase, two cards', smoke('devices=[0, 1]'));
} finally {
  rmSync(runs, { recursive: true, force: true });
}

const table = markdown(['step', 'nodes', 'on the host', 'copied'], rows, 0);
writeFileSync(DOCUMENT, replaceSection(readFileSync(DOCUMENT, 'utf8'), 'placement', table));
process.stdout.write(`${table}\n`);
for (const line of unexpected) process.stderr.write(`${line}\n`);
process.exitCode = unexpected.length === 0 ? 0 : 1;
