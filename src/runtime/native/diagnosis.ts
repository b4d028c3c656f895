import { existsSync } from 'node:fs';
import type { Fault } from '../../errors.js';
import { UserError } from '../../errors.js';
import { cacheFolder } from '../folders.js';
import { type Cards, inspectCards } from './cards.js';
import { compilerOf } from './compile.js';
import { type CudaLibrary, cudaLibraries } from './cuda-libraries.js';
import { askedDevice, chooseRuntime, type Runtime } from './device.js';
import { isComplete } from './install.js';
import { bindingFile, type Device, tfjsPackage } from './location.js';
import { type Hardware, inspectHardware } from './machine.js';
import { type Machine, PLATFORMS, type Platform, platformOf, thisMachine } from './platforms.js';
import { type LoadCheck, loadInChild } from './probe.js';
import { proveRuntime } from './proof.js';
import { installLine, type Prerequisite, type RunTool, runTool } from './tools.js';
import { folderBytes } from './wheel.js';

/** Everything that `ft doctor` tells; versions are undefined where the program is missing. */
export interface Diagnosis {
  node: string;
  npm: string | undefined;
  compiler: { command: string; version: string | undefined };
  python: string | undefined;
  pip: string | undefined;
  tensorflow: {
    version: string | undefined;
    tfjs: string;
    folder: string;
    /** The runtime for the processor, or the one for NVIDIA's cards. */
    runtime: Device;
    state: 'ready' | 'absent' | 'outdated' | 'broken';
  };
  gpu: Gpu;
  hardware: Hardware;
  cache: { folder: string; bytes: number };
  /** What keeps `ft` from working here, each with its mend; empty when all is well. */
  faults: Fault[];
}

/** NVIDIA's cards, and whether they are computed on. */
export interface Gpu {
  cards: Cards;
  /** The libraries that TensorFlow finds for them; null where its runtime for cards is not the one in use. */
  libraries: CudaLibrary[] | null;
  /** Whether a computation came out right on the card; false where the processor did it. */
  used: boolean;
  /** Why it is not; null where it is. */
  reason: string | null;
}

/** How the machine is looked at; tests put their own in place. */
export interface Senses {
  machine: Machine;
  run: RunTool;
  check: LoadCheck;
  prove: typeof proveRuntime;
}

/** Looks at everything that `ft` needs from this machine. Changes nothing. */
export async function diagnose(changed: Partial<Senses> = {}): Promise<Diagnosis> {
  const senses: Senses = {
    machine: changed.machine ?? thisMachine(),
    run: runTool,
    check: loadInChild,
    prove: proveRuntime,
    ...changed,
  };
  const faults: Fault[] = [];
  const runtime = tolerate(faults, () => chooseRuntime());
  const platform = tolerate(faults, () => platformOf(senses.machine, runtime?.device));
  const command = compilerOf(platform ?? ([...PLATFORMS.values()][0] as Platform));
  const [npm, compiler, python, pip, hardware, cards, bytes] = await Promise.all([
    firstLine(senses.run, 'npm', '--version'),
    firstLine(senses.run, command, '--version'),
    firstLine(senses.run, 'python3', '--version'),
    firstLine(senses.run, 'python3', '-m', 'pip', '--version'),
    inspectHardware(senses.run, senses.machine.platform),
    inspectCards({ run: senses.run }),
    folderBytes(cacheFolder()),
  ]);
  const tensorflow = await inspectTensorFlow(runtime, platform, senses.check, faults);
  const gpu = await inspectGpu(cards, tensorflow, senses, faults);
  if (tensorflow.state !== 'ready') {
    // Needed to set up, and never again once that is done.
    if (compiler === undefined) faults.unshift(absent('compiler', `the C++ compiler ${command} is not installed`));
    if (python === undefined) faults.unshift(absent('python', 'python3 is not installed'));
    else if (pip === undefined) faults.unshift(absent('pip', 'python3 has no pip'));
  }
  return {
    node: process.versions.node,
    npm,
    compiler: { command, version: compiler },
    python: python?.replace('Python ', ''),
    pip: pip?.replace(/^pip (\S+).*/, '$1'),
    tensorflow,
    gpu,
    hardware,
    cache: { folder: cacheFolder(), bytes },
    faults,
  };
}

/** Computes on the card, where the runtime for cards is the one in use. What keeps a card from being used is a fault where one was asked for. */
async function inspectGpu(
  cards: Cards,
  { runtime, state, folder }: Diagnosis['tensorflow'],
  { run, prove }: Senses,
  faults: Fault[],
): Promise<Gpu> {
  const asked = tolerate([], () => askedDevice()) ?? 'auto';
  const not = (reason: string, libraries: Gpu['libraries'] = null): Gpu => ({ cards, libraries, used: false, reason });
  if (cards.fault !== undefined && (asked === 'gpu' || cards.cards.length > 0)) faults.push(cards.fault);
  if (runtime === 'cpu') {
    if (cards.fault !== undefined) return not(cards.fault.what);
    return not(asked === 'cpu' ? 'FT_DEVICE=cpu' : "TensorFlow's library for cards is not set up (make setup)");
  }
  if (state !== 'ready') return not('TensorFlow is not ready');
  const libraries = (await cudaLibraries(folder, run)) ?? null;
  if (asked === 'cpu') return not('FT_DEVICE=cpu', libraries);
  if (cards.fault !== undefined) return not(cards.fault.what, libraries);
  try {
    const { onCard } = await prove('gpu', run);
    return onCard ? { cards, libraries, used: true, reason: null } : not('TensorFlow did not take the card', libraries);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    faults.push(...error.faults);
    return not('a computation on it failed', libraries);
  }
}

async function inspectTensorFlow(
  runtime: Runtime | undefined,
  platform: Platform | undefined,
  check: LoadCheck,
  faults: Fault[],
): Promise<Diagnosis['tensorflow']> {
  const { folder, device } = runtime ?? { folder: '', device: 'cpu' as const };
  const known = { version: undefined, tfjs: tfjsPackage().version, folder, runtime: device };
  if (platform === undefined || runtime === undefined) return { ...known, state: 'absent' };
  if (!existsSync(bindingFile(folder))) {
    faults.push({ what: 'TensorFlow is not set up', where: folder, mend: 'make setup' });
    return { ...known, state: 'absent' };
  }
  if (!(await isComplete(folder, platform))) {
    faults.push({
      what: 'TensorFlow was set up by another version of ft, or files of it are missing',
      where: folder,
      mend: 'make setup',
    });
    return { ...known, state: 'outdated' };
  }
  try {
    return { ...known, version: await check(folder), state: 'ready' };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    faults.push(...error.faults);
    return { ...known, state: 'broken' };
  }
}

function absent(prerequisite: Prerequisite, what: string): Fault {
  return { what, mend: installLine(prerequisite) };
}

function tolerate<T>(faults: Fault[], work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    faults.push(...error.faults);
    return undefined;
  }
}

/** The first line that a program writes; undefined where it is missing or fails. */
async function firstLine(run: RunTool, command: string, ...args: string[]): Promise<string | undefined> {
  const finished = await run(command, args);
  return finished?.code === 0 ? finished.stdout.split('\n')[0]?.trim() : undefined;
}
