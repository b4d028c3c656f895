import { mkdir, readdir, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { lock } from 'proper-lockfile';
import { UserError } from '../../errors.js';
import type { Progress } from '../../progress.js';
import { createFolderAtomic } from '../folders.js';
import { type Compile, compileWith, sourcesSha256 } from './compile.js';
import { extractWheel } from './extract.js';
import { bindingFile, markerFile, nativeFolder, preloadFile, TENSORFLOW_VERSION, tfjsPackage } from './location.js';
import { type Platform, platformOf, thisMachine } from './platforms.js';
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

/** What the folder was built from and what lies in it; written last, so that it stands for the whole. */
export interface Marker {
  tensorflow: string;
  tfjs: string;
  wheelSha256: string;
  sourcesSha256: string;
  /** Bytes of each file. */
  files: Record<string, number>;
}

/**
 * Sees to it that TensorFlow's library and its binding lie in the cache that clones share; does nothing when they do.
 * Two set-ups at once take turns, and a kill in the middle leaves nothing that looks whole.
 * Returns the folder; throws `UserError` for what a person can mend.
 */
export async function ensureNative(progress: Progress, changed: Partial<SetupSteps> = {}): Promise<string> {
  const steps: SetupSteps = {
    platform: changed.platform ?? platformOf(thisMachine()),
    folder: nativeFolder(),
    download: pipDownload(),
    compile: compileWith(),
    check: loadInChild,
    lockStale: 15_000,
    ...changed,
  };
  const { folder } = steps;
  if (await isComplete(folder, steps.platform)) return folder;
  await mkdir(dirname(folder), { recursive: true });
  const release = await takeTurn(folder, steps.lockStale, progress);
  try {
    if (await isComplete(folder, steps.platform)) return folder;
    await sweep(folder);
    await requireRoom(folder, steps.platform);
    await build(steps, progress);
    return folder;
  } finally {
    await release();
  }
}

/** Whether the folder was built to its end, from this wheel and these sources, and every file has kept its size. */
export async function isComplete(folder: string, platform: Platform): Promise<boolean> {
  const marker = await readMarker(folder);
  if (marker === undefined) return false;
  if (marker.wheelSha256 !== platform.sha256 || marker.sourcesSha256 !== (await sourcesSha256())) return false;
  for (const [name, bytes] of Object.entries(marker.files)) {
    if (
      (await stat(join(folder, name)).then(
        (found) => found.size,
        () => -1,
      )) !== bytes
    )
      return false;
  }
  return true;
}

/** The marker of a finished folder; undefined where there is none that can be read. */
export async function readMarker(folder: string): Promise<Marker | undefined> {
  try {
    return JSON.parse(await readFile(markerFile(folder), 'utf8')) as Marker;
  } catch {
    return undefined;
  }
}

async function takeTurn(folder: string, stale: number, progress: Progress): Promise<() => Promise<void>> {
  let told = false;
  for (;;) {
    try {
      const release = await lock(folder, {
        realpath: false,
        stale,
        update: stale / 5,
        // Another set-up took over because this one seemed dead: both write under names of their own, the last rename stays.
        onCompromised: () => {},
      });
      return () => release().catch(() => {});
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
      if (!told) progress.line('another set-up is at work; waiting for it');
      told = true;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

/** Takes away what set-ups that were killed have left. Called by the holder of the lock, so nobody is at work there. */
async function sweep(folder: string): Promise<void> {
  const prefix = `.${basename(folder)}.part-`;
  for (const name of await readdir(dirname(folder))) {
    if (name.startsWith(prefix)) await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
}

async function requireRoom(folder: string, platform: Platform): Promise<void> {
  // The wheel twice (pip copies it out of its temporary folder), its libraries, and a little for the compiler.
  const needed = 2 * platform.wheelBytes + platform.libraryBytes + 50e6;
  const { bavail, bsize } = await statfs(dirname(folder));
  if (bavail * bsize >= needed) return;
  throw new UserError({
    what: 'too little room on the disk to set TensorFlow up',
    where: dirname(folder),
    expected: `${(needed / 1e9).toFixed(1)} GB free while setting up (${(platform.libraryBytes / 1e9).toFixed(1)} GB stay)`,
    found: `${((bavail * bsize) / 1e9).toFixed(1)} GB`,
    mend: 'make room, or choose another disk for caches: XDG_CACHE_HOME=/path make setup',
  });
}

async function build(steps: SetupSteps, progress: Progress): Promise<void> {
  const { platform, folder } = steps;
  // The wheel outlives a set-up that fails later, e.g. for want of a compiler: it is not downloaded twice.
  const wheelFolder = join(dirname(folder), `.${basename(folder)}.wheel`);
  const wheel = await obtainWheel(platform, wheelFolder, progress, steps.download);
  await createFolderAtomic(folder, async (temporary) => {
    const headers = join(temporary, 'include');
    await extractWheel(wheel, platform, temporary, headers, progress);
    progress.line("compiling TensorFlow's binding");
    await steps.compile(platform, temporary, headers);
    await rm(headers, { recursive: true, force: true });
    const version = await steps.check(temporary);
    if (version !== TENSORFLOW_VERSION) throw wrongVersion(version);
    await writeFile(markerFile(temporary), `${JSON.stringify(await describe(platform, temporary), null, 2)}\n`);
  });
  await rm(wheelFolder, { recursive: true, force: true });
  progress.line(`TensorFlow ${TENSORFLOW_VERSION} is set up in ${folder}`);
}

async function describe(platform: Platform, folder: string): Promise<Marker> {
  const paths = [
    ...Object.values(platform.libraries).map((library) => join(folder, library)),
    bindingFile(folder),
    preloadFile(folder),
  ];
  const files: Record<string, number> = {};
  for (const path of paths) files[basename(path)] = (await stat(path)).size;
  return {
    tensorflow: TENSORFLOW_VERSION,
    tfjs: tfjsPackage().version,
    wheelSha256: platform.sha256,
    sourcesSha256: await sourcesSha256(),
    files,
  };
}

function wrongVersion(found: string): UserError {
  return new UserError({
    what: 'the compiled binding loads another TensorFlow than the one that was set up',
    expected: TENSORFLOW_VERSION,
    found,
    mend: 'take other TensorFlow libraries out of LD_LIBRARY_PATH, then: make setup',
  });
}
