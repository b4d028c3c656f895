import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Progress } from '../progress.js';
import { cacheFolder, writeFileAtomic } from '../runtime/folders.js';
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
  /** Whether anything is remembered of a file, so that it is worth asking for its times. */
  has(file: string): boolean;
  add(file: string, info: BigIntStats, content: Content): void;
  /** Writes what the present call found or met again. A disk that is full is no reason to stop. */
  save(): Promise<void>;
}

const first = 'ft contents 2';

/**
 * A change within the clock's grain of a reading may leave the times as they were; so what was changed this short before it
 * was read is not remembered ("racily clean" in Git's index).
 */
const grain = 3000;

/**
 * One file in the cache for each folder of images: a line for each image, `stamp kind sha256 name`, with a SHA-256 of
 * it all at the end. A file that is damaged, of another form or of another folder is as good as none.
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
    has: (file) => before.has(file),
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

/** In one piece, put together once: with a million images it is 200 MB. */
function encode(root: string, lines: ReadonlyMap<string, string>): Uint8Array {
  const hash = createHash('sha256');
  const chunks: Buffer[] = [];
  let block = `${first}\n${JSON.stringify(root)}\n`;
  const flush = () => {
    const chunk = Buffer.from(block);
    hash.update(chunk);
    chunks.push(chunk);
    block = '';
  };
  for (const [file, line] of lines) {
    block += `${line} ${JSON.stringify(file)}\n`;
    if (block.length > 1 << 16) flush();
  }
  flush();
  return Buffer.concat([...chunks, Buffer.from(hash.digest('hex'))]);
}

/** The remembered lines by file; none where the file is absent or is not wholly what was written. */
async function readLines(path: string, root: string): Promise<Map<string, string>> {
  const lines = new Map<string, string>();
  try {
    const bytes = await readFile(path);
    const end = bytes.length - 64;
    const body = bytes.subarray(0, Math.max(0, end));
    if (bytes.toString('latin1', Math.max(0, end)) !== createHash('sha256').update(body).digest('hex')) return lines;
    for (let at = 0, row = 0; at < end; row++) {
      const stop = bytes.indexOf(10, at);
      const line = bytes.toString('utf8', at, stop);
      at = stop + 1;
      if (row === 0 && line !== first) return lines;
      if (row === 1 && JSON.parse(line) !== root) return lines;
      const quote = line.indexOf(' "');
      if (row > 1) lines.set(JSON.parse(line.slice(quote + 1)) as string, line.slice(0, quote));
    }
  } catch {
    lines.clear();
  }
  return lines;
}
