import * as zlib from 'node:zlib';
import yauzl from 'yauzl';
import { UserError } from '../../errors.js';
import { Bytes, shown } from './bytes.js';
import { unpickle } from './pickle.js';
import type { PickleValue } from './pickle-values.js';
import { storagesOf } from './storages.js';

/**
 * The format of `torch.save` since PyTorch 1.6: a zip with the members `NAME/data.pkl`, `NAME/byteorder` (since 2.0) and
 * `NAME/data/KEY` for each storage. PyTorch stores them uncompressed; a compressed one is refused, so the file cannot
 * grow while it is read.
 */
export async function readZipped(file: Uint8Array, where: string): Promise<PickleValue> {
  const members = await membersOf(file, where);
  const pickle = [...members.keys()].find((name) => name.endsWith('/data.pkl'));
  if (pickle === undefined) {
    throw new UserError({
      where,
      what: 'this zip file holds no data.pkl: PyTorch did not write it with torch.save',
      found: [...members.keys()].slice(0, 5).map(shown).join(', '),
      mend: 'where it is a TorchScript or export archive: torch.save(model.state_dict(), …)',
    });
  }
  const folder = pickle.slice(0, -'data.pkl'.length);
  const order = members.get(`${folder}byteorder`)?.toString() ?? 'little';
  if (order !== 'little') throw new UserError({ where, what: 'the byte order is not little', found: shown(order) });
  const bytes = new Bytes(members.get(pickle) as Buffer, `${where}: ${pickle}`);
  const storages = storagesOf(bytes.refuse);
  const root = unpickle(bytes, storages.load);
  for (const storage of storages.all.values()) {
    const name = `${folder}data/${storage.key}`;
    const data = members.get(name);
    const expected = storage.length * storage.type.size;
    if (data?.length !== expected) {
      throw new UserError({
        where,
        what: `the storage ${shown(storage.key)} is ${data === undefined ? 'not in the file' : 'of another length than its tensors say'}`,
        expected: `${expected} bytes`,
        ...(data === undefined ? {} : { found: `${data.length}` }),
      });
    }
    storage.bytes = data;
  }
  return root;
}

/** Every member by name as a view into the file. */
async function membersOf(file: Uint8Array, where: string): Promise<Map<string, Buffer>> {
  const data = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const members = new Map<string, Buffer>();
  const broken = (what: string, found?: string): UserError =>
    new UserError({ where, what, ...(found === undefined ? {} : { found }), mend: 'fetch the file again' });
  await new Promise<void>((resolve, reject) => {
    yauzl.fromBuffer(data, { lazyEntries: true }, (error, zip) => {
      if (error) return reject(broken('this is not a whole zip file', error.message));
      zip.on('error', (problem: Error) => reject(broken('this is not a whole zip file', problem.message)));
      zip.on('end', () => resolve());
      zip.on('entry', (entry: yauzl.Entry) => {
        const member = storedMember(data, entry);
        const name = shown(entry.fileName);
        if (member === undefined || members.has(entry.fileName))
          return reject(broken(`its member ${name} is compressed, encrypted, cut off or there twice`));
        if (!intact(member, entry.crc32))
          return reject(broken(`its member ${name} does not have the checksum it was stored with`));
        members.set(entry.fileName, member);
        zip.readEntry();
      });
      zip.readEntry();
    });
  });
  return members;
}

const LOCAL_HEADER = 30;

/** The bytes of a member that is stored as it is; undefined where it is not, or does not lie within the file. */
function storedMember(data: Buffer, entry: yauzl.Entry): Buffer | undefined {
  const header = entry.relativeOffsetOfLocalHeader;
  if (entry.compressionMethod !== 0 || (entry.generalPurposeBitFlag & 1) !== 0 || header + LOCAL_HEADER > data.length)
    return undefined;
  if (data.readUInt32LE(header) !== 0x04034b50) return undefined;
  const start = header + LOCAL_HEADER + data.readUInt16LE(header + 26) + data.readUInt16LE(header + 28);
  const end = start + entry.uncompressedSize;
  return end > data.length ? undefined : data.subarray(start, end);
}

/** Against the CRC-32 that the zip holds. PyTorch can be told to write none (0), and Node before 20.15 cannot compute it. */
function intact(member: Buffer, expected: number): boolean {
  return expected === 0 || zlib.crc32 === undefined || zlib.crc32(member) === expected;
}
