/** What a gallery holds of one image, or of one enrolled class. */
export interface StoredRow {
  /** Names the row: stays the same when the image is embedded again. */
  readonly id: string;
  /** Of unit length. */
  readonly vector: Float32Array;
  readonly class: string | null;
  /** What a person calls it: the path below the gallery's folder, or the name of an enrolled class. */
  readonly file: string;
  /** Where its picture lies on this machine; null where there is none. */
  readonly path: string | null;
  /** `prototype`: the mean direction of the photos of a class that was enrolled, a row of its own. */
  readonly kind: 'image' | 'prototype';
  /** How many photos are in it: 1, or those of the prototype. */
  readonly images: number;
}

export interface StoredNeighbour extends Omit<StoredRow, 'vector'> {
  /** Cosine, −1 to 1. */
  readonly similarity: number;
}

/** The vectors of a gallery, and what each stands for. Every change is durable once its promise is kept. */
export interface Store {
  readonly dimensions: number;
  count(kind?: StoredRow['kind']): Promise<number>;
  /** Adds rows; one whose id is there already takes its place. */
  add(rows: readonly StoredRow[]): Promise<void>;
  /** Removes rows, and says how many there were. */
  remove(ids: readonly string[]): Promise<number>;
  /** The `top` rows with the largest cosine, the largest first. */
  nearest(query: Float32Array, top: number): Promise<StoredNeighbour[]>;
  get(id: string): Promise<StoredRow | null>;
  /** Every row, by id. */
  rows(kind?: StoredRow['kind']): AsyncIterable<StoredRow>;
  close(): Promise<void>;
}
