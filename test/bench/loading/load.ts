/**
 * Loads a network with ft in a process of its own, so that peak memory belongs to it, and prints one line of JSON. Time and memory count
 * from when ft is there, as load.py's do from when its library is.
 *   tsx test/bench/loading/load.ts PATH
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { networkFromFile } from '../../../src/backbones/from-file.js';
import { silent } from '../../../src/progress.js';

const memory = (key: string) =>
  Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;

const [path = ''] = process.argv.slice(2);
writeFileSync('/proc/self/clear_refs', '5');
const before = memory('VmRSS');
const [began, busy] = [performance.now(), process.cpuUsage()];
const { network } = await networkFromFile(path, { progress: silent, classifier: true });
const seconds = (performance.now() - began) / 1000;
const { user, system } = process.cpuUsage(busy);
const numbers = [...network.variables.values()].reduce((sum, { values }) => sum + values.length, 0);
process.stdout.write(
  `${JSON.stringify({
    seconds,
    work: (user + system) / 1e6,
    grownMiB: memory('VmHWM') - before,
    peakMiB: process.resourceUsage().maxRSS / 1024,
    numbers,
  })}\n`,
);
