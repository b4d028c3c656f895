import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '../../errors.js';
import type { Progress } from '../../progress.js';
import { gigabytes } from '../gigabytes.js';
import { type Cards, inspectCards } from './cards.js';
import { cudaBytes, ensureCuda, missingCuda } from './cuda.js';
import { cudaLibraries } from './cuda-libraries.js';
import { askedDevice, deviceToSetUp, hasDriver } from './device.js';
import { ensureNative, isComplete, isLibraryLaid } from './install.js';
import { requireRoom } from './laid-folder.js';
import { cudaFolder, runtimeFolder } from './location.js';
import { GPU_PLATFORMS, platformOf, thisMachine } from './platforms.js';
import { proveRuntime } from './proof.js';

/**
 * Sees to it that the runtime for this machine lies in the cache: for NVIDIA's cards where a driver is there or `FT_DEVICE=gpu` asks
 * for it, else for the processor. What was laid anew is proved by computing with it.
 */
export async function setUp(progress: Progress): Promise<void> {
  const machine = thisMachine();
  const published = GPU_PLATFORMS.has(`${machine.platform}-${machine.arch}`);
  const device = deviceToSetUp(askedDevice(), hasDriver(), published);
  if (device === 'cpu') {
    await ensureNative(progress, { platform: platformOf(machine) });
    return;
  }
  const platform = platformOf(machine, 'gpu');
  const folder = runtimeFolder('gpu');
  const missing = await missingCuda(cudaFolder());
  const whole = await isComplete(folder, platform);
  if (whole && missing.length === 0) return;
  if (missing.length === 0 && (await isLibraryLaid(folder, platform))) {
    await ensureNative(progress, { platform });
    return;
  }
  const { fetched, stays } = cudaBytes(missing);
  const bytes = { fetched: fetched + (whole ? 0 : platform.wheelBytes), stays: stays + (whole ? 0 : platform.libraryBytes) };
  progress.line(
    `TensorFlow for NVIDIA's cards: ${gigabytes(bytes.fetched)} to fetch, ${gigabytes(bytes.stays)} stay in ${dirname(folder)} ` +
      '(FT_DEVICE=cpu make setup: 0.3 GB, for the processor alone)',
  );
  await mkdir(dirname(folder), { recursive: true });
  // The largest wheel lies there twice for a moment.
  const largest = Math.max(...[platform, ...missing].map(({ wheelBytes }) => wheelBytes));
  await requireRoom(dirname(folder), { needed: bytes.stays + 2 * largest, stays: bytes.stays });
  await ensureNative(progress, { platform });
  await ensureCuda(progress, cudaFolder());
  await requireLibraries(folder);
  const { onCard } = await proveRuntime('gpu');
  progress.line(onCard ? 'a convolution and its gradient came out right on the card' : withoutCard(await inspectCards()));
}

/** @throws UserError where TensorFlow does not open one of NVIDIA's libraries from where it lies */
async function requireLibraries(folder: string): Promise<void> {
  const libraries = await cudaLibraries(folder);
  const lost = libraries?.filter(({ found }) => !found).map(({ name }) => name);
  if (lost?.length === 0) return;
  throw new UserError({
    what: "TensorFlow does not find NVIDIA's libraries where set-up laid them",
    where: cudaFolder(),
    found: lost === undefined ? 'they cannot be loaded at all' : `without ${lost.join(', ')}`,
    mend: `rm -rf '${dirname(folder)}' && make setup`,
  });
}

function withoutCard({ fault }: Cards): string {
  return `the runtime for cards computes on the processor here: ${fault?.what ?? 'TensorFlow did not take the card (ft doctor)'}`;
}
