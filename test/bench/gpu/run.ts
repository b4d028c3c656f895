/**
 * `make bench-gpu`: ft beside PyTorch on an NVIDIA card, one process after the other, in turns; the tables into docs/gpu.md, a row as soon as it is
 * measured. What was measured is kept, so that a call which was stopped goes on.
 *   make bench-gpu                                                        all of it
 *   make bench-gpu options='--only resnet50 --ways ft-xla,pytorch-graphs'  a part; the rows of the others stay
 *   make bench-gpu options='--again'                                      from the beginning
 *   make bench-gpu options='--device cpu --tiny'                          without a card: tries the benchmark itself, writes nothing down
 */
import { execFile, execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { terminalProgress } from '../../../src/cli/progress.js';
import { UserError } from '../../../src/errors.js';
import { writeFileAtomic } from '../../../src/runtime/folders.js';
import { TENSORFLOW_VERSION } from '../../../src/runtime/native/location.js';
import { someOf, wholeNumber } from '../cases.js';
import { openContenders, type Settings } from '../contenders.js';
import { replaceSection } from '../report.js';
import { openCard, watchingMemory } from './card.js';
import { CASES, GPU_KINDS, GPU_NETWORKS, TINY, WAY_NAMES } from './cases.js';
import { checkGpuWork, type GpuPlan, leftOf, measureGpuCase } from './measure.js';
import { openState } from './state.js';
import { gpuSection } from './tables.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const DOCUMENT = `${ROOT}docs/gpu.md`;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    kinds: { type: 'string' },
    depths: { type: 'string' },
    ways: { type: 'string' },
    rounds: { type: 'string' },
    /** Steps before any is timed, steps that are timed at most, and seconds after which none is begun, from the third on. */
    warm: { type: 'string' },
    steps: { type: 'string' },
    seconds: { type: 'string' },
    /** Of a phase. */
    epochs: { type: 'string' },
    /** Does not look first whether the work is equal. */
    unchecked: { type: 'boolean', default: false },
    device: { type: 'string', default: 'cuda' },
    tiny: { type: 'boolean', default: false },
    again: { type: 'boolean', default: false },
    state: { type: 'string', default: `${ROOT}.cache/bench-gpu.jsonl` },
    /** With PyTorch for cards; without it test/bench/venv.sh makes one. */
    python: { type: 'string' },
  },
});
const { tiny } = values;
const DEFAULTS = tiny
  ? { rounds: '1', warm: '1', steps: '2', seconds: '9', epochs: '1' }
  : { rounds: '3', warm: '12', steps: '60', seconds: '10', epochs: '8' };

function device(): GpuPlan['device'] {
  if (values.device === 'cuda' || (values.device === 'cpu' && tiny)) return values.device;
  throw new UserError({
    where: '--device',
    what: 'not a device that this can be measured on',
    expected: 'cuda; cpu with --tiny alone',
    found: values.device,
    mend: '--device cpu --tiny',
  });
}

interface Product {
  readonly teraflops: number;
  readonly version: string;
  readonly cuda: string | null;
}

/** What the card computes at most, by PyTorch, which shows at once whether that finds the card. */
async function product(python: string, where: GpuPlan['device'], env: Settings): Promise<Product> {
  const args = [`${ROOT}test/bench/peer.py`, '--device', where, '--product', tiny ? '256' : '8192'];
  try {
    const { stdout } = await promisify(execFile)(python, args, { env: { ...process.env, ...env } });
    return JSON.parse(stdout) as Product;
  } catch (error) {
    throw new UserError({
      where: python,
      what: `PyTorch does not compute on '${where}'`,
      found: (error as { stderr?: string }).stderr?.trim().split('\n').at(-1) ?? (error as Error).message,
      mend: 'leave --python out, or name one that has what test/bench/gpu/requirements.txt says',
    });
  }
}

async function main(): Promise<void> {
  const progress = terminalProgress(process.stderr);
  const where = device();
  const found = where === 'cuda' ? await openCard() : null;
  const setting = (name: keyof typeof DEFAULTS) => String(wholeNumber(values[name] ?? DEFAULTS[name], `--${name}`));
  const [networks, kinds] = [
    someOf(GPU_NETWORKS, values.only, 'network', '--only'),
    someOf(GPU_KINDS, values.kinds, 'kind', '--kinds'),
  ];
  const all = tiny ? TINY : CASES;
  const depths = someOf([...new Set(all.map(({ until }) => until))], values.depths, 'depth', '--depths');
  const cases = all.filter(
    ({ kind, network, until }) =>
      networks.some((one) => one === network) && kinds.some((one) => one === kind) && depths.includes(until),
  );
  const requirements = `${ROOT}test/bench/${where === 'cuda' ? 'gpu/' : ''}requirements.txt`;
  const made = () => execFileSync('sh', [`${ROOT}test/bench/venv.sh`, requirements], { stdio: ['ignore', 'pipe', 'inherit'] });
  const python = values.python ?? made().toString().trim();
  const plan: GpuPlan = {
    ways: someOf(WAY_NAMES, values.ways, 'way', '--ways'),
    rounds: Number(setting('rounds')),
    device: where,
    settings: {
      steps: { warm: setting('warm'), steps: setting('steps'), seconds: setting('seconds'), ...(tiny ? { dropout: '0' } : {}) },
      phase: { epochs: setting('epochs') },
    },
    watched: async (work) => (found === null ? { made: await work(), mebibytes: null } : watchingMemory(found.card, work)),
  };
  // Of several cards all take the one whose memory is watched.
  const env: Settings =
    found === null ? { FT_DEVICE: 'cpu', FT_GRAPHS_FOR: 'card' } : { FT_DEVICE: 'gpu', CUDA_VISIBLE_DEVICES: found.card.uuid };
  const peak = await product(python, plan.device, env);
  const about =
    `${found === null ? 'no card' : `${found.card.name}, driver ${found.driver}`}; TensorFlow ${TENSORFLOW_VERSION}, PyTorch ${peak.version}` +
    `${peak.cuda === null ? '' : ` (CUDA ${peak.cuda})`}, Node ${process.versions.node}; ${setting('steps')} steps after ${setting('warm')}, ` +
    `phases of ${setting('epochs')} epochs`;
  progress.line(about);
  const state = openState(values.state, about, values.again);
  const options = { env, phase: tiny ? { side: '32', batch: '4', classes: '12' } : {} };
  const interpreters = { pytorch: python, keras: null };
  const contenders = openContenders(interpreters, options);
  const exact = openContenders(interpreters, { ...options, env: { ...env, NVIDIA_TF32_OVERRIDE: '0' } });
  process.once('SIGINT', () => {
    contenders.close();
    exact.close();
    process.exit(130);
  });
  const checked = new Set<string>();
  try {
    for (const one of cases) {
      const { network } = one;
      const left = leftOf(one, plan, state).length > 0;
      try {
        if (one.kind === 'steps' && left && !values.unchecked && !checked.has(network)) {
          checked.add(network);
          await checkGpuWork(one, plan, exact, progress);
        }
        if (!(await measureGpuCase(one, plan, contenders, state, progress))) process.exitCode = 1;
      } catch (error) {
        process.stderr.write(`bench-gpu: ${(error as Error).message}\n`);
        process.exitCode = 1;
      }
      if (!tiny) await write(text());
    }
    process.stdout.write(`\n${text()}\n${tiny ? '' : '\nwritten to docs/gpu.md\n'}`);
  } finally {
    contenders.close();
    exact.close();
  }

  function text(): string {
    const date = new Date().toISOString().slice(0, 10);
    const foot = `${date}, rounds: ${plan.rounds}: ${about}. Peak: ${peak.teraflops.toFixed(1)} TFLOP/s.`;
    return gpuSection(all, state.measured, peak.teraflops, foot);
  }
}

async function write(text: string): Promise<void> {
  await writeFileAtomic(DOCUMENT, replaceSection(await readFile(DOCUMENT, 'utf8'), 'bench-gpu', text));
}

await main().catch((error: unknown) => {
  process.stderr.write(`bench-gpu: ${error instanceof UserError ? error.message : ((error as Error).stack ?? error)}\n`);
  process.exitCode = error instanceof UserError ? 2 : 1;
});
