/**
 * `make loading`: ResNet-50 from a file of every format, by ft and by the library whose format it is, each in a process of its own, in turns;
 * the figures into docs/performance.md.
 *   make loading options='--rounds 5 --only onnx'     a part: printed only
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { terminalProgress } from '../../src/cli/progress.js';
import { textTable } from '../../src/cli/table.js';
import { writeFileAtomic } from '../../src/runtime/folders.js';
import { inspectHardware } from '../../src/runtime/native/machine.js';
import { wholeNumber } from './cases.js';
import { LOADING, type LoadingCase } from './loading/cases.js';
import { type Loaded, type LoadingFigures, type LoadingRound, loadingRows } from './loading/figures.js';
import { markdown, replaceSection } from './report.js';

const DOCUMENT = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));
const here = (name: string) => fileURLToPath(new URL(`loading/${name}`, import.meta.url));

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string' },
    /** With torch, torchvision, safetensors and onnx; with TensorFlow and Keras; with tensorflowjs and its older TensorFlow. */
    pytorch: { type: 'string', default: 'python3' },
    tensorflow: { type: 'string', default: 'python3' },
    tensorflowjs: { type: 'string', default: 'python3' },
  },
});
const rounds = wholeNumber(values.rounds, '--rounds');

async function call(command: string, args: readonly string[]): Promise<{ stdout: string; seconds: number }> {
  const began = performance.now();
  const env = { ...process.env, PYTHONWARNINGS: 'ignore', PYTHONDONTWRITEBYTECODE: '1' };
  const { stdout } = await promisify(execFile)(command, args, { env, maxBuffer: 1 << 26 }).catch(
    (error: Error & { stderr?: string }) => {
      throw new Error(error.stderr?.trim().slice(-2000) || error.message);
    },
  );
  return { stdout, seconds: (performance.now() - began) / 1000 };
}

async function loaded(command: string, args: readonly string[]): Promise<Loaded> {
  const { stdout, seconds } = await call(command, args);
  return { ...(JSON.parse(stdout.trim().split('\n').at(-1) as string) as Omit<Loaded, 'wholeSeconds'>), wholeSeconds: seconds };
}

async function sizeOf(folder: string, file: string): Promise<number> {
  const path = join(folder, file);
  if (!(await stat(path)).isDirectory()) return (await stat(path)).size;
  const sizes = (await readdir(path)).map((name) => sizeOf(path, name));
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

async function measure(one: LoadingCase, folder: string): Promise<LoadingFigures> {
  const path = join(folder, one.file);
  const sides = {
    ft: () => loaded(process.execPath, ['--import', 'tsx', here('load.ts'), path]),
    peer: () => loaded(values[one.peer.python], [here('load.py'), one.peer.loader, path]),
  };
  const measured: LoadingRound[] = [];
  // Each goes first in turn; one round before them brings the file into the page cache for both.
  for (let round = -1; round < rounds; round++) {
    const first = round % 2 === 0 ? await sides.ft() : undefined;
    const peer = await sides.peer();
    const ft = first ?? (await sides.ft());
    if (round >= 0) measured.push({ ft, peer });
  }
  return { one, fileMiB: (await sizeOf(folder, one.data ?? one.file)) / 2 ** 20, rounds: measured };
}

const progress = terminalProgress(process.stderr);
const folder = mkdtempSync(join(tmpdir(), 'ft-loading-'));
try {
  const cases = LOADING.filter(({ file }) => values.only === undefined || file.includes(values.only));
  await call(values.pytorch, [here('files_torch.py'), folder]);
  await call(values.tensorflow, [here('files_tensorflow.py'), folder]);
  await call(values.tensorflowjs, [here('files_tensorflowjs.py'), folder]);
  const measured: LoadingFigures[] = [];
  const bar = progress.bar('loading', cases.length, 'formats');
  for (const one of cases) {
    measured.push(await measure(one, folder));
    bar.advance(1, one.words);
  }
  bar.done();
  const { titles, rows } = loadingRows(measured);
  const columns = titles.map((title, at) => ({ title, align: at < 2 ? ('left' as const) : ('right' as const) }));
  process.stdout.write(`\n${textTable(columns, rows)}\n`);
  if (cases.length === LOADING.length) {
    const { cpu, threads, memoryBytes } = await inspectHardware();
    const date = new Date().toISOString().slice(0, 10);
    const foot = `${date}, ${rounds} rounds: ${cpu}, ${threads} threads, ${(memoryBytes / 2 ** 30).toFixed(0)} GiB.`;
    const text = `${markdown(titles, rows, 0)}\n\n${foot}`;
    await writeFileAtomic(DOCUMENT, replaceSection(await readFile(DOCUMENT, 'utf8'), 'loading', text));
    process.stdout.write('\nwritten to docs/performance.md\n');
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
