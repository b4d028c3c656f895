/**
 * `make stores`: the embedded vector stores that were weighed up, at 10⁴ to 10⁶ vectors, and the figures into docs/stores.md.
 *   make stores options='--sizes 10000 --only usearch'     some of it; without --only it is written to the document
 *   make stores options=--kept                             writes what a run that was cut off has measured so far
 * Each row is kept in .cache/stores.jsonl as it ends, so a run that was cut off goes on where it was. A candidate that did not end
 * at one size is not tried at a larger one.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { copyFile, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { terminalProgress } from '../../src/cli/progress.js';
import { textTable } from '../../src/cli/table.js';
import { crc32 } from '../../src/data/checksum.js';
import { cacheFolder, createFolderAtomic, writeFileAtomic } from '../../src/runtime/folders.js';
import { inspectHardware } from '../../src/runtime/native/machine.js';
import { markdown, replaceSection } from './report.js';
import { CANDIDATES, type Candidate, leftOut, packagesIn } from './stores/candidates.js';
import { type Kept, keptIn } from './stores/kept.js';

const DOCUMENT = fileURLToPath(new URL('../../docs/stores.md', import.meta.url));
const POINT = fileURLToPath(new URL('stores/point.ts', import.meta.url));
const PACKAGES = fileURLToPath(new URL('stores/packages.json', import.meta.url));
const KEPT = fileURLToPath(new URL('../../.cache/stores.jsonl', import.meta.url));
/** A process that takes longer is ended, and the candidate given up: a minute, and two milliseconds for each vector. */
const boundMs = (size: number) => 60_000 + 2 * size;

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10000,100000,1000000' },
    only: { type: 'string', default: '' },
    kept: { type: 'boolean', default: false },
  },
});
const sizes = values.sizes.split(',').map(Number);
const whole = values.only === '';

/** The candidates' packages, installed once for this content of their package.json. */
async function installed(): Promise<string> {
  const bytes = await readFile(PACKAGES);
  const folder = cacheFolder(`stores-${crc32(bytes)}`);
  if (await stat(folder).catch(() => null)) return folder;
  await createFolderAtomic(folder, async (part) => {
    await copyFile(PACKAGES, join(part, 'package.json'));
    execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: part,
      stdio: 'inherit',
    });
  });
  return folder;
}

const folderOfPackages = await installed();
const argumentsOf = (mode: string, folder: string, { name }: Candidate, size: number) =>
  ['--import', 'tsx', POINT, mode, folderOfPackages, folder, name, String(size)] as const;

async function point<T>(mode: string, folder: string, candidate: Candidate, size: number): Promise<T> {
  const options = { timeout: boundMs(size), killSignal: 'SIGKILL', maxBuffer: 1 << 26 } as const;
  const { stdout } = await promisify(execFile)(process.execPath, argumentsOf(mode, folder, candidate, size), options);
  return JSON.parse(stdout.trim().split('\n').at(-1) as string) as T;
}

/** Adds rows one by one, and kills the process (-9) once it says that they are added. */
async function appended(folder: string, candidate: Candidate, size: number) {
  const child = spawn(process.execPath, argumentsOf('append', folder, candidate, size), { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      return JSON.parse(line) as { before: number; added: number; add: number };
    }
    throw new Error('it ended before it had added');
  } finally {
    child.kill('SIGKILL');
    await new Promise((resolve) =>
      child.exitCode === null && child.signalCode === null ? child.once('exit', resolve) : resolve(null),
    );
  }
}

async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => stat(join(entry.parentPath ?? entry.path, entry.name)));
  return (await Promise.all(files)).reduce((sum, { size }) => sum + size, 0);
}

interface Figures {
  readonly size: number;
  readonly name: string;
  readonly recall: number;
  readonly build: number;
  readonly open: number;
  readonly query: number;
  readonly add: number;
  readonly peakMiB: number;
  readonly diskMiB: number;
  readonly lost: number;
}

interface Queried {
  readonly open: number;
  readonly query: number;
  readonly found: number[][];
  readonly peakMiB: number;
}

/** @param truth the exact search's answers at this size, or null where this is the exact search */
async function measure(candidate: Candidate, size: number, truth: Kept<Figures>['truth'] | null): Promise<[Figures, number[][]]> {
  const base = await mkdtemp(join(tmpdir(), 'ft-stores-'));
  const folder = join(base, 'store');
  try {
    const built = await point<{ build: number; peakMiB: number }>('build', folder, candidate, size);
    const diskMiB = (await bytesBelow(folder)) / 2 ** 20;
    const queried = await point<Queried>('query', folder, candidate, size);
    const { before, added, add } = await appended(folder, candidate, size);
    const { count } = await point<{ count: number }>('count', folder, candidate, size);
    const right = truth ?? queried.found;
    const hits = queried.found.map((rows, i) => rows.filter((row) => right[i]?.includes(row)).length);
    const recall = hits.reduce((sum, n) => sum + n, 0) / right.flat().length;
    const figures = {
      size,
      name: candidate.name,
      recall,
      build: built.build,
      open: queried.open,
      query: queried.query,
      add,
      peakMiB: Math.max(built.peakMiB, queried.peakMiB),
      diskMiB,
      lost: before + added - count,
    };
    return [figures, queried.found];
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

const TITLES = [
  'vectors',
  'store',
  'recall@10',
  'query',
  'build',
  'open',
  'add one',
  'peak, MiB',
  'disk, MiB',
  'lost by kill -9',
];
const ratio = (value: number) => (value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toPrecision(1));

/** Processor time as multiples of one exact query's at that size, in the same run. */
function row(one: Figures, unit: number): string[] {
  const times = [one.query, one.build, one.open, one.add].map((time) => ratio(time / unit));
  const sizes = [one.peakMiB.toFixed(0), one.diskMiB.toFixed(0)];
  return [
    one.size.toLocaleString('en'),
    one.name,
    one.recall.toFixed(3),
    ...times,
    ...sizes,
    one.lost === 0 ? 'none' : String(one.lost),
  ];
}

const progress = terminalProgress(process.stderr);
const kept = await keptIn<Figures>(whole ? KEPT : join(tmpdir(), `ft-stores-${process.pid}.jsonl`));
const [exact, ...others] = CANDIDATES as [Candidate, ...Candidate[]];

async function resultOf(candidate: Candidate, size: number, truth: Kept<Figures>['truth'] | null): Promise<Kept<Figures>> {
  const { name } = candidate;
  try {
    const [figures, found] = await measure(candidate, size, truth ?? null);
    return { size, name, figures, ...(truth === null ? { truth: found } : {}) };
  } catch (error) {
    if (truth === null) throw error;
    const { signal, stderr } = error as { signal?: string; stderr?: string };
    progress.line(`${name}, ${size}: ${signal ?? stderr?.trim().slice(-600) ?? (error as Error).message}`);
    return { size, name, figures: null };
  }
}

const rows: string[][] = [];
for (const size of sizes) {
  let unit = 1;
  let truth: Kept<Figures>['truth'] | null = null;
  for (const candidate of [exact, ...others.filter(({ name }) => name.includes(values.only))]) {
    const { name } = candidate;
    if (kept.all.some((one) => one.name === name && one.figures === null && one.size < size)) continue;
    if (kept.of(size, name) === undefined && values.kept) continue;
    if (kept.of(size, name) === undefined) await kept.add(await resultOf(candidate, size, truth));
    const { figures, truth: found } = kept.of(size, name) as Kept<Figures>;
    if (candidate === exact) {
      unit = figures?.query as number;
      truth = found as Kept<Figures>['truth'];
      progress.line(`${size}: one exact query ${(unit * 1000).toFixed(1)} ms`);
    }
    rows.push(
      figures === null ? [size.toLocaleString('en'), name, 'did not end', ...TITLES.slice(3).map(() => '–')] : row(figures, unit),
    );
    progress.line((rows.at(-1) as string[]).join('  '));
  }
}
process.stdout.write(
  `${textTable(
    TITLES.map((title) => ({ title, align: 'right' })),
    rows,
  )}\n`,
);
if (whole) {
  const { cpu, threads, memoryBytes } = await inspectHardware();
  const machine = `${cpu}, ${threads} threads, ${(memoryBytes / 2 ** 30).toFixed(0)} GiB, Node ${process.versions.node}`;
  const out = leftOut(packagesIn(folderOfPackages)).map(([name, why]) => `${name}: ${why}`);
  const absent =
    out.length === 0
      ? 'Every package loads with install scripts off.'
      : `Does not load with install scripts off: ${out.join('; ')}.`;
  const text = `${markdown(TITLES, rows, 1)}\n\n${absent}\n\n${new Date().toISOString().slice(0, 10)}: ${machine}.`;
  await writeFileAtomic(DOCUMENT, replaceSection(await readFile(DOCUMENT, 'utf8'), 'embedded', text));
  process.stdout.write('\nwritten to docs/stores.md\n');
}
if (!values.kept) await kept.clear();
