/**
 * `make bench`: ft's training step beside PyTorch's on this machine, one process after the other, in turns.
 *   make bench                                     everything, and the figures into docs/performance.md
 *   make bench options='--only thin --rounds 5'    one network, more rounds
 *   make bench options='--depths none,conv3'       some depths: printed only
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { terminalProgress } from '../../src/cli/progress.js';
import { textTable } from '../../src/cli/table.js';
import { UserError } from '../../src/errors.js';
import type { Progress } from '../../src/progress.js';
import { writeFileAtomic } from '../../src/runtime/folders.js';
import { TENSORFLOW_VERSION } from '../../src/runtime/native/location.js';
import { inspectHardware } from '../../src/runtime/native/machine.js';
import { type Case, chosenCases, wholeNumber } from './cases.js';
import { lossDifference, type Pair, type StepFigures, summariseCase } from './figures.js';
import type { NetworkName } from './networks.js';
import { cells, type Measured, markdownTable, replaceSection } from './report.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const DOCUMENT = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));

/** glibc's allocator kept from giving pages back after every step: PyTorch's steps gain 25–75 %, TensorFlow's next to nothing. */
const TUNED = {
  MALLOC_MMAP_MAX_: '0',
  MALLOC_TRIM_THRESHOLD_: '40000000000',
  MALLOC_TOP_PAD_: '536870912',
  GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
};

/** Losses of the two engines on equal batches from equal weights may differ by this much, relative, where the work is equal. */
const MOST_DIFFERENT = 1e-4;
/** High enough that five steps move the loss far: what the gradients do is compared, not the forward pass alone. */
const CHECK_RATE: Record<NetworkName, string> = {
  'resnet50-thin': '1e-3',
  resnet50: '1e-4',
  'mobilenet-v1': '3e-2',
  'mobilenet-v2': '3e-2',
  'efficientnet-lite0': '3e-2',
};
const STANDARD = { batch: '64', side: '128', steps: '9' };

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    depths: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    batch: { type: 'string', default: STANDARD.batch },
    side: { type: 'string', default: STANDARD.side },
    steps: { type: 'string', default: STANDARD.steps },
    python: { type: 'string', default: 'python3' },
  },
});

async function measure(engine: StepFigures['engine'], one: Case, settings: Record<string, string>): Promise<StepFigures> {
  const args = Object.entries({ network: one.network, until: one.until, ...settings }).flatMap(([key, value]) => [
    `--${key}`,
    value,
  ]);
  const [command, script, env] =
    engine === 'ft'
      ? [process.execPath, ['--import', 'tsx', `${HERE}step.ts`], {}]
      : [values.python, [`${HERE}peer.py`], { ...TUNED, PYTHONWARNINGS: 'ignore' }];
  const { stdout } = await promisify(execFile)(command, [...script, ...args], { env: { ...process.env, ...env } }).catch(
    (error: Error & { stderr?: string }) => {
      throw new Error(`${engine} on ${one.network}, ${one.words}: ${error.stderr?.trim().slice(-2000) || error.message}`);
    },
  );
  return JSON.parse(stdout) as StepFigures;
}

/** The same small batches from the same weights through both. @throws Error where they do not give the same losses */
async function checkEqualWork(one: Case, progress: Progress): Promise<void> {
  const settings = { batch: '8', side: '64', dropout: '0', warm: '0', steps: '5', rate: CHECK_RATE[one.network] };
  const [ft, pytorch] = [await measure('ft', one, settings), await measure('pytorch', one, settings)];
  const difference = lossDifference(ft.losses, pytorch.losses);
  const words = `${one.network}, ${one.words} frozen: the losses of 5 steps differ by ${difference.toExponential(1)} at most`;
  if (!(difference <= MOST_DIFFERENT) || ft.trainable !== pytorch.trainable) {
    throw new Error(
      `${words}; ft trains ${ft.trainable} numbers, PyTorch ${pytorch.trainable}: not equal work\n` +
        `  ft      ${ft.losses.join(' ')}\n  PyTorch ${pytorch.losses.join(' ')}`,
    );
  }
  progress.line(`${words}, ${ft.trainable.toLocaleString('en-US')} trained numbers in both`);
}

async function rounds(one: Case, count: number, settings: Record<string, string>, progress: Progress): Promise<Measured> {
  const pairs: Pair[] = [];
  const bar = progress.bar(`${one.network}, ${one.words}`, count, 'rounds');
  for (let round = 0; round < count; round++) {
    // Each goes first in turn: what a process leaves behind (heat, page cache) meets both alike.
    const first = round % 2 === 0 ? 'ft' : 'pytorch';
    const a = await measure(first, one, settings);
    const b = await measure(first === 'ft' ? 'pytorch' : 'ft', one, settings);
    pairs.push(first === 'ft' ? { ft: a, pytorch: b } : { ft: b, pytorch: a });
    bar.advance(1);
  }
  const figures = summariseCase(pairs);
  bar.done(
    `${one.network}, ${one.words} frozen: ft ${figures.imagesPerSecond.ft.toFixed(1)}, PyTorch ` +
      `${figures.imagesPerSecond.pytorch.toFixed(1)} images/s, ratio ${figures.ratio.median.toFixed(2)}`,
  );
  return { one, figures };
}

async function machine(): Promise<string> {
  const { cpu, features, threads, memoryBytes } = await inspectHardware();
  const python = await promisify(execFile)(values.python, ['-c', 'import torch; print(torch.__version__)']);
  return (
    `${cpu}, ${threads} threads (${features.join(', ')}), ${(memoryBytes / 2 ** 30).toFixed(0)} GiB; ` +
    `TensorFlow ${TENSORFLOW_VERSION}, PyTorch ${python.stdout.trim()}, Node ${process.versions.node}`
  );
}

async function main(): Promise<void> {
  const progress = terminalProgress(process.stderr);
  const cases = chosenCases(values.only, values.depths);
  const count = wholeNumber(values.rounds, '--rounds');
  const settings = Object.fromEntries(
    (['batch', 'side', 'steps'] as const).map((key) => [key, String(wholeNumber(values[key], `--${key}`))]),
  );
  const about = await machine();
  progress.line(about);
  const networks = [...new Set(cases.map(({ network }) => network))];
  for (const network of networks) await checkEqualWork(cases.find((one) => one.network === network) as Case, progress);
  const measured: Measured[] = [];
  for (const one of cases) measured.push(await rounds(one, count, settings, progress));

  const whole =
    values.depths === undefined &&
    Object.entries(STANDARD).every(([key, value]) => values[key as keyof typeof STANDARD] === value);
  let document = await readFile(DOCUMENT, 'utf8');
  for (const network of networks) {
    const own = measured.filter(({ one }) => one.network === network);
    const { titles, rows } = cells(own);
    const columns = titles.map((title, column) => ({ title, align: column === 0 ? ('left' as const) : ('right' as const) }));
    process.stdout.write(`\n${network}\n\n${textTable(columns, rows)}\n`);
    const date = new Date().toISOString().slice(0, 10);
    document = replaceSection(
      document,
      network,
      `${markdownTable(own)}\n\n${date}, ${count} ${count === 1 ? 'round' : 'rounds'}: ${about}.`,
    );
  }
  if (whole) await writeFileAtomic(DOCUMENT, document);
  process.stdout.write(
    whole ? '\nwritten to docs/performance.md\n' : '\nnot written down: a part, or other sizes than the standard ones\n',
  );
}

await main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof UserError ? error.message : ((error as Error).stack ?? error)}\n`);
  process.exitCode = error instanceof UserError ? 2 : 1;
});
