import { describe, expect, it } from 'vitest';
import { fillStore } from '../../src/serve/fill-store.js';
import { imageId, prototypeId } from '../../src/serve/rows.js';
import { memoryStore } from '../../src/stores/memory.js';
import type { StoredRow } from '../../src/stores/store.js';

const gallery = (rows: Readonly<Record<string, readonly [number, number]>>, className = 'x') => ({
  files: Object.keys(rows),
  classes: Object.keys(rows).map(() => className),
  paths: null,
  values: Float32Array.from(Object.values(rows).flat()),
  dimensions: 2,
});

describe('filling a store', () => {
  it('adds what is new or changed, removes what is gone, and leaves what was enrolled', async () => {
    const store = memoryStore(2);
    const added: string[][] = [];
    const watched = {
      ...store,
      add: async (rows: readonly StoredRow[]) => {
        added.push(rows.map(({ file }) => file));
        await store.add(rows);
      },
    };
    expect(await fillStore(watched, gallery({ a: [1, 0], b: [0, 1], c: [-1, 0] }))).toEqual({ added: 3, removed: 0 });
    const row = { class: 'Rex', file: 'Rex', path: null, kind: 'prototype', images: 2 } as const;
    await store.add([{ ...row, id: prototypeId('Rex'), vector: Float32Array.of(0, -1) }]);
    added.length = 0;
    expect(await fillStore(watched, gallery({ b: [0, 1], a: [0.6, 0.8], d: [0, -1] }))).toEqual({ added: 2, removed: 1 });
    expect(added).toEqual([['a', 'd']]);
    expect([await store.count('image'), await store.count('prototype')]).toEqual([3, 1]);
    expect([...((await store.get(imageId('a')))?.vector ?? [])]).toEqual([expect.closeTo(0.6), expect.closeTo(0.8)]);
    expect(await store.get(imageId('c'))).toBeNull();
    expect(await fillStore(watched, gallery({ b: [0, 1], a: [0.6, 0.8], d: [0, -1] }))).toEqual({ added: 0, removed: 0 });
    expect(await fillStore(watched, gallery({ b: [0, 1], a: [0.6, 0.8], d: [0, -1] }, 'y'))).toEqual({ added: 3, removed: 0 });
  });

  it('names an image by its path and an enrolled class by its name, never the same', () => {
    expect(imageId('a/b.png')).toMatch(/^i[0-9a-f]{20}$/);
    expect(imageId('a/b.png')).not.toBe(imageId('a/c.png'));
    expect(prototypeId('a/b.png').slice(1)).toBe(imageId('a/b.png').slice(1));
    expect(prototypeId('a/b.png')).not.toBe(imageId('a/b.png'));
  });
});
