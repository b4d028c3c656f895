import { UserError } from '../../errors.js';
import { type ByteSource, bytesInMemory, takeBytes } from '../byte-source.js';
import { eachEntry, hasChecksum, openZip, type Range, storedMember } from '../zip.js';
import { Bytes, shown } from './bytes.js';
import { unpickle } from './pickle.js';
import type { PickleValue } from './pickle-values.js';
import { storagesOf } from './storages.js';

/**
 * The format of `torch.save` since PyTorch 1.6: a zip with the members `NAME/data.pkl`, `NAME/byteorder` (since 2.0) and
 * `NAME/data/KEY` for each storage. PyTorch stores them uncompressed; a compressed one is refused, so the file cannot
 * grow while it is read.
 */
export async function readZipped(file: ByteSource, where: string): Promise<PickleValue> {
  const members = await membersOf(file, where);
  const bytesOf = ({ from, length }: Range) => takeBytes(file, from, length);
  const pickle = [...members].find(([name]) => name.endsWith('/data.pkl'));
  if (pickle === undefined) {
    throw new UserError({
      where,
      what: 'this zip file holds no data.pkl: PyTorch did not write it with torch.save',
      found: [...members.keys()].slice(0, 5).map(shown).join(', '),
      mend: 'where it is a TorchScript or export archive: torch.save(model.state_dict(), …)',
    });
  }
  const folder = pickle[0].slice(0, -'data.pkl'.length);
  const written = members.get(`${folder}byteorder`);
  const order = written === undefined ? 'little' : bytesOf(written).toString();
  if (order !== 'little') throw new UserError({ where, what: 'the byte order is not little', found: shown(order) });
  const bytes = new Bytes(bytesInMemory(bytesOf(pickle[1])), `${where}: ${pickle[0]}`);
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
    storage.place = { source: file, from: data.from };
  }
  return root;
}

/** Where every member lies, by name. Their checksums are looked at, which PyTorch can be told not to write (0). */
async function membersOf(file: ByteSource, where: string): Promise<Map<string, Range>> {
  const members = new Map<string, Range>();
  const broken = (what: string, found?: string): UserError =>
    new UserError({ where, what, ...(found === undefined ? {} : { found }), mend: 'fetch the file again' });
  try {
    await eachEntry(await openZip(file), (entry) => {
      const member = storedMember(file, entry);
      const name = shown(entry.fileName);
      if (member === undefined || members.has(entry.fileName))
        throw broken(`its member ${name} is compressed, encrypted, cut off or there twice`);
      if (entry.crc32 !== 0 && !hasChecksum(file, member, entry.crc32))
        throw broken(`its member ${name} does not have the checksum it was stored with`);
      members.set(entry.fileName, member);
    });
  } catch (error) {
    throw error instanceof UserError ? error : broken('this is not a whole zip file', (error as Error).message);
  }
  return members;
}
