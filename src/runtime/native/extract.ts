import { createWriteStream } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';
import { UserError } from '../../errors.js';
import type { Progress } from '../../progress.js';
import type { Platform } from './platforms.js';

/** The header files that the binding's source includes, directly or through others. */
const HEADERS = ['tensorflow/c/', 'tensorflow/core/platform/', 'tsl/', 'xla/tsl/'];

/**
 * Unpacks from TensorFlow's wheel what the binding needs and nothing else: the two libraries flat into `folder`, the header files
 * below `headers`. A wheel without both libraries is refused.
 */
export async function extractWheel(
  wheel: string,
  platform: Platform,
  folder: string,
  headers: string,
  progress: Progress,
): Promise<void> {
  const wanted = new Set(Object.values(platform.libraries));
  await extractMembers(wheel, wanted, (member) => targetOf(member, wanted, folder, headers), platform.libraryBytes, progress);
}

/**
 * Unpacks the members of a wheel (a zip) that have a target.
 * @param wanted names of files that have to be there
 * @param bytes of those, unpacked
 */
export async function extractMembers(
  wheel: string,
  wanted: Iterable<string>,
  target: (member: string) => string | undefined,
  bytes: number,
  progress: Progress,
): Promise<void> {
  const missing = new Set(wanted);
  const bar = progress.bar('unpacking it', bytes / 1e6, 'MB');
  const zip = await openPromise(wheel, { lazyEntries: true, autoClose: false });
  try {
    for await (const entry of zip.eachEntry()) {
      const path = target(entry.fileName);
      if (path === undefined) continue;
      await mkdir(dirname(path), { recursive: true });
      const counted = missing.delete(basename(path));
      const advance = (more: number) => (counted ? bar.advance(more / 1e6) : undefined);
      await pipeline(await zip.openReadStreamPromise(entry), counting(advance), createWriteStream(path));
      // The upper half of a zip's external attributes is the file's mode on Unix.
      if (((entry.externalFileAttributes >>> 16) & 0o100) !== 0) await chmod(path, 0o755);
    }
  } finally {
    zip.close();
    bar.done();
  }
  if (missing.size > 0) {
    throw new UserError({ what: 'the wheel lacks a library', where: basename(wheel), expected: [...missing].join(', ') });
  }
}

function targetOf(member: string, libraries: ReadonlySet<string>, folder: string, headers: string): string | undefined {
  if (member.endsWith('/')) return undefined;
  const library = member.slice('tensorflow/'.length);
  if (member.startsWith('tensorflow/') && libraries.has(library)) return join(folder, library);
  const include = 'tensorflow/include/';
  const header = member.slice(include.length);
  return member.startsWith(include) && HEADERS.some((prefix) => header.startsWith(prefix)) ? join(headers, header) : undefined;
}

function counting(advance: (bytes: number) => void): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, pass) {
      advance(chunk.length);
      pass(null, chunk);
    },
  });
}
