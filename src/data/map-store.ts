import { closeSync, existsSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, utimesSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from './checksum.js';

/*
 * A folder with two files:
 *
 *   maps    slots × bytes, sparse: what was never written takes no room
 *   index   slots × two little-endian uint32: 'FTM1' where the slot was written, else 0; CRC-32 of its bytes
 *
 * A record is written before its entry of the index, so a kill between the two leaves an empty slot. Two processes may fill one
 * folder at a time: they write the same bytes.
 */
const WRITTEN = 0x314d5446;
const ENTRY = 8;

/** Records of one size on disk, each in its slot, each with a checksum; a slot is written once. */
export interface MapStore {
  readonly slots: number;
  /** Bytes of a record. */
  readonly bytes: number;
  /** Whether the slot was written; its bytes may still turn out damaged. */
  has(slot: number): boolean;
  /** Reads a record; false where there is none, or its bytes are not those that were written: then it counts as empty. */
  read(slot: number, target: Uint8Array): boolean;
  write(slot: number, record: Uint8Array): void;
  close(): void;
}

/** Opens the store in a folder, or begins it. One that is not of this shape is begun anew. */
export function openMapStore(folder: string, slots: number, bytes: number): MapStore {
  mkdirSync(folder, { recursive: true });
  const open = (name: string, size: number) => {
    const path = join(folder, name);
    const file = openSync(path, existsSync(path) ? 'r+' : 'w+');
    const whole = fstatSync(file).size === size;
    return { file, whole };
  };
  const maps = open('maps', slots * bytes);
  const index = open('index', slots * ENTRY);
  const entries = new Uint32Array(2 * slots);
  if (maps.whole && index.whole) readSync(index.file, new Uint8Array(entries.buffer), 0, slots * ENTRY, 0);
  else
    for (const [{ file }, size] of [
      [maps, slots * bytes],
      [index, slots * ENTRY],
    ] as const) {
      ftruncateSync(file, 0);
      ftruncateSync(file, size);
    }
  // What was used last is thrown away last.
  const now = new Date();
  utimesSync(folder, now, now);
  const check = (slot: number, size: number) => {
    if (!Number.isInteger(slot) || slot < 0 || slot >= slots) throw new RangeError(`slot ${slot} of ${slots}`);
    if (size !== bytes) throw new RangeError(`${size} bytes for a record of ${bytes}`);
  };
  return {
    slots,
    bytes,
    has: (slot) => entries[2 * slot] === WRITTEN,
    read(slot, target) {
      check(slot, target.length);
      if (entries[2 * slot] !== WRITTEN) return false;
      let done = 0;
      while (done < bytes) {
        const got = readSync(maps.file, target, done, bytes - done, slot * bytes + done);
        if (got === 0) break;
        done += got;
      }
      if (done === bytes && crc32(target) === entries[2 * slot + 1]) return true;
      entries[2 * slot] = 0;
      return false;
    },
    write(slot, record) {
      check(slot, record.length);
      writeSync(maps.file, record, 0, bytes, slot * bytes);
      entries[2 * slot] = WRITTEN;
      entries[2 * slot + 1] = crc32(record);
      writeSync(index.file, new Uint8Array(entries.buffer, slot * ENTRY, ENTRY), 0, ENTRY, slot * ENTRY);
    },
    close() {
      closeSync(maps.file);
      closeSync(index.file);
    },
  };
}
