import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { scaleToUnit } from '../heads/unit.js';
import { jpegThumbnail } from '../page/thumbnail.js';
import { writeFileAtomic } from '../runtime/folders.js';
import type { Store, StoredRow } from '../stores/store.js';
import type { Enrolled } from './api.js';
import { Refusal } from './refusal.js';
import { pictureOf, prototypeId } from './rows.js';

/** Classes that are learned from a few photos without training: each becomes one row of the store, its prototype. */
export interface Enrolment {
  /** One whose class is there already takes its place. */
  enrol(className: string, photos: readonly Uint8Array[], embeddings: readonly Float32Array[]): Promise<Enrolled>;
  list(): Promise<Enrolled[]>;
  /** @throws Refusal 404 */
  remove(className: string): Promise<Enrolled>;
}

/** Pixels of the longer side of the picture that is kept of a class. */
const PICTURE = 512;

/**
 * The prototype of photos: the mean direction of their embeddings, `m = Σ zᵢ / ‖Σ zᵢ‖`, as in prototypical networks (Snell, Swersky & Zemel
 * 2017) with cosine for the distance.
 * @throws Refusal where the embeddings cancel out
 */
export function prototypeOf(embeddings: readonly Float32Array[]): {
  vector: Float32Array;
  agreement: { smallest: number; mean: number };
} {
  const sum = new Float64Array(embeddings[0]?.length ?? 0);
  for (const embedding of embeddings) embedding.forEach((value, i) => (sum[i] = (sum[i] as number) + value));
  const length = scaleToUnit(sum);
  if (!(length > 1e-6)) throw new Refusal(400, { what: 'the photos have no common direction', mend: 'send photos of one thing' });
  const cosines = embeddings.map((embedding) => embedding.reduce((dot, value, i) => dot + value * (sum[i] as number), 0));
  return {
    vector: Float32Array.from(sum),
    agreement: { smallest: Math.min(...cosines), mean: cosines.reduce((total, one) => total + one, 0) / cosines.length },
  };
}

/** @param folder where a picture of each class is kept */
export function createEnrolment(store: Store, folder: string): Enrolment {
  const agreements = new Map<string, Enrolled['agreement']>();
  const enrolled = (row: Omit<StoredRow, 'vector'>): Enrolled => ({
    class: row.file,
    images: row.images,
    agreement: agreements.get(row.id) ?? null,
    picture: pictureOf(row),
  });
  return {
    async enrol(className, photos, embeddings) {
      const id = prototypeId(className);
      const { vector, agreement } = prototypeOf(embeddings);
      const path = join(folder, `${id}.jpg`);
      await mkdir(folder, { recursive: true });
      await writeFileAtomic(path, await jpegThumbnail(photos[0] as Uint8Array, PICTURE));
      const row: StoredRow = { id, vector, class: className, file: className, path, kind: 'prototype', images: photos.length };
      await store.add([row]);
      agreements.set(id, agreement);
      return enrolled(row);
    },
    async list() {
      const found: Enrolled[] = [];
      for await (const row of store.rows('prototype')) found.push(enrolled(row));
      return found.sort((a, b) => (a.class < b.class ? -1 : 1));
    },
    async remove(className) {
      const id = prototypeId(className);
      const row = await store.get(id);
      if (row === null || (await store.remove([id])) === 0)
        throw new Refusal(404, { what: 'no such class was enrolled', where: 'class', found: className });
      const gone = enrolled(row);
      agreements.delete(id);
      if (row.path !== null) await rm(row.path, { force: true });
      return { ...gone, picture: null };
    },
  };
}

/** The name of a class as a request gives it. @throws Refusal 400 */
export function classNameOf(query: unknown): string {
  const given = (query as { class?: unknown } | undefined)?.class;
  const name = typeof given === 'string' ? given.trim() : '';
  if (name === '' || name.length > 200 || /[\p{Cc}\p{Cs}]/u.test(name))
    throw new Refusal(400, {
      what: 'the name of the class is not right',
      where: 'class',
      expected: '1 to 200 letters, as ?class=NAME',
    });
  return name;
}
