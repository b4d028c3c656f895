/**
 * `make backbones`: every network in every format that its weights come in, family by family, and the table into docs/backbones.md. What was
 * found is kept in cells.json, so that a call which was broken off goes on, and a row can be made anew alone.
 *   make backbones only='resnet|vgg'       these families alone
 *   make backbones only=resnet again=1     though nothing of them has changed
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { families } from '../../src/backbones/families.js';
import { replaceSection } from '../bench/report.js';
import { readCells } from './cells.js';
import { NOT_RUN, section, table } from './table.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DOCUMENT = `${ROOT}docs/backbones.md`;

const [only = '', again = ''] = process.argv.slice(2);
const chosen = families.filter(({ name }) => new RegExp(`^(${only || '.*'})$`).test(name));
if (chosen.length === 0) {
  process.stderr.write(`ft: no family is called ${only}\n  expected: ${families.map(({ name }) => name).join(', ')}\n`);
  process.exit(2);
}
let failed = false;
for (const { name } of chosen) {
  const tests = ['test/backbones/families.verify.ts', 'test/backbones/formats.verify.ts'];
  // One after the other: both write cells.
  const { status } = spawnSync(`${ROOT}node_modules/.bin/vitest`, ['run', ...tests, '--no-file-parallelism'], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, FT_TESTS: 'verify', FT_CELLS: again === '' ? 'record' : 'again', FT_FAMILY: name },
  });
  if (status === null) process.exit(130);
  failed ||= status !== 0;
  writeFileSync(DOCUMENT, replaceSection(readFileSync(DOCUMENT, 'utf8'), 'formats', section(readCells())));
}
const missing = table(readCells()).rows.filter((row) => row.includes(NOT_RUN));
for (const [family, format] of missing) process.stdout.write(`${family}, ${format}: not all of it has run\n`);
process.exit(failed ? 1 : 0);
