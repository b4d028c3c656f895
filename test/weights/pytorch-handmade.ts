import { UserError } from '../../src/errors.js';
import { readPytorch } from '../../src/weights/pytorch/file.js';
import { zipOf } from './zip.js';

export const PROTO = '\x80\x02';
export const MAGIC = `${PROTO}\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.`;
export const VERSION = `${PROTO}M\xe9\x03.`;
export const SYSTEM = `${PROTO}}X\x0d\x00\x00\x00little_endian\x88s.`;
export const NO_STORAGES = `${PROTO}].`;

/** A legacy file around one pickle and what follows it. */
export function legacy(pickle: string, after = NO_STORAGES): Buffer {
  return Buffer.from(MAGIC + VERSION + SYSTEM + PROTO + pickle + after, 'latin1');
}
export function zipped(pickle: string): Buffer {
  return zipOf('archive/data.pkl', Buffer.from(PROTO + pickle, 'latin1'));
}
export function text(value: string): string {
  return `X${String.fromCharCode(value.length)}\x00\x00\x00${value}`;
}
/** An integer of 0 … 2³¹. */
export function integer(value: number): string {
  const bytes = Buffer.alloc(5);
  bytes.write('J');
  bytes.writeInt32LE(value, 1);
  return bytes.toString('latin1');
}
export function long(value: bigint): string {
  const bytes = Buffer.alloc(10);
  bytes.write('\x8a\x08', 'latin1');
  bytes.writeBigInt64LE(value, 2);
  return bytes.toString('latin1');
}
export function storage(length: string, more: { key?: string; type?: string; view?: string } = {}): string {
  return `(${text('storage')}ctorch\n${more.type ?? 'FloatStorage'}\n${text(more.key ?? '0')}${text('cpu')}${length}${more.view ?? 'N'}tQ`;
}
/** `shape` and `strides` as pickled tuples. */
export function tensor(store: string, offset: string, shape: string, strides: string): string {
  return `ctorch._utils\n_rebuild_tensor_v2\n(${store}${offset}${shape}${strides}\x89NtR`;
}
export function tuple(...values: string[]): string {
  return `(${values.join('')}t`;
}
/** The list of storages, then one storage of float32. */
export function floats(key: string, values: readonly number[], count = BigInt(values.length)): string {
  const bytes = Buffer.alloc(8 + 4 * values.length);
  bytes.writeBigInt64LE(count);
  values.forEach((value, at) => bytes.writeFloatLE(value, 8 + 4 * at));
  return `${PROTO}](${text(key)}e.${bytes.toString('latin1')}`;
}
export async function fault(file: Buffer): Promise<string> {
  const found = await readPytorch(file, 'bad.pth').then(
    () => 'nothing was wrong',
    (error: unknown) => error,
  );
  if (!(found instanceof UserError)) throw found;
  return found.message;
}
