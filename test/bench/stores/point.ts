/**
 * One candidate at one size, in a process of its own, so that its peak memory is its own. Prints one line of JSON.
 *   tsx test/bench/stores/point.ts build PACKAGES FOLDER 'usearch, HNSW f32' 10000
 *   tsx test/bench/stores/point.ts query …         opens what was built
 *   tsx test/bench/stores/point.ts append …        adds rows, says so, and waits to be killed
 *   tsx test/bench/stores/point.ts count …
 */
import { CANDIDATES, packagesIn } from './candidates.js';
import { DIMENSIONS, vectors } from './vectors.js';

const BATCH = 10_000;
const QUERIES = 100;
const TOP = 10;
const APPENDED = 50;

const [mode, packages, folder, name, size] = process.argv.slice(2) as [string, string, string, string, string];
const rows = Number(size);
const candidate = CANDIDATES.find((one) => one.name === name);
if (candidate === undefined) throw new Error(`no candidate ${name}`);
const print = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
/** Of the processor, all threads together: on a machine that others use, the clock says more about them than about the store. */
const spent = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
const seconds = async (work: () => Promise<unknown>) => {
  const began = spent();
  await work();
  return spent() - began;
};
const peakMiB = () => process.resourceUsage().maxRSS / 1024;

const began = spent();
const store = await candidate.open(folder, packagesIn(packages), rows);
const open = spent() - began;
if (mode === 'build') {
  let build = 0;
  for (let first = 0; first < rows; first += BATCH) {
    const batch = vectors(rows, first, Math.min(BATCH, rows - first));
    build += await seconds(() => store.add(first, batch));
  }
  build += await seconds(() => store.finish());
  const peak = peakMiB();
  build += await seconds(() => store.close());
  print({ build, peakMiB: peak });
} else if (mode === 'query') {
  const queries = vectors(rows, rows, QUERIES);
  const query = (i: number) => queries.slice(i * DIMENSIONS, (i + 1) * DIMENSIONS);
  // The first one reads what later ones find in memory.
  const first = await seconds(() => store.nearest(query(0), TOP));
  const found: number[][] = [];
  const time = await seconds(async () => {
    for (let i = 0; i < QUERIES; i++) found.push(await store.nearest(query(i), TOP));
  });
  print({ open: open + first, query: time / QUERIES, found, peakMiB: peakMiB() });
  await store.close();
} else if (mode === 'append') {
  const before = await store.count();
  const added = vectors(rows, 2 * rows, APPENDED);
  const time = await seconds(async () => {
    for (let i = 0; i < APPENDED; i++) {
      await store.add(2 * rows + i, added.slice(i * DIMENSIONS, (i + 1) * DIMENSIONS));
    }
  });
  print({ before, added: APPENDED, add: time / APPENDED });
  // Killed from outside, with nothing closed.
  setInterval(() => {}, 1000);
} else {
  print({ count: await store.count() });
  await store.close();
}
