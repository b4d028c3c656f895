/**
 * `make serving`: ft serve under load, beside one client, and beside FastAPI before the same model; every answer is compared.
 *   make serving                                            resnet50-thin and EfficientNet-Lite0, 64 clients
 *   make serving options='--recipes efficientnet-semihard --precision bf16 --rounds 5'
 *   make serving options='--minutes 10'                     64 clients for ten minutes: answers, memory
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { textTable } from '../../src/cli/table.js';
import { load, type Served } from './serving/load.js';
import { type MadeRun, makeRun } from './serving/made-run.js';

const { values } = parseArgs({
  options: {
    recipes: { type: 'string', default: 'resnet-semihard,efficientnet-semihard' },
    side: { type: 'string', default: '128' },
    clients: { type: 'string', default: '64' },
    /** Of each load. */
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    images: { type: 'string', default: '64' },
    batch: { type: 'string', default: '32' },
    precision: { type: 'string', default: 'fp32' },
    /** An interpreter with test/bench/serving/requirements.txt; without it ft is measured alone. */
    python: { type: 'string' },
    /** Saturates ft for so long in place of the comparison. */
    minutes: { type: 'string' },
  },
});
const CLIENTS = Number(values.clients);
/** Of a number of an embedding. Batches of other sizes may round otherwise; bf16 rounds; Pillow decodes and TensorFlow resizes otherwise. */
const TOLERANCE = { ft: values.precision === 'fp32' ? 1e-4 : 0.05, python: 0.05 };
const FT = fileURLToPath(new URL('../../src/cli/ft.mjs', import.meta.url));
const PEER = fileURLToPath(new URL('serving/fastapi_peer.py', import.meta.url));

interface Contender {
  readonly name: 'ft' | 'python';
  readonly url: string;
  readonly child: ChildProcess;
}

/** Starts a server and waits for the line in which it says where it listens. */
async function start(name: Contender['name'], command: string, args: readonly string[], urlOf: (line: string) => string) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let err = '';
  child.stderr.on('data', (part) => (err = (err + String(part)).slice(-2000)));
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (part) => resolve(String(part)));
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}: ${err}`)));
  });
  return { name, url: urlOf(line), child };
}

const startFt = ({ run }: MadeRun) =>
  start(
    'ft',
    process.execPath,
    [FT, 'serve', run, '--port', '0', '--store', 'memory:', '--json', '--batch', values.batch, '--precision', values.precision],
    (line) => (JSON.parse(line) as { url: string }).url,
  );

const startPython = (python: string, { savedModel }: MadeRun) =>
  start('python', python, [PEER, savedModel], (line) => `http://127.0.0.1:${line.trim()}`);

/** Images and batches that a server of ft's has computed so far. */
async function batches({ name, url }: Contender): Promise<{ images: number; count: number }> {
  if (name !== 'ft') return { images: 0, count: 0 };
  const text = await (await fetch(`${url}/metrics`)).text();
  const figure = (key: string) => Number(new RegExp(`^${key} (\\S+)`, 'm').exec(text)?.[1]);
  return { images: figure('ft_batch_images_sum'), count: figure('ft_batch_images_count') };
}

async function end({ child }: Contender): Promise<void> {
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exited;
}

const rate = ({ images, seconds }: Served) => images / seconds;
const quantile = ({ latencies }: Served, share: number) =>
  latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))] as number;

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] as number) + (sorted[sorted.length >> 1] as number)) / 2;
}

/** All loads in turn, round by round, so that what else the machine does meets all alike. */
async function compare(recipe: string, made: MadeRun): Promise<void> {
  const contenders = [await startFt(made), ...(values.python === undefined ? [] : [await startPython(values.python, made)])];
  const measured = new Map<string, Served[]>();
  const together: string[] = [];
  try {
    for (let round = -1; round < Number(values.rounds); round++) {
      for (const contender of round % 2 === 0 ? contenders : contenders.toReversed())
        for (const clients of [1, CLIENTS]) {
          const { name, url } = contender;
          const before = await batches(contender);
          const seconds = round < 0 ? 2 : Number(values.seconds);
          const served = await load(url, made.images, made.expected, { clients, seconds }, TOLERANCE[name]);
          const { images, count } = await batches(contender);
          if (name === 'ft' && clients > 1 && round >= 0)
            together.push(((images - before.images) / (count - before.count)).toFixed(1));
          if (round >= 0) measured.set(`${name} ${clients}`, [...(measured.get(`${name} ${clients}`) ?? []), served]);
        }
    }
  } finally {
    for (const contender of contenders) await end(contender);
  }
  const of = (name: string, clients: number) => measured.get(`${name} ${clients}`) ?? [];
  const rows = contenders.flatMap(({ name }) =>
    [1, CLIENTS].map((clients) => {
      const rounds = of(name, clients);
      const speed = median(rounds.map(rate));
      return [
        ...[name, String(clients), speed.toFixed(1)],
        (speed / median(of(name, 1).map(rate))).toFixed(2),
        ...[0.5, 0.99].map((share) => median(rounds.map((served) => quantile(served, share))).toFixed(1)),
        Math.max(...rounds.map((served) => served.largestDifference)).toExponential(1),
        String(rounds.reduce((sum, served) => sum + served.images, 0)),
      ];
    }),
  );
  const right = (title: string) => ({ title, align: 'right' as const });
  const titles = ['clients', 'images/s', '× one by one', 'p50 ms', 'p99 ms', 'off by', 'answers'].map(right);
  print(`\n${recipe}, ${values.side} px, ${values.precision}, medians of ${values.rounds} rounds\n`);
  print(textTable([{ title: '' }, ...titles], rows));
  print(`images a batch at ${CLIENTS} clients, round by round: ${together.join(', ')}`);
  if (contenders.length > 1)
    for (const clients of [1, CLIENTS]) {
      const ratios = of('ft', clients).map((served, round) => rate(served) / rate(of('python', clients)[round] as Served));
      print(`ft / python at ${clients}: ${median(ratios).toFixed(2)} (rounds ${ratios.map((one) => one.toFixed(2)).join(', ')})`);
    }
}

async function saturate(recipe: string, made: MadeRun, minutes: number): Promise<void> {
  const ft = await startFt(made);
  const memory = async () => {
    const text = await (await fetch(`${ft.url}/metrics`)).text();
    return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1]) / 2 ** 20;
  };
  try {
    print(`\n${recipe}, ${values.side} px, ${values.precision}: ${CLIENTS} clients for ${minutes} minutes\n`);
    const parts = 10;
    for (let part = 0; part < parts; part++) {
      const seconds = (minutes * 60) / parts;
      const served = await load(ft.url, made.images, made.expected, { clients: CLIENTS, seconds }, TOLERANCE.ft);
      print(
        `${served.images} answers, all right (off by ${served.largestDifference.toExponential(1)} at most), ${served.refused} told to come again, ` +
          `p50 ${quantile(served, 0.5).toFixed(0)} ms, p99 ${quantile(served, 0.99).toFixed(0)} ms, ${(await memory()).toFixed(0)} MiB`,
      );
    }
  } finally {
    await end(ft);
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

for (const recipe of values.recipes.split(',')) {
  const root = mkdtempSync(join(tmpdir(), 'ft-bench-serve-'));
  try {
    const made = await makeRun(root, recipe, Number(values.side), Number(values.images));
    if (values.minutes === undefined) await compare(recipe, made);
    else await saturate(recipe, made, Number(values.minutes));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
