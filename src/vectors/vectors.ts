import { UserError } from '../errors.js';

/** Embeddings of images, as every format of vectors holds them. */
export interface Vectors {
  /** The images, relative to the folder that was embedded. */
  readonly files: readonly string[];
  /** Their classes, or null where they have none. */
  readonly classes: readonly (string | null)[];
  readonly dimensions: number;
  /** Row-major [files.length, dimensions]. */
  readonly values: Float32Array;
  /** SHA-256 of the model that made them; null where the format or the writer does not say. */
  readonly model: string | null;
}

/** One row of vectors. */
export function rowOf({ values, dimensions }: Vectors, row: number): Float32Array {
  return values.subarray(row * dimensions, (row + 1) * dimensions);
}

/** Puts rows together as they are read, all of one length and of finite numbers. */
export class VectorsBuilder {
  private readonly files: string[] = [];
  private readonly classes: (string | null)[] = [];
  private values = new Float32Array(1 << 16);
  private dimensions = 0;

  constructor(private readonly where: string) {}

  /** @param place the row as a person finds it, e.g. `line 3` */
  add(file: string, name: string | null, vector: ArrayLike<unknown>, place: string): void {
    if (this.files.length === 0) this.dimensions = vector.length;
    if (vector.length !== this.dimensions || vector.length === 0) {
      throw this.fault('a vector is not as long as the first one', `${this.dimensions} numbers`, `${vector.length} in ${place}`);
    }
    const start = this.files.length * this.dimensions;
    if (start + this.dimensions > this.values.length) {
      const wider = new Float32Array(Math.max(start + this.dimensions, 2 * this.values.length));
      wider.set(this.values);
      this.values = wider;
    }
    for (let i = 0; i < vector.length; i++) {
      const value = vector[i];
      if (typeof value !== 'number' || !Number.isFinite(value)) {
        throw this.fault('a vector holds what is no finite number', 'finite numbers', `${String(value)} in ${place}`);
      }
      this.values[start + i] = value;
    }
    this.files.push(file);
    this.classes.push(name);
  }

  build(model: string | null): Vectors {
    if (this.files.length === 0) throw this.fault('the file holds no vector', 'a row for each image', 'none');
    const { files, classes, dimensions } = this;
    return { files, classes, dimensions, values: this.values.slice(0, files.length * dimensions), model };
  }

  fault(what: string, expected: string, found: string): UserError {
    return new UserError({ what, where: this.where, expected, found, mend: 'write it again: ft embed RUN FOLDER --out FILE' });
  }
}
