import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../errors.js';
import type { Progress } from '../../progress.js';
import { lastLines, missing, type RunTool, runTool } from './tools.js';

/** A file of the Python package index, pinned. */
export interface Wheel {
  readonly project: string;
  readonly version: string;
  /** The file's name. */
  readonly wheel: string;
  readonly sha256: string;
  readonly wheelBytes: number;
  /** What pip calls the machine. */
  readonly pipPlatform: string;
}

/** Puts a wheel into an empty folder and returns its path. */
export type Download = (wheel: Wheel, folder: string, progress: Progress) => Promise<string>;

/**
 * A wheel in `folder`, downloaded unless it lies there whole already. Its SHA-256 is checked either way; a
 * wheel with another one is deleted and refused. A kill in the middle leaves only a `.part-*` folder, swept by the next call.
 */
export async function obtainWheel(wanted: Wheel, folder: string, progress: Progress, download: Download): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    if (name.startsWith('.part-')) await rm(join(folder, name), { recursive: true, force: true });
  }
  const wheel = join(folder, wanted.wheel);
  if ((await fileSha256(wheel)) === wanted.sha256) return wheel;
  const temporary = await mkdtemp(join(folder, '.part-'));
  try {
    const downloaded = await download(wanted, temporary, progress);
    const found = await fileSha256(downloaded);
    if (found !== wanted.sha256) {
      throw new UserError({
        what: 'the downloaded wheel is not the one that was pinned, so it was deleted',
        where: wanted.wheel,
        expected: `SHA-256 ${wanted.sha256}`,
        found: found === undefined ? 'no file' : `SHA-256 ${found}`,
        mend: 'make setup   (once more; if it stays so, the package index in use serves something else: pip3 config list)',
      });
    }
    await rename(downloaded, wheel);
    return wheel;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** SHA-256 of a file in hexadecimal; undefined when there is none. */
export async function fileSha256(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return hash.digest('hex');
}

/** Downloads with the person's own pip, and so with their index, proxy and certificates; pip checks the hash as well. */
export function pipDownload(run: RunTool = runTool): Download {
  return async (wheel, folder, progress) => {
    await requirePip(run);
    const requirements = join(folder, 'requirements.txt');
    await writeFile(requirements, `${wheel.project}==${wheel.version} --hash=sha256:${wheel.sha256}\n`);
    const bar = progress.bar(`fetching ${wheel.project}`, wheel.wheelBytes / 1e6, 'MB');
    const stop = watchBytes(folder, (bytes) => bar.advance(bytes / 1e6));
    try {
      const pip = await run('python3', pipArguments(wheel, folder, requirements), {
        // pip downloads into its temporary folder: here it is swept with the rest, on the disk that has the room.
        TMPDIR: folder,
        PIP_DISABLE_PIP_VERSION_CHECK: '1',
      });
      if (pip?.code !== 0) throw pipFailed(wheel, pip?.stderr ?? '');
    } finally {
      stop();
      bar.done();
    }
    return join(folder, wheel.wheel);
  };
}

function pipArguments(wheel: Wheel, folder: string, requirements: string): string[] {
  return [
    ...['-m', 'pip', 'download', '--quiet', '--no-deps', '--require-hashes', '--only-binary=:all:'],
    // The wheel is kept until it is unpacked, and the libraries after that: a third copy in pip's cache helps nobody.
    ...['--no-cache-dir', '--platform', wheel.pipPlatform, '--python-version', '3.11'],
    ...['--dest', folder, '--requirement', requirements],
  ];
}

async function requirePip(run: RunTool): Promise<void> {
  const python = await run('python3', ['--version']);
  if (python?.code !== 0) throw missing('python', 'python3 is not installed; its pip fetches the TensorFlow library');
  const pip = await run('python3', ['-m', 'pip', '--version']);
  if (pip?.code !== 0) throw missing('pip', 'python3 has no pip; it fetches the TensorFlow library');
}

function pipFailed({ project, version }: Wheel, stderr: string): UserError {
  return new UserError({
    what: `pip could not download ${project} ${version}`,
    found: lastLines(stderr),
    mend: 'see that this machine reaches its Python package index (pip3 config list), then: make setup',
  });
}

/** Calls `grew` with the bytes by which the largest file has grown since the last call, every 200 ms. Returns what stops it. */
function watchBytes(folder: string, grew: (bytes: number) => void): () => void {
  let seen = 0;
  const timer = setInterval(async () => {
    // Not the sum: pip copies the wheel out of its temporary folder once it is whole.
    const bytes = Math.max(0, ...(await fileSizes(folder)));
    if (bytes <= seen) return;
    grew(bytes - seen);
    seen = bytes;
  }, 200);
  return () => clearInterval(timer);
}

/** Bytes of all files in a folder and below; 0 when there is none. */
export async function folderBytes(folder: string): Promise<number> {
  return (await fileSizes(folder)).reduce((sum, bytes) => sum + bytes, 0);
}

async function fileSizes(folder: string): Promise<number[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  // A file may be gone by the time it is asked for its size.
  return Promise.all(
    files.map((file) =>
      stat(file).then(
        (found) => found.size,
        () => 0,
      ),
    ),
  );
}
