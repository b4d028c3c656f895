import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromBfloat16, toBfloat16 } from '../../src/data/bfloat16.js';
import { openMapStore } from '../../src/data/map-store.js';
import { temporaryFolders } from './images.js';

const folders = temporaryFolders();
const record = (seed: number) => Uint8Array.from({ length: 1000 }, (_, i) => (i * seed + (i >> 3)) % 256);

describe('a store of maps', () => {
  it('gives back what was written, also to who opens it later, and has nothing where nothing was', () => {
    const folder = join(folders(), 'a');
    const store = openMapStore(folder, 5, 1000);
    const target = new Uint8Array(1000);
    expect([store.has(3), store.read(3, target)]).toEqual([false, false]);
    store.write(3, record(7));
    store.write(0, record(9));
    expect([store.has(3), store.read(3, target)]).toEqual([true, true]);
    expect(target).toEqual(record(7));
    store.close();
    const later = openMapStore(folder, 5, 1000);
    expect([0, 1, 2, 3, 4].filter((slot) => later.has(slot))).toEqual([0, 3]);
    expect(later.read(0, target)).toBe(true);
    expect(target).toEqual(record(9));
    later.close();
  });

  it('takes a damaged record for an empty slot, and leaves the others', () => {
    const folder = join(folders(), 'a');
    const store = openMapStore(folder, 3, 1000);
    for (const slot of [0, 1, 2]) store.write(slot, record(slot + 2));
    store.close();
    const path = join(folder, 'maps');
    const bytes = readFileSync(path);
    bytes[1500] = (bytes[1500] as number) ^ 1;
    writeFileSync(path, bytes);
    const later = openMapStore(folder, 3, 1000);
    const target = new Uint8Array(1000);
    expect([0, 1, 2].map((slot) => later.read(slot, target))).toEqual([true, false, true]);
    expect(later.has(1)).toBe(false);
    later.write(1, record(3));
    expect(later.read(1, target)).toBe(true);
    later.close();
  });

  it('begins anew where its files are not as long as they should be', () => {
    const folder = join(folders(), 'a');
    const store = openMapStore(folder, 3, 1000);
    store.write(0, record(2));
    store.close();
    truncateSync(join(folder, 'maps'), 2999);
    const cut = openMapStore(folder, 3, 1000);
    expect(cut.has(0)).toBe(false);
    cut.close();
    expect(statSync(join(folder, 'maps')).size).toBe(3000);
    expect(existsSync(join(folder, 'index'))).toBe(true);
  });

  it('refuses a slot or a record that is none', () => {
    const store = openMapStore(join(folders(), 'a'), 3, 1000);
    expect(() => store.write(3, record(1))).toThrow('slot 3 of 3');
    expect(() => store.read(0, new Uint8Array(999))).toThrow('999 bytes for a record of 1000');
    store.close();
  });
});

describe('bfloat16', () => {
  const there = (values: number[]) => {
    const halves = new Uint16Array(values.length);
    toBfloat16(Float32Array.from(values), halves);
    const back = new Float32Array(values.length);
    fromBfloat16(halves, back);
    return [...back];
  };

  it('keeps what it can hold, infinities and NaN', () => {
    const held = [0, -0, 1, -2.5, 0.15625, 3.3895313892515355e38, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
    expect(there(held)).toEqual(held);
  });

  it('rounds to the nearest of its neighbours, ties to the even one', () => {
    // Between 1 and 2 its steps are 2⁻⁷.
    expect(there([1 + 0.9 / 256, 1 + 1.1 / 256, 1 + 1 / 256, 1 + 3 / 256])).toEqual([1, 1 + 1 / 128, 1, 1 + 2 / 128]);
    const values = Array.from({ length: 5000 }, (_, i) => Math.fround(Math.sin(i) * 10 ** ((i % 30) - 15)));
    there(values).forEach((value, i) => {
      expect(Math.abs(value - (values[i] as number))).toBeLessThanOrEqual(Math.abs(values[i] as number) / 256);
    });
  });
});
