import { existsSync } from 'node:fs';
import type { Fault } from '../../errors.js';
import { hasDriver } from './device.js';
import { type RunTool, runTool } from './tools.js';

/** An NVIDIA card, as `nvidia-smi` tells of it. */
export interface Card {
  /** Its number, as CUDA_VISIBLE_DEVICES takes it. */
  readonly index: number;
  readonly uuid: string;
  readonly name: string;
  readonly memoryBytes: number;
  readonly freeBytes: number;
  /** Compute capability: 9.0 is Hopper. */
  readonly capability: string;
  /** One process at a time, or none: `Exclusive_Process`, `Prohibited`; else `Default`. */
  readonly mode: string;
}

export interface Cards {
  readonly driver: string | undefined;
  readonly cards: readonly Card[];
  /** Those that CUDA_VISIBLE_DEVICES lets a process see, in its order. */
  readonly visible: readonly Card[];
  /** Why none of them can be used; undefined where one can. */
  readonly fault: Fault | undefined;
}

/** CUDA 12's libraries run on every driver from this one on (NVIDIA, CUDA Compatibility, "Minor Version Compatibility"). */
const OLDEST_DRIVER = [525, 60, 13] as const;
/** The oldest that TensorFlow 2.21's library has kernels for (read off its fat binaries: docs/gpu-measured.md). */
const OLDEST_CAPABILITY = 6;
/** cuDNN's and cuBLAS' own work space and a context take this much before anything is computed. */
const LEAST_FREE = 1e9;

const FIELDS = ['index', 'uuid', 'name', 'driver_version', 'memory.total', 'memory.free', 'compute_cap', 'compute_mode'];

/** What decides what is found; tests put their own in place. */
export interface CardSenses {
  readonly run: RunTool;
  readonly exists?: (path: string) => boolean;
  readonly env?: NodeJS.ProcessEnv;
}

/** The cards of this machine, and why none can be used where that is so. Starts `nvidia-smi`. */
export async function inspectCards(
  { run, exists = existsSync, env = process.env }: CardSenses = { run: runTool },
): Promise<Cards> {
  const query = await run('nvidia-smi', [`--query-gpu=${FIELDS.join(',')}`, '--format=csv,noheader,nounits']);
  const none = { driver: undefined, cards: [], visible: [] };
  if (query === undefined) return { ...none, fault: withoutTool(hasDriver(exists), exists) };
  if (query.code !== 0) return { ...none, fault: failedTool(`${query.stdout}\n${query.stderr}`.trim()) };
  const rows = query.stdout
    .split('\n')
    .flatMap((line) => (line.trim() === '' ? [] : [line.split(',').map((cell) => cell.trim())]));
  const cards = rows.map(
    ([index, uuid, name, , total, free, capability, mode]): Card => ({
      index: Number(index),
      uuid: uuid ?? '',
      name: name ?? '',
      memoryBytes: Number(total) * 2 ** 20,
      freeBytes: Number(free) * 2 ** 20,
      capability: capability ?? '',
      mode: mode ?? '',
    }),
  );
  const driver = rows[0]?.[3];
  const visible = visibleOf(cards, env.CUDA_VISIBLE_DEVICES);
  return { driver, cards, visible, fault: faultOf(driver, cards, visible, env.CUDA_VISIBLE_DEVICES) };
}

/** By number or by the beginning of the UUID; what names no card ends the list, as CUDA has it. */
function visibleOf(cards: readonly Card[], list: string | undefined): Card[] {
  if (list === undefined) return [...cards];
  const visible: Card[] = [];
  for (const name of list.split(',').map((part) => part.trim())) {
    const card = cards.find(({ index, uuid }) => name === `${index}` || (name.startsWith('GPU-') && uuid.startsWith(name)));
    if (card === undefined) break;
    visible.push(card);
  }
  return visible;
}

function withoutTool(driver: boolean, exists: (path: string) => boolean): Fault {
  if (!driver && exists('/proc/driver/nvidia/version'))
    return {
      what: 'this machine has an NVIDIA driver, but no card is handed into this container',
      expected: '/dev/nvidia0 and /dev/nvidiactl',
      mend: 'start the container with --gpus all (it needs the NVIDIA Container Toolkit on the host)',
    };
  if (!driver) return { what: 'no NVIDIA driver on this machine' };
  return {
    what: 'the driver is there, but nvidia-smi, which tells of the cards, is not',
    mend: 'in a container: -e NVIDIA_DRIVER_CAPABILITIES=compute,utility; else install the package nvidia-utils of the driver',
  };
}

/** `nvidia-smi` says why it fails in words; each has a mend of its own. */
function failedTool(text: string): Fault {
  const found = text.split('\n')[0] ?? '';
  const what = 'nvidia-smi cannot reach a card';
  if (/version mismatch/i.test(text))
    return { what: 'the driver was updated, and the old one is still loaded', found, mend: 'restart the machine' };
  if (/No devices were found/i.test(text))
    return { what, found, mend: 'see that the card is in its slot and has power: lspci | grep -i nvidia' };
  if (/Insufficient Permissions/i.test(text))
    return {
      what: 'this user may not use the card',
      found,
      mend: 'add the user to the group of /dev/nvidia0 (video or render), and log in again',
    };
  if (/Unknown Error/i.test(text))
    return { what, found, mend: 'in a container: start it again (systemd took the devices away); else restart the machine' };
  if (/couldn't communicate/i.test(text))
    return {
      what: "the driver's part in the kernel is not loaded",
      found,
      mend: 'sudo modprobe nvidia, or install the driver again for this kernel',
    };
  return { what, found, mend: 'nvidia-smi' };
}

function faultOf(
  driver: string | undefined,
  cards: readonly Card[],
  visible: readonly Card[],
  list: string | undefined,
): Fault | undefined {
  if (cards.length === 0) return { what: 'no NVIDIA card on this machine' };
  if (visible.length === 0)
    return {
      what: 'CUDA_VISIBLE_DEVICES hides every card',
      expected: cards.map(({ index }) => index).join(', '),
      found: list || 'nothing',
      mend: 'unset CUDA_VISIBLE_DEVICES',
    };
  if (isOlder(driver ?? '', OLDEST_DRIVER))
    return {
      what: 'the NVIDIA driver is too old for CUDA 12',
      expected: `${OLDEST_DRIVER.join('.')} or newer`,
      found: driver ?? 'unknown',
      mend: 'install a newer driver, or compute on the processor: FT_DEVICE=cpu',
    };
  // TensorFlow computes on the first one.
  const [card] = visible as [Card];
  if (Number(card.capability) < OLDEST_CAPABILITY)
    return {
      what: `TensorFlow's library has no kernels for ${card.name}`,
      expected: `compute capability ${OLDEST_CAPABILITY.toFixed(1)} or higher`,
      found: card.capability,
      mend: 'FT_DEVICE=cpu',
    };
  if (/Prohibited/.test(card.mode))
    return {
      what: `${card.name} is set to compute nothing`,
      found: `compute mode ${card.mode}`,
      mend: 'sudo nvidia-smi -c DEFAULT',
    };
  if (card.freeBytes < LEAST_FREE)
    return {
      what: `${card.name} is busy: other processes hold its memory${/Exclusive/.test(card.mode) ? ', and it takes one at a time' : ''}`,
      expected: `${(LEAST_FREE / 1e9).toFixed(0)} GB free`,
      found: `${(card.freeBytes / 1e9).toFixed(1)} of ${(card.memoryBytes / 1e9).toFixed(1)} GB`,
      mend: 'nvidia-smi names the processes; wait for them, or choose another card: CUDA_VISIBLE_DEVICES=1',
    };
  return undefined;
}

function isOlder(version: string, oldest: readonly number[]): boolean {
  const parts = version.split('.').map(Number);
  for (const [at, least] of oldest.entries()) {
    const part = parts[at] ?? 0;
    if (part !== least) return part < least;
  }
  return false;
}
