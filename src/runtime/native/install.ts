import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../../errors.js';
import type { Progress } from '../../progress.js';
import { type Compile, compileWith, sourcesSha256 } from './compile.js';
import { extractWheel } from './extract.js';
import { ensureLaid, isLaid, type LaidFolder } from './laid-folder.js';
import { runtimeFolder, TENSORFLOW_VERSION, tfjsPackage } from './location.js';
import type { Platform } from './platforms.js';
import { type LoadCheck, loadInChild } from './probe.js';
import { type Download, obtainWheel, pipDownload } from './wheel.js';

/** What set-up does to the world outside; tests put their own in place. */
export interface SetupSteps {
  platform: Platform;
  folder: string;
  download: Download;
  compile: Compile;
  check: LoadCheck;
  /** Milliseconds after which the lock of a set-up that gives no sign of life is taken over. */
  lockStale: number;
}

/** Long beside the time between two signs of life of a set-up at work. */
export const LOCK_STALE = 15_000;

/**
 * Sees to it that TensorFlow's library and its binding lie in the cache that clones share; does nothing when they do.
 * Two set-ups at once take turns, and a kill in the middle leaves nothing that looks whole.
 * Returns the folder; throws `UserError` for what a person can mend.
 */
export async function ensureNative(
  progress: Progress,
  changed: Partial<SetupSteps> & { readonly platform: Platform },
): Promise<string> {
  const steps: SetupSteps = {
    folder: runtimeFolder(changed.platform.device),
    download: pipDownload(),
    compile: compileWith(),
    check: loadInChild,
    lockStale: LOCK_STALE,
    ...changed,
  };
  const { platform, folder, lockStale } = steps;
  // The wheel twice (pip copies it out of its temporary folder), its libraries, and a little for the compiler.
  const room = { needed: 2 * platform.wheelBytes + platform.libraryBytes + 50e6, stays: platform.libraryBytes };
  await ensureLaid(
    { folder, from: await sources(platform), room, lockStale, fill: (temporary) => build(steps, temporary, progress) },
    progress,
  );
  return folder;
}

/** Whether the folder was built to its end, from this wheel and these sources, and every file has kept its size. */
export async function isComplete(folder: string, platform: Platform): Promise<boolean> {
  return isLaid(folder, await sources(platform));
}

/** What a folder's content depends on. */
async function sources(platform: Platform): Promise<LaidFolder['from']> {
  return {
    tensorflow: TENSORFLOW_VERSION,
    tfjs: tfjsPackage().version,
    wheelSha256: platform.sha256,
    sourcesSha256: await sourcesSha256(platform),
  };
}

async function build(steps: SetupSteps, temporary: string, progress: Progress): Promise<void> {
  const { platform, folder } = steps;
  // The wheel outlives a set-up that fails later, e.g. for want of a compiler: it is not downloaded twice.
  const wheelFolder = join(dirname(folder), `.${basename(folder)}.wheel`);
  const wheel = await obtainWheel(platform, wheelFolder, progress, steps.download);
  const headers = join(temporary, 'include');
  await extractWheel(wheel, platform, temporary, headers, progress);
  progress.line("compiling TensorFlow's binding");
  await steps.compile(platform, temporary, headers);
  await rm(headers, { recursive: true, force: true });
  const version = await steps.check(temporary);
  if (version !== TENSORFLOW_VERSION) throw wrongVersion(version);
  await rm(wheelFolder, { recursive: true, force: true });
  progress.line(`TensorFlow ${TENSORFLOW_VERSION} is set up in ${folder}`);
}

function wrongVersion(found: string): UserError {
  return new UserError({
    what: 'the compiled binding loads another TensorFlow than the one that was set up',
    expected: TENSORFLOW_VERSION,
    found,
    mend: 'take other TensorFlow libraries out of LD_LIBRARY_PATH, then: make setup',
  });
}
