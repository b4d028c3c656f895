import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import yauzl from 'yauzl';
import { UserError } from '../../errors.js';

/** Writes one member of a zip file (a wheel is one) to `path`. */
export async function extractZipMember(zip: string, member: string, path: string): Promise<void> {
  const file = await new Promise<yauzl.ZipFile>((resolve, reject) => {
    yauzl.open(zip, { lazyEntries: true, autoClose: false }, (error, opened) => (error ? reject(error) : resolve(opened)));
  }).catch((error: Error) => {
    throw new UserError({ where: zip, what: 'this is not a whole zip file', found: error.message, mend: 'fetch it again' });
  });
  try {
    const entry = await findEntry(file, member);
    if (entry === undefined) throw new UserError({ where: zip, what: `it holds no member '${member}'` });
    const stream = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
      file.openReadStream(entry, (error, opened) => (error ? reject(error) : resolve(opened)));
    });
    await pipeline(stream, createWriteStream(path));
  } finally {
    file.close();
  }
}

function findEntry(file: yauzl.ZipFile, member: string): Promise<yauzl.Entry | undefined> {
  return new Promise((resolve, reject) => {
    file.on('entry', (entry: yauzl.Entry) => (entry.fileName === member ? resolve(entry) : file.readEntry()));
    file.on('end', () => resolve(undefined));
    file.on('error', reject);
    file.readEntry();
  });
}
