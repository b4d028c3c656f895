/**
 * `make growth`: how time and memory grow with the batch, the classes, the pairs and the images, each size in a process of its own, and the
 * figures into docs/growth.md.
 *   make growth only='pairs retrieval'     some of it alone
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { terminalProgress } from '../../src/cli/progress.js';
import { textTable } from '../../src/cli/table.js';
import { choose } from '../../src/errors.js';
import type { Progress } from '../../src/progress.js';
import { writeFileAtomic } from '../../src/runtime/folders.js';
import { inspectHardware } from '../../src/runtime/native/machine.js';
import { GROWTH } from './growth-cases.js';
import { type Growth, type GrowthFigures, growthRows, type Point, verdict } from './growth-figures.js';
import { markdown, replaceSection } from './report.js';

const DOCUMENT = fileURLToPath(new URL('../../docs/growth.md', import.meta.url));
const POINT = fileURLToPath(new URL('growth-point.ts', import.meta.url));

/** The points of a case up to the first that does not run, most likely for want of memory. */
async function measure(growth: Growth, progress: Progress): Promise<GrowthFigures> {
  const points: Point[] = [];
  const bar = progress.bar(growth.words, growth.sizes.length, 'sizes');
  for (const size of growth.sizes) {
    try {
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', POINT, growth.name, String(size)]);
      points.push(JSON.parse(stdout) as Point);
      bar.advance(1);
    } catch (error) {
      const { signal, stderr = '' } = error as { signal?: string; stderr?: string };
      progress.line(`${growth.name} ${size} did not run: ${signal ?? stderr.trim().slice(-500)}`);
      break;
    }
  }
  const figures = { growth, points };
  bar.done(`${growth.name}: ${verdict(figures)}`);
  return figures;
}

const progress = terminalProgress(process.stderr);
const known = new Map(GROWTH.map((one) => [one.name, one]));
const asked = process.argv.slice(2).map((name) => choose(known, name, 'growth', 'arguments'));
const { cpu, threads, memoryBytes } = await inspectHardware();
const machine = `${cpu}, ${threads} threads, ${(memoryBytes / 2 ** 30).toFixed(0)} GiB`;
for (const growth of asked.length > 0 ? asked : GROWTH) {
  const figures = await measure(growth, progress);
  const { titles, rows } = growthRows(figures.points);
  process.stdout.write(
    `\n${growth.words}\n\n${textTable(
      titles.map((title) => ({ title, align: 'right' })),
      rows,
    )}\n`,
  );
  const date = new Date().toISOString().slice(0, 10);
  const text = `${markdown(titles, rows)}\n\n${verdict(figures)} ${date}: ${machine}.`;
  // After each, so that what was measured stays when the rest is stopped.
  await writeFileAtomic(DOCUMENT, replaceSection(await readFile(DOCUMENT, 'utf8'), growth.name, text));
}
process.stdout.write('\nwritten to docs/growth.md\n');
