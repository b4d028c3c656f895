/** `make exports`: what ft exports in the hands of those who take it, and what each export weighs; the tables of docs/exports.md. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { terminalProgress } from '../../src/cli/progress.js';
import { KERAS_FILE } from '../../src/export/keras.js';
import { BACKBONE_FILE } from '../../src/export/safetensors.js';
import { reload } from '../../src/run/exports/reload.js';
import { writeFileAtomic } from '../../src/runtime/folders.js';
import { openTensors } from '../../src/weights/open.js';
import { replaceSection } from '../bench/report.js';
import { CASES, SIDE } from './cases.js';
import { consume, FORMS, formName, type Written, writeCase } from './consumers.js';
import { type Cost, consumersTable, costsTable, type Measured } from './table.js';

const DOCUMENT = fileURLToPath(new URL('../../docs/exports.md', import.meta.url));
const ROUNDS = 5;

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** Seconds until an export is loaded, and until it has given its first embedding. */
async function timed(
  { format }: (typeof FORMS)[number],
  folder: string,
  pixels: Uint8Array,
): Promise<{ loaded: number; answered: number | null }> {
  const began = performance.now();
  const since = () => (performance.now() - began) / 1000;
  if (format === 'keras' || format === 'safetensors') {
    const tensors = await openTensors(join(folder, format === 'keras' ? KERAS_FILE : BACKBONE_FILE));
    for (const tensor of tensors.values()) tensor.values();
    return { loaded: since(), answered: null };
  }
  const model = await reload(format, folder, 'embedding');
  const loaded = since();
  await model.run(pixels.subarray(0, SIDE * SIDE * 3), SIDE);
  const answered = since();
  await model.close();
  return { loaded, answered };
}

async function costsOf(network: string, { place, pixels }: Written): Promise<Cost[]> {
  const costs = FORMS.map((form) => ({ form, loaded: [] as number[], answered: [] as number[] }));
  // One round before the others brings files and libraries into memory.
  for (let round = -1; round < ROUNDS; round++)
    for (const cost of round % 2 === 0 ? costs : costs.toReversed()) {
      const { loaded, answered } = await timed(cost.form, place(formName(cost.form)), pixels);
      if (round < 0) continue;
      cost.loaded.push(loaded);
      if (answered !== null) cost.answered.push(answered);
    }
  return costs.map(({ form, loaded, answered }) => ({
    network,
    format: formName(form),
    bytes: sizeOf(place(formName(form))),
    loaded,
    answered,
  }));
}

const progress = terminalProgress(process.stderr);
const names = Object.keys(CASES);
const bar = progress.bar('exports', names.length, 'networks');
const measured: Measured[] = [];
const costs: Cost[] = [];
for (const name of names) {
  const folder = mkdtempSync(join(tmpdir(), 'ft-exports-'));
  try {
    const one = await (CASES[name] as (typeof CASES)[string])();
    const written = await writeCase(one, folder);
    if (one.whole) costs.push(...(await costsOf(name, written)));
    measured.push({ name, figures: (await consume(one, written)).figures });
    bar.advance(1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
bar.done();
const sections = { consumers: consumersTable(measured), sizes: costsTable(costs) };
let document = await readFile(DOCUMENT, 'utf8');
for (const [name, text] of Object.entries(sections)) document = replaceSection(document, name, text);
await writeFileAtomic(DOCUMENT, document);
process.stdout.write(`${Object.values(sections).join('\n\n')}\n`);
