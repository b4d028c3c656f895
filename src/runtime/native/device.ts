import { existsSync } from 'node:fs';
import { UserError } from '../../errors.js';
import { markerFile } from './laid-folder.js';
import { type Device, runtimeFolder } from './location.js';

/** What a person may ask for, in `FT_DEVICE` or in a recipe. */
export const DEVICES = ['auto', 'cpu', 'gpu'] as const;
export type DeviceChoice = (typeof DEVICES)[number];

/** `FT_DEVICE`; `auto` where it is not set. @throws UserError for anything else */
export function askedDevice(env: NodeJS.ProcessEnv = process.env): DeviceChoice {
  const asked = env.FT_DEVICE?.trim() || 'auto';
  const found = DEVICES.find((device) => device === asked);
  if (found !== undefined) return found;
  throw new UserError({ what: 'FT_DEVICE names no device', expected: DEVICES.join(', '), found: asked, mend: 'FT_DEVICE=auto' });
}

/**
 * Whether NVIDIA's driver hands a card to this process: its device, or, below Windows, the one through which WSL reaches it. The
 * driver's entry in /proc is no proof: a container has it without any card. Asks no program: this stands before every command.
 */
export function hasDriver(exists: (path: string) => boolean = existsSync): boolean {
  return exists('/dev/nvidiactl') || (exists('/dev/dxg') && exists('/usr/lib/wsl/lib/libcuda.so.1'));
}

/** What this process computes with. */
export interface Runtime {
  readonly asked: DeviceChoice;
  /** The runtime that is loaded. */
  readonly device: Device;
  readonly folder: string;
  /** The runtime for cards is loaded, and is to leave them alone. */
  readonly hidesCards: boolean;
}

/** What a choice depends on; tests put their own in place. */
export interface Surroundings {
  readonly asked: DeviceChoice;
  readonly driver: boolean;
  /** Whether a runtime is set up. */
  readonly laid: (device: Device) => boolean;
  /** `FT_RUNTIME`: this one, whatever else is there. For set-up's proof and for tests of the one for cards without a card. */
  readonly forced?: Device | undefined;
}

/**
 * Which of the two runtimes is loaded.
 *
 * | asked | driver | computes on |
 * | --- | --- | --- |
 * | auto | yes | the card, where its runtime is set up; else the processor |
 * | auto | no | the processor, by its own runtime where that is set up, else by the one for cards |
 * | gpu | | the card: its runtime has to be set up |
 * | cpu | | the processor; the runtime for cards, where it is the only one, is kept from seeing them |
 *
 * Where nothing is set up it is the one that set-up would make.
 */
export function chooseRuntime({ asked, driver, laid, forced }: Surroundings = surroundings()): Runtime {
  const wanted: Device = asked === 'gpu' || (asked === 'auto' && driver && laid('gpu')) ? 'gpu' : 'cpu';
  const device: Device = forced ?? (wanted === 'cpu' && !laid('cpu') && laid('gpu') ? 'gpu' : wanted);
  return { asked, device, folder: runtimeFolder(device), hidesCards: device === 'gpu' && asked === 'cpu' };
}

/** Which runtime set-up makes: that for cards where one was asked for, or a driver is there. */
export function deviceToSetUp(asked: DeviceChoice, driver: boolean, published: boolean): Device {
  if (asked === 'auto') return driver && published ? 'gpu' : 'cpu';
  return asked;
}

function surroundings(): Surroundings {
  const { FT_RUNTIME: forced } = process.env;
  return {
    asked: askedDevice(),
    driver: hasDriver(),
    laid: (device) => existsSync(markerFile(runtimeFolder(device))),
    forced: forced === 'cpu' || forced === 'gpu' ? forced : undefined,
  };
}
