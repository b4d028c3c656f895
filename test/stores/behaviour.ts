import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store, StoredRow } from '../../src/stores/store.js';
import { DIMENSIONS, row, unit } from './rows.js';

const prototype = (number: number): StoredRow => row(number, { id: `class-${number}`, kind: 'prototype', images: 7, path: null });

/** The definition: every row compared. */
function byLoop(rows: readonly StoredRow[], query: Float32Array, top: number) {
  const all = rows.map(({ vector, ...words }) => ({
    ...words,
    similarity: vector.reduce((sum, value, i) => sum + value * (query[i] as number), 0),
  }));
  return all.sort((a, b) => b.similarity - a.similarity).slice(0, top);
}

const idsOf = async (store: Store, kind?: StoredRow['kind']) => {
  const ids: string[] = [];
  for await (const { id } of store.rows(kind)) ids.push(id);
  return ids;
};

interface Subject {
  /** Empties the place and opens a store there. */
  fresh(): Promise<Store>;
  /** Opens the same place again; null where a store lasts no longer than its process. */
  reopen: (() => Promise<Store>) | null;
}

/** What every store does, whoever keeps it. */
export function behaves(name: string, { fresh, reopen }: Subject): void {
  describe(name, () => {
    let store: Store;
    beforeEach(async () => {
      store = await fresh();
    });
    afterEach(() => store.close());

    async function expectNearest(rows: readonly StoredRow[], top: number) {
      for (let seed = 900; seed < 905; seed++) {
        const expected = byLoop(rows, unit(seed), top);
        const found = await store.nearest(unit(seed), top);
        expect(found.map(({ similarity, ...words }) => words)).toEqual(expected.map(({ similarity, ...words }) => words));
        for (const [i, { similarity }] of found.entries()) expect(similarity).toBeCloseTo(expected[i]?.similarity as number, 5);
      }
    }

    it('is empty at first', async () => {
      expect(store.dimensions).toBe(DIMENSIONS);
      expect(await store.count()).toBe(0);
      expect(await store.nearest(unit(1), 5)).toEqual([]);
      expect(await store.get('image-001')).toBeNull();
      expect(await idsOf(store)).toEqual([]);
      expect(await store.remove(['image-001'])).toBe(0);
      await store.add([]);
      expect(await store.count()).toBe(0);
    });

    it('finds what a loop over all rows finds, whatever was added, replaced and removed before', async () => {
      const rows = Array.from({ length: 60 }, (_, i) => row(i));
      await store.add(rows);
      await expectNearest(rows, 5);
      await expectNearest(rows, 100);
      // A row is replaced as a whole: its vector and its words.
      const changed = row(7, { vector: unit(1007), class: 'moved', images: 3 });
      await store.add([changed]);
      const now = rows.map((one) => (one.id === changed.id ? changed : one)).filter((_, i) => i % 4 !== 1);
      expect(await store.remove(rows.filter((_, i) => i % 4 === 1).map(({ id }) => id))).toBe(15);
      await expectNearest(now, 8);
      await expectNearest(now, 60);
    });

    it('tells the cosine of a vector with itself as 1 at most', async () => {
      const rows = Array.from({ length: 20 }, (_, i) => row(i));
      await store.add(rows);
      for (const { id, vector } of rows) {
        const [first] = await store.nearest(vector, 1);
        expect(first?.id).toBe(id);
        expect(first?.similarity).toBeLessThanOrEqual(1);
        expect(first?.similarity).toBeGreaterThan(0.999999);
      }
    });

    it('gives a row as it was added', async () => {
      const rows = [
        row(1),
        row(2),
        row(3, { id: 'with "quotes", \'commas\' and ünïcode/日本', class: "Robert'); DROP TABLE rows;--" }),
      ];
      await store.add(rows);
      for (const one of rows) {
        const { vector, ...words } = (await store.get(one.id)) as StoredRow;
        expect(words).toEqual((({ vector: _, ...rest }) => rest)(one));
        expect(vector).toBeInstanceOf(Float32Array);
        for (const [i, value] of vector.entries()) expect(value).toBeCloseTo(one.vector[i] as number, 6);
      }
    });

    it('takes the last of two rows with one id', async () => {
      await store.add([row(1), row(2), row(1, { class: 'last' })]);
      expect(await store.count()).toBe(2);
      expect((await store.get('image-001'))?.class).toBe('last');
    });

    it('refuses a vector of another length and adds nothing', async () => {
      await expect(store.add([row(1), row(2, { vector: unit(2, 5) })])).rejects.toThrow(
        "row 'image-002' has a vector of 5 numbers, the store of 12",
      );
      expect(await store.count()).toBe(0);
    });

    it('counts and lists by kind, by id, more rows than one page has', async () => {
      const images = Array.from({ length: 300 }, (_, i) => row(299 - i));
      await store.add([prototype(2), ...images, prototype(1)]);
      expect([await store.count(), await store.count('image'), await store.count('prototype')]).toEqual([302, 300, 2]);
      expect(await idsOf(store, 'prototype')).toEqual(['class-1', 'class-2']);
      const sorted = images.map(({ id }) => id).reverse();
      expect(await idsOf(store, 'image')).toEqual(sorted);
      expect(await idsOf(store)).toEqual(['class-1', 'class-2', ...sorted]);
      expect(await store.get('class-2')).toMatchObject({ kind: 'prototype', images: 7 });
    });

    it('removes what is there, and says how many that were', async () => {
      await store.add([row(1), row(2), row(3)]);
      expect(await store.remove(['image-002', 'nobody', 'image-002'])).toBe(1);
      expect(await store.get('image-002')).toBeNull();
      expect(await idsOf(store)).toEqual(['image-001', 'image-003']);
      expect(await store.remove([])).toBe(0);
    });

    if (reopen === null) return;
    it('has all of it when it is opened again', async () => {
      const rows = Array.from({ length: 40 }, (_, i) => row(i));
      await store.add([...rows, prototype(1)]);
      await store.remove(['image-003', 'class-1']);
      await store.add([row(5, { vector: unit(1005) })]);
      await store.close();
      store = await reopen();
      const now = rows.filter((_, i) => i !== 3).map((one, i) => (i === 4 ? row(5, { vector: unit(1005) }) : one));
      expect(await store.count()).toBe(39);
      await expectNearest(now, 10);
      await store.add([row(77)]);
      await expectNearest([...now, row(77)], 10);
    });
  });
}
