/**
 * Measures one size of one case of growth in a process of its own, so that its peak memory is its own, and prints one line of JSON.
 *   tsx test/bench/growth-point.ts retrieval 10000
 */
import { GROWTH } from './growth-cases.js';
import type { Point } from './growth-figures.js';

/** Runs until so many seconds are spent, three at least; of one that takes long, the first is enough. */
const ENOUGH = 1;
const LONG = 10;

const [name, size] = process.argv.slice(2);
const one = GROWTH.find((known) => known.name === name);
if (one === undefined) throw new Error(`no growth of '${name}': ${GROWTH.map((known) => known.name).join(', ')}`);
const run = await one.prepare(Number(size));
const seconds: number[] = [];
const work: number[] = [];
const spent = () => seconds.reduce((sum, time) => sum + time, 0);
do {
  const began = performance.now();
  const before = process.cpuUsage();
  run();
  seconds.push((performance.now() - began) / 1000);
  const { user, system } = process.cpuUsage(before);
  work.push((user + system) / 1e6);
} while (spent() < LONG && (seconds.length < 3 || spent() < ENOUGH));
const point: Point = {
  size: Number(size),
  seconds: Math.min(...seconds),
  work: Math.min(...work),
  peakMiB: process.resourceUsage().maxRSS / 1024,
};
process.stdout.write(`${JSON.stringify(point)}\n`);
