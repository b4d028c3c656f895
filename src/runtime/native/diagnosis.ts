import { existsSync } from 'node:fs';
import type { Fault } from '../../errors.js';
import { UserError } from '../../errors.js';
import { cacheFolder } from '../folders.js';
import { compilerOf } from './compile.js';
import { isComplete } from './install.js';
import { bindingFile, nativeFolder, tfjsPackage } from './location.js';
import { type Hardware, inspectHardware } from './machine.js';
import { type Machine, PLATFORMS, type Platform, platformOf, thisMachine } from './platforms.js';
import { type LoadCheck, loadInChild } from './probe.js';
import { installLine, type Prerequisite, type RunTool, runTool } from './tools.js';
import { folderBytes } from './wheel.js';

/** Everything that `ft doctor` tells; versions are undefined where the program is missing. */
export interface Diagnosis {
  node: string;
  npm: string | undefined;
  compiler: { command: string; version: string | undefined };
  python: string | undefined;
  pip: string | undefined;
  tensorflow: { version: string | undefined; tfjs: string; folder: string; state: 'ready' | 'absent' | 'outdated' | 'broken' };
  hardware: Hardware;
  cache: { folder: string; bytes: number };
  /** What keeps `ft` from working here, each with its mend; empty when all is well. */
  faults: Fault[];
}

/** How the machine is looked at; tests put their own in place. */
export interface Senses {
  machine: Machine;
  run: RunTool;
  check: LoadCheck;
}

/** Looks at everything that `ft` needs from this machine. Changes nothing. */
export async function diagnose(changed: Partial<Senses> = {}): Promise<Diagnosis> {
  const senses: Senses = { machine: changed.machine ?? thisMachine(), run: runTool, check: loadInChild, ...changed };
  const faults: Fault[] = [];
  const platform = tolerate(faults, () => platformOf(senses.machine));
  const command = compilerOf(platform ?? ([...PLATFORMS.values()][0] as Platform));
  const [npm, compiler, python, pip, hardware, bytes] = await Promise.all([
    firstLine(senses.run, 'npm', '--version'),
    firstLine(senses.run, command, '--version'),
    firstLine(senses.run, 'python3', '--version'),
    firstLine(senses.run, 'python3', '-m', 'pip', '--version'),
    inspectHardware(senses.run, senses.machine.platform),
    folderBytes(cacheFolder()),
  ]);
  const tensorflow = await inspectTensorFlow(platform, senses.check, faults);
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
    hardware,
    cache: { folder: cacheFolder(), bytes },
    faults,
  };
}

async function inspectTensorFlow(
  platform: Platform | undefined,
  check: LoadCheck,
  faults: Fault[],
): Promise<Diagnosis['tensorflow']> {
  const folder = nativeFolder();
  const known = { version: undefined, tfjs: tfjsPackage().version, folder };
  if (platform === undefined) return { ...known, state: 'absent' };
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
