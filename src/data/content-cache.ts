import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Progress } from '../progress.js';
import { cacheFolder, writeFileAtomic } from '../runtime/folders.js';
import { crc32 } from './checksum.js';
import type { ContentKind } from './content-kind.js';

/** What reading a file once tells. */
export interface Content {
  readonly sha256: string;
  readonly kind: ContentKind | null;
}

/** How the contents of a listing are read. */
export interface ContentOptions {
  readonly progress?: Progress;
  /** The file that remembers contents between calls; null: none. The person's cache by default. */
  readonly cache?: string | null;
  /** Milliseconds since 1970; what changed in the last moments is not remembered. */
  readonly now?: () => number;
}

/** What earlier calls read of the files of one folder. */
export interface KnownContents {
  /** What is remembered of a file, if it is still the very one: same size, inode, times of its content and of its entry. */
  find(file: string, info: BigIntStats): Content | undefined;
  add(file: string, info: BigIntStats, content: Content): void;
  /** Writes what the present call found or met again. A disk that is full is no reason to stop. */
  save(): Promise<void>;
}

const first = 'ft contents 1';

/**
 * A change within the clock's grain of a reading may leave the times as they were; so what was changed this short before it
 * was read is not remembered ("racily clean" in Git's index).
 */
const grain = 3000;

/**
 * One file in the cache for each folder of images: a line for each image, `stamp kind sha256 name`, behind a line with their
 * CRC-32. A file that is damaged, of another form or of another folder is as good as none.
 */
export async function openContentCache(root: string, options: ContentOptions): Promise<KnownContents> {
  const { now = Date.now } = options;
  const path =
    options.cache === undefined
      ? join(cacheFolder('contents'), `${createHash('sha256').update(root).digest('hex').slice(0, 20)}.txt`)
      : options.cache;
  const before = path === null ? new Map<string, string>() : await readLines(path, root);
  const lines = new Map<string, string>();
  let changed = false;
  return {
    find(file, info) {
      const line = before.get(file);
      if (line === undefined) return undefined;
      const [stamp, kind, sha256] = line.split(' ', 3) as [string, string, string];
      if (stamp !== stampOf(info)) return undefined;
      lines.set(file, line);
      return { sha256, kind: kind === '-' ? null : (kind.replaceAll('_', ' ') as ContentKind) };
    },
    add(file, info, { kind, sha256 }) {
      if (now() - Number(info.ctimeMs) < grain || now() - Number(info.mtimeMs) < grain) return;
      changed = true;
      lines.set(file, `${stampOf(info)} ${kind?.replaceAll(' ', '_') ?? '-'} ${sha256}`);
    },
    async save() {
      if (path === null || (!changed && lines.size === before.size)) return;
      await writeFileAtomic(path, encode(root, lines)).catch(() => undefined);
    },
  };
}

function stampOf({ size, mtimeNs, ctimeNs, ino, dev }: BigIntStats): string {
  return [size, mtimeNs, ctimeNs, ino, dev].map((value) => value.toString(36)).join('.');
}

function encode(root: string, lines: ReadonlyMap<string, string>): Uint8Array {
  const chunks: Buffer[] = [Buffer.from(`${JSON.stringify(root)}\n`)];
  let block: string[] = [];
  const flush = () => {
    chunks.push(Buffer.from(block.join('')));
    block = [];
  };
  for (const [file, line] of lines) {
    if (block.push(`${line} ${JSON.stringify(file)}\n`) === 4096) flush();
  }
  flush();
  const body = Buffer.concat(chunks);
  return Buffer.concat([Buffer.from(`${first} ${crc32(body)}\n`), body]);
}

/** The remembered lines by file; none where the file is absent or is not wholly what was written. */
async function readLines(path: string, root: string): Promise<Map<string, string>> {
  const lines = new Map<string, string>();
  try {
    const bytes = await readFile(path);
    const end = bytes.indexOf(10) + 1;
    if (bytes.toString('latin1', 0, end) !== `${first} ${crc32(bytes.subarray(end))}\n`) return lines;
    for (let at = end, row = 0; at < bytes.length; row++) {
      const stop = bytes.indexOf(10, at);
      const line = bytes.toString('utf8', at, stop);
      at = stop + 1;
      if (row === 0 && JSON.parse(line) !== root) return lines;
      const quote = line.indexOf(' "');
      if (row > 0) lines.set(JSON.parse(line.slice(quote + 1)) as string, line.slice(0, quote));
    }
  } catch {
    lines.clear();
  }
  return lines;
}
