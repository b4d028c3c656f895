import { attr, type GraphBuilder } from '../graph/builder.js';
import { DT } from '../graph/proto.js';
import { integers } from '../graph/whole-numbers.js';
import { reshaped, unpackedBytes } from './bytes.js';

/** Rows of values that lie where functions compute, so that a call is fed their numbers alone. */
export interface TableSpec {
  readonly rows: number;
  /** Of a row. */
  readonly shape: readonly number[];
  /** bf16 takes half the room, and gives the rows rounded to it; uint8 holds bytes. */
  readonly format: TableFormat;
  /**
   * Whether it lies in the machine's memory, whatever is computed on. A card is then sent the rows of a call, in the table's format, out of
   * memory that its driver has pinned: TensorFlow takes it for what the host makes and a card wants (its `graph_view.cc`, `InferAllocAttr`).
   */
  readonly onHost?: boolean;
}

export const HOST = '/device:CPU:0';

export type TableFormat = 'fp32' | 'bf16' | 'uint8';

const TYPES: Readonly<Record<TableFormat, number>> = { fp32: DT.float32, bf16: DT.bfloat16, uint8: DT.uint8 };
const BYTES: Readonly<Record<TableFormat, number>> = { fp32: 4, bf16: 2, uint8: 1 };

/**
 * A row is held as words of eight bytes, whatever its numbers are: TensorFlow's kernels for cards count a variable's elements in 31 bits
 * where they fill it, put rows in and take them out, so that a table of bytes would end at 2 GiB, and one of words at 16. Words are of a
 * type that is copied and never computed with, so that no bits of numbers can change.
 */
const WORD = 8;
const MOST_WORDS = 2 ** 31 - 1;

function wordsOf({ shape, format }: Pick<TableSpec, 'shape' | 'format'>): number {
  return Math.ceil((sizeOf(shape) * BYTES[format]) / WORD);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Bytes that a table takes. */
export function tableBytes(spec: TableSpec): number {
  return spec.rows * wordsOf(spec) * WORD;
}

/** Bytes that a table may take. */
export const LARGEST_TABLE = MOST_WORDS * WORD;

/**
 * A table in a graph: a variable of its own, which no function changes and which is no part of the state. Rows are put in by ranges:
 * TensorFlow's scattered update does that on the host where a card has to be bit-exact, there and back with the whole variable (its
 * `resource_variable_ops.cc`, `DoScatterOnCpu`). They are taken from where they lie (`ResourceGather`); reading the variable first would
 * copy it once it was written to in part.
 */
export class Table {
  private readonly handle: string;
  /** Of a row. */
  private readonly words: number;
  /** To fetch once, before all else: the table is made, of zeros. */
  readonly begun: string;
  /** To fetch, to put `rows` in the places `from` (included) to `to` (not included). */
  readonly filled: string;
  /** `rows` takes what {@link Table.fed} makes of rows. */
  readonly ends: { readonly rows: string; readonly from: string; readonly to: string };

  /** @param name of nodes */
  constructor(
    private readonly graph: GraphBuilder,
    name: string,
    readonly spec: TableSpec,
  ) {
    this.words = wordsOf(spec);
    const before = graph.size;
    const [int32, dtype] = [attr.type(DT.int32), attr.type(DT.int64)];
    const whole = [spec.rows, this.words];
    this.handle = graph.variable(`${name}/handle`, DT.int64, whole, name);
    const extents = integers(graph, `${name}/extents`, whole);
    const zero = graph.constant(`${name}/zero`, DT.int64, [], new Uint8Array(WORD));
    const zeros = graph.node('Fill', `${name}/zeros`, [extents, zero], { T: dtype, index_type: int32 });
    this.begun = graph.signal(`${name}/begun`, [graph.node('AssignVariableOp', `${name}/set`, [this.handle, zeros], { dtype })]);
    const { place, value } = this.given(`${name}/rows`);
    this.ends = {
      rows: place,
      from: graph.placeholder(`${name}/from`, DT.int32, [1]),
      to: graph.placeholder(`${name}/to`, DT.int32, [1]),
    };
    const strides = integers(graph, `${name}/strides`, [1]);
    const masks = ['begin_mask', 'end_mask', 'ellipsis_mask', 'new_axis_mask', 'shrink_axis_mask'];
    const put = graph.node(
      'ResourceStridedSliceAssign',
      `${name}/put`,
      [this.handle, this.ends.from, this.ends.to, strides, value],
      {
        T: dtype,
        Index: int32,
        ...Object.fromEntries(masks.map((mask) => [mask, attr.int(0)])),
      },
    );
    this.filled = graph.signal(`${name}/filled`, [put]);
    this.toHost(before);
  }

  /** Numbers of a row as it is held: some at its end may be of no use. */
  private get held(): number {
    return (this.words * WORD) / BYTES[this.spec.format];
  }

  /** The words of rows that are fed as one string, which is copied to a card once. They are rounded to bfloat16 there. */
  private given(name: string): { place: string; value: string } {
    const { graph, words } = this;
    if (this.spec.format !== 'bf16') return unpackedBytes(graph, name, [-1, words], DT.int64);
    const { place, value } = unpackedBytes(graph, name, [-1, words, this.held / words], DT.float32);
    const halves = graph.cast(`${name}/rounded`, value, DT.float32, DT.bfloat16);
    return { place, value: this.bitcast(`${name}/words`, halves, DT.bfloat16, DT.int64) };
  }

  private bitcast(name: string, place: string, from: number, to: number): string {
    return this.graph.node('Bitcast', name, [place], { T: attr.type(from), type: attr.type(to) });
  }

  /**
   * Bytes to feed for rows.
   * @throws TypeError where the table holds others; RangeError where they are not whole rows
   */
  fed(name: string, rows: Float32Array | Uint8Array): { readonly count: number; readonly bytes: Uint8Array } {
    const { shape, format } = this.spec;
    if ((format === 'uint8') !== rows instanceof Uint8Array) throw new TypeError(`the table '${name}' holds ${format}`);
    const size = sizeOf(shape);
    const count = rows.length / size;
    if (!Number.isInteger(count)) throw new RangeError(`${count} rows for the table '${name}'`);
    let all = rows;
    if (this.held !== size) {
      all = new (rows.constructor as Float32ArrayConstructor)(count * this.held);
      for (let row = 0; row < count; row++) all.set(rows.subarray(row * size, (row + 1) * size), row * this.held);
    }
    return { count, bytes: new Uint8Array(all.buffer, all.byteOffset, all.byteLength) };
  }

  /** The rows whose numbers stand at `places` (int32), in float32. */
  taken(name: string, places: string): string {
    const { graph, held } = this;
    const { shape, format } = this.spec;
    const type = TYPES[format];
    const before = graph.size;
    const words = graph.node('ResourceGather', `${name}/taken`, [this.handle, places], {
      dtype: attr.type(DT.int64),
      Tindices: attr.type(DT.int32),
      batch_dims: attr.int(0),
      validate_indices: attr.bool(true),
    });
    // What is made of them is the card's.
    this.toHost(before);
    let numbers = this.bitcast(`${name}/numbers`, words, DT.int64, type);
    const size = sizeOf(shape);
    if (held !== size) {
      const pair = (end: string, second: number) => integers(graph, `${name}/${end}`, [end === 'begin' ? 0 : -1, second]);
      const whole = reshaped(graph, `${name}/held`, numbers, [-1, held], type);
      numbers = graph.node('Slice', `${name}/used`, [whole, pair('begin', 0), pair('size', size)], {
        T: attr.type(type),
        Index: attr.type(DT.int32),
      });
    }
    const rows = reshaped(graph, `${name}/rows`, numbers, [-1, ...shape], type);
    return type === DT.float32 ? rows : graph.cast(`${name}/float`, rows, type, DT.float32);
  }

  /** All nodes from a number on: the table's zeros would else be made on the card. */
  private toHost(from: number): void {
    if (this.spec.onHost !== true) return;
    for (const node of this.graph.nodes().slice(from)) node.setDevice(HOST);
  }
}
