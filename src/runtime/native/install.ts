import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../../errors.js';
import type { Progress } from '../../progress.js';
import { addonFiles, type Compile, type CompileAddons, compileAddonsWith, compileWith, sourcesSha256 } from './compile.js';
import { extractWheel } from './extract.js';
import { ensureLaid, isLaid, type LaidFolder, type LaidPart } from './laid-folder.js';
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
  compileAddons: CompileAddons;
  check: LoadCheck;
  /** Milliseconds after which the lock of a set-up that gives no sign of life is taken over. */
  lockStale: number;
}

/** Long beside the time between two signs of life of a set-up at work. */
export const LOCK_STALE = 15_000;

/**
 * Sees to it that TensorFlow's library and its binding lie in the cache that clones share; does nothing when they do.
 * Where ft's own addons alone have changed, only they are compiled. Two set-ups at once take turns, and a kill in the middle leaves nothing that looks whole.
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
    compileAddons: compileAddonsWith(),
    check: loadInChild,
    lockStale: LOCK_STALE,
    ...changed,
  };
  const { platform, folder, lockStale } = steps;
  // The wheel twice (pip copies it out of its temporary folder), its libraries, and a little for the compiler.
  const room = { needed: 2 * platform.wheelBytes + platform.libraryBytes + 50e6, stays: platform.libraryBytes };
  const part: LaidPart = {
    ...addons(platform),
    fill(temporary) {
      progress.line("compiling ft's own addons");
      return steps.compileAddons(platform, temporary);
    },
    check: (laid) => requireVersion(steps, laid),
  };
  const fill = (temporary: string) => build(steps, temporary, progress);
  await ensureLaid({ folder, from: await sources(platform), room, lockStale, fill, part }, progress);
  return folder;
}

/** Whether the folder was built to its end, from this wheel and these sources, and every file has kept its size. */
export async function isComplete(folder: string, platform: Platform): Promise<boolean> {
  return isLaid(folder, await sources(platform));
}

/** Whether TensorFlow's library and the binding lie there; ft's own addons may be those of another version. */
export async function isLibraryLaid(folder: string, platform: Platform): Promise<boolean> {
  return isLaid(folder, await sources(platform), addons(platform));
}

const addons = (platform: Platform) => ({ key: 'sourcesSha256', files: addonFiles(platform) });

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
  await requireVersion(steps, temporary);
  await rm(wheelFolder, { recursive: true, force: true });
  progress.line(`TensorFlow ${TENSORFLOW_VERSION} is set up in ${folder}`);
}

async function requireVersion({ check }: SetupSteps, folder: string): Promise<void> {
  const version = await check(folder);
  if (version !== TENSORFLOW_VERSION) throw wrongVersion(version);
}

function wrongVersion(found: string): UserError {
  return new UserError({
    what: 'the compiled binding loads another TensorFlow than the one that was set up',
    expected: TENSORFLOW_VERSION,
    found,
    mend: 'take other TensorFlow libraries out of LD_LIBRARY_PATH, then: make setup',
  });
}
