import { UserError } from '../errors.js';

/** What a store holds the vectors of: those of another model, or of another length, cannot be compared with them. */
export interface StoreRecord {
  readonly dimensions: number;
  /** Names the weights and the head that made the vectors. */
  readonly model: string;
}

/**
 * @param where the store, as a person may read it: no password in it
 * @throws UserError where the store's vectors are of another length or another model's
 */
export function checkRecord(found: StoreRecord, wanted: StoreRecord, where: string): void {
  const mend = 'name another store, or empty this one and embed the gallery again';
  if (found.dimensions !== wanted.dimensions) {
    throw new UserError({
      what: 'the store holds vectors of another length',
      where,
      expected: `${wanted.dimensions} numbers, as the model makes them`,
      found: `${found.dimensions} numbers`,
      mend,
    });
  }
  if (found.model !== wanted.model) {
    throw new UserError({
      what: "the store holds another model's vectors",
      where,
      expected: `those of ${wanted.model}`,
      found: `those of ${found.model}`,
      mend,
    });
  }
}
