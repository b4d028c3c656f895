import type yauzl from 'yauzl';
import { UserError } from '../../errors.js';
import { type ByteSource, bytesInMemory, bytesOfFile, takeBytes } from '../byte-source.js';
import { shown } from '../pytorch/bytes.js';
import { eachEntry, hasChecksum, openZip, type Range, storedMember } from '../zip.js';
import type { Source } from './hdf5.js';

/** Members that mean something; assets beside them are passed over. */
const MEMBERS: ReadonlySet<string> = new Set(['config.json', 'metadata.json', 'model.weights.h5']);
/** Bytes up to which a member may be any number of times as large as it is stored, and how many times a larger one may be. */
const FREE = 2 ** 24;
const GROWTH = 20;

/** A member of an archive. */
export interface Member {
  readonly bytes: () => Buffer;
  /** For a reader of large ones: where it lies in the file, where it is stored there as it is. */
  readonly source: Exclude<Source, string>;
}

/**
 * The members `config.json`, `metadata.json` and `model.weights.h5` of a `.keras` archive (a zip), by name. Nothing is written to
 * a disk. Keras stores them uncompressed, and they are read where they lie; a compressed one that grows beyond measure is refused before
 * it is read.
 * @throws UserError for what is no whole zip file
 */
export async function readArchive(source: string | Uint8Array, where: string): Promise<Map<string, Member>> {
  const broken = (what: string, found?: string): UserError =>
    new UserError({ where, what, ...(found === undefined ? {} : { found }), mend: 'fetch or save the file again' });
  const file = typeof source === 'string' ? bytesOfFile(source, where) : bytesInMemory(source);
  const members = new Map<string, Member>();
  try {
    const zip = await openZip(file);
    await eachEntry(zip, async (entry) => {
      if (!MEMBERS.has(entry.fileName)) return;
      const name = `its member ${entry.fileName}`;
      if (members.has(entry.fileName)) throw broken(`${name} is there twice`);
      if (entry.uncompressedSize > Math.max(FREE, GROWTH * entry.compressedSize))
        throw broken(
          `${name} grows from ${entry.compressedSize} bytes to ${entry.uncompressedSize}: no weights or configuration do`,
        );
      const stored = storedMember(file, entry);
      const unpacked =
        stored === undefined
          ? await readMember(zip, entry).catch((error: Error) => {
              throw broken(`${name} cannot be read`, shown(error.message));
            })
          : undefined;
      const place: [ByteSource, Range] =
        unpacked === undefined ? [file, stored as Range] : [bytesInMemory(unpacked), { from: 0, length: unpacked.length }];
      if (!hasChecksum(...place, entry.crc32)) throw broken(`${name} does not have the checksum it was stored with`);
      const bytes = (): Buffer => unpacked ?? takeBytes(place[0], place[1].from, place[1].length);
      const inFile = typeof source === 'string' && stored !== undefined ? { path: source, ...stored } : undefined;
      members.set(entry.fileName, { bytes, source: inFile ?? bytes() });
    });
  } catch (error) {
    throw error instanceof UserError ? error : broken('this is not a whole zip file', shown((error as Error).message));
  }
  return members;
}

async function readMember(zip: yauzl.ZipFile, entry: yauzl.Entry): Promise<Buffer> {
  const stream = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
    zip.openReadStream(entry, (error, opened) => (error ? reject(error) : resolve(opened)));
  });
  const bytes = Buffer.alloc(entry.uncompressedSize);
  let at = 0;
  for await (const chunk of stream) at += (chunk as Buffer).copy(bytes, at);
  if (at !== bytes.length) throw new Error(`it ends after ${at} of ${bytes.length} bytes`);
  return bytes;
}
