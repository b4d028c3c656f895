/** The processes of a benchmark: what is started for each contender on each case. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Case, type PhaseCase, wordsOf } from './cases.js';
import type { Contender, Engine, Figures, Precision } from './figures.js';
import type { NetworkName } from './network-names.js';
import { makePhotos } from './photos.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** glibc's allocator kept from giving pages back after every step: PyTorch's steps gain 25–75 %, TensorFlow's next to nothing. */
const TUNED = {
  MALLOC_MMAP_MAX_: '0',
  MALLOC_TRIM_THRESHOLD_: '40000000000',
  MALLOC_TOP_PAD_: '536870912',
  GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
};

export interface Interpreters {
  /** A Python that has PyTorch. */
  readonly pytorch: string;
  /** A Python that has Keras and TensorFlow; null: Keras takes no part. */
  readonly keras: string | null;
}

export type Settings = Readonly<Record<string, string>>;

export interface Contenders {
  /** Runs a case in a process of its own. @throws Error with the end of its stderr */
  readonly measure: <T extends Figures>(contender: Contender, one: Case, settings?: Settings) => Promise<T>;
  /** Takes away the files that the processes were given. */
  readonly close: () => void;
}

/** What all processes of a phase are told; the rest they take from phase.ts's recipe. */
const PHASE = { side: '128', batch: '32', rate: '1e-3' };
const EMBED = { side: '128' };

export interface ContendersOptions {
  /** Set for every process. */
  readonly env?: Settings;
  /** Other sizes of a phase than the usual ones. */
  readonly phase?: Settings;
}

export function openContenders(interpreters: Interpreters, { env = {}, phase = {} }: ContendersOptions = {}): Contenders {
  const sizes = { ...PHASE, ...phase };
  const root = mkdtempSync(join(tmpdir(), 'ft-bench-'));
  const made = new Map<string, Promise<string>>();
  /** A file or folder that is made when it is first wanted. */
  const once = (name: string, make: (path: string) => Promise<void>): Promise<string> => {
    const path = join(root, name);
    const known = made.get(name) ?? make(path).then(() => path);
    made.set(name, known);
    return known;
  };
  const ft = (script: string, args: readonly string[]) =>
    call(process.execPath, ['--import', 'tsx', `${HERE}${script}`, ...args], env);
  const topology = (network: NetworkName) =>
    once(`${network}.json`, async (path) => writeFile(path, await ft('topology.ts', [network])));
  const described = ({ network, until }: PhaseCase) =>
    once('phase.json', async (path) =>
      writeFile(path, await ft('phase.ts', options({ backbone: network, until, ...sizes, describe: '' }))),
    );
  const photos = (images: number) => once(`photos-${images}`, (path) => makePhotos(path, images));

  const argumentsOf = async (one: Case, engine: Engine): Promise<Settings> => {
    switch (one.kind) {
      case 'steps':
        return {
          ...(engine === 'keras' ? { topology: await topology(one.network) } : { network: one.network }),
          until: one.until,
          batch: String(one.batch),
          side: String(one.side),
        };
      case 'phase':
        return engine === 'ft'
          ? { backbone: one.network, until: one.until, ...sizes }
          : { network: one.network, until: one.until, ...sizes, phase: await described(one) };
      case 'embed':
        return {
          network: one.network,
          ...EMBED,
          folder: await photos(one.images),
          ...(one.to === 'pixels' ? { pixels: '' } : {}),
        };
    }
  };
  const measure = async <T extends Figures>(contender: Contender, one: Case, settings: Settings = {}): Promise<T> => {
    const [engine, precision] = contender.split(' ') as [Engine, Precision];
    // Keras' peer has no precision to choose.
    const args = options({ ...(await argumentsOf(one, engine)), ...(engine === 'keras' ? {} : { precision }), ...settings });
    const run = {
      ft: () => ft({ steps: 'step.ts', phase: 'phase.ts', embed: 'embed.ts' }[one.kind], args),
      pytorch: () => python(interpreters.pytorch, 'peer.py', args, { ...TUNED, ...env }),
      keras: () => python(interpreters.keras ?? 'python3', 'keras_peer.py', args, env),
    }[engine];
    const text = await run().catch((error: Error) => {
      throw new Error(`${contender} on ${one.network}, ${wordsOf(one)}: ${error.message}`);
    });
    return JSON.parse(text.trim().split('\n').at(-1) as string) as T;
  };
  return { measure, close: () => rmSync(root, { recursive: true, force: true }) };
}

function python(interpreter: string, script: string, args: readonly string[], env: Settings): Promise<string> {
  return call(interpreter, [`${HERE}${script}`, ...args], { PYTHONWARNINGS: 'ignore', PYTHONDONTWRITEBYTECODE: '1', ...env });
}

/** `--key value`; `--key` alone where the value is empty. */
function options(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([key, value]) => (value === '' ? [`--${key}`] : [`--${key}`, value]));
}

async function call(command: string, args: readonly string[], env: Settings = {}): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, { env: { ...process.env, ...env }, maxBuffer: 1 << 28 }).catch(
    (error: Error & { stderr?: string }) => {
      throw new Error(error.stderr?.trim().slice(-2000) || error.message);
    },
  );
  return stdout;
}
