import * as zlib from 'node:zlib';
import yauzl from 'yauzl';
import { UserError } from '../../errors.js';
import { shown } from '../pytorch/bytes.js';
import type { Source } from './hdf5.js';

/** Members that mean something; assets beside them are passed over. */
const MEMBERS: ReadonlySet<string> = new Set(['config.json', 'metadata.json', 'model.weights.h5']);
/** Bytes up to which a member may be any number of times as large as it is stored, and how many times a larger one may be. */
const FREE = 2 ** 24;
const GROWTH = 20;

/**
 * The members `config.json`, `metadata.json` and `model.weights.h5` of a `.keras` archive (a zip), by name. Nothing is written to
 * a disk. Keras stores them uncompressed; a compressed one that grows beyond measure is refused before it is read.
 * @throws UserError for what is no whole zip file
 */
export async function readArchive(source: Source, where: string): Promise<Map<string, Buffer>> {
  const broken = (what: string, found?: string): UserError =>
    new UserError({ where, what, ...(found === undefined ? {} : { found }), mend: 'fetch or save the file again' });
  const zip = await open(source).catch((error: Error) => {
    throw broken('this is not a whole zip file', shown(error.message));
  });
  const members = new Map<string, Buffer>();
  try {
    await new Promise<void>((resolve, reject) => {
      const take = async (entry: yauzl.Entry): Promise<void> => {
        if (MEMBERS.has(entry.fileName)) {
          const name = `its member ${entry.fileName}`;
          if (members.has(entry.fileName)) throw broken(`${name} is there twice`);
          if (entry.uncompressedSize > Math.max(FREE, GROWTH * entry.compressedSize)) {
            throw broken(
              `${name} grows from ${entry.compressedSize} bytes to ${entry.uncompressedSize}: no weights or configuration do`,
            );
          }
          const bytes = await readMember(zip, entry).catch((error: Error) => {
            throw broken(`${name} cannot be read`, shown(error.message));
          });
          // Node before 20.15 cannot compute it, and has no such name to import.
          if (zlib.crc32 !== undefined && zlib.crc32(bytes) !== entry.crc32)
            throw broken(`${name} does not have the checksum it was stored with`);
          members.set(entry.fileName, bytes);
        }
        zip.readEntry();
      };
      zip.on('entry', (entry: yauzl.Entry) => take(entry).catch(reject));
      zip.on('error', (error: Error) => reject(broken('this is not a whole zip file', shown(error.message))));
      zip.on('end', () => resolve());
      zip.readEntry();
    });
  } finally {
    zip.close();
  }
  return members;
}

function open(source: Source): Promise<yauzl.ZipFile> {
  return new Promise((resolve, reject) => {
    const opened = (error: Error | null, zip: yauzl.ZipFile): void => (error ? reject(error) : resolve(zip));
    const options = { lazyEntries: true, autoClose: false };
    if (typeof source === 'string') yauzl.open(source, options, opened);
    else yauzl.fromBuffer(Buffer.from(source.buffer, source.byteOffset, source.byteLength), options, opened);
  });
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
