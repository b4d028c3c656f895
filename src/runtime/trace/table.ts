import { attr, type GraphBuilder } from '../graph/builder.js';
import { DT } from '../graph/proto.js';
import { unpackedBytes } from './bytes.js';

/** Rows of values that lie where functions compute, so that a call is fed their numbers alone. */
export interface TableSpec {
  readonly rows: number;
  /** Of a row. */
  readonly shape: readonly number[];
  /** bf16 takes half the room, and gives the rows rounded to it; uint8 holds bytes. */
  readonly format: TableFormat;
}

export type TableFormat = 'fp32' | 'bf16' | 'uint8';

const TYPE_OF: Readonly<Record<TableFormat, number>> = { fp32: DT.float32, bf16: DT.bfloat16, uint8: DT.uint8 };
/** Bytes of a number. */
const BYTES: Readonly<Record<TableFormat, number>> = { fp32: 4, bf16: 2, uint8: 1 };

/** Bytes that a table takes. */
export function tableBytes({ rows, shape, format }: TableSpec): number {
  return shape.reduce((product, extent) => product * extent, rows * BYTES[format]);
}

/**
 * A table in a graph: a variable of its own, which no function changes and which is no part of the state. Rows are put in by ranges:
 * TensorFlow's scattered update does that on the host where a card has to be bit-exact, there and back with the whole variable (its
 * `resource_variable_ops.cc`, `DoScatterOnCpu`). They are taken from where they lie (`ResourceGather`); reading the variable first would
 * copy it once it was written to in part.
 */
export class Table {
  private readonly handle: string;
  /** To fetch once, before all else: the table is made, of zeros. */
  readonly begun: string;
  /** To fetch, to put `rows` in the places `from` (included) to `to` (not included). */
  readonly filled: string;
  readonly ends: { readonly rows: string; readonly from: string; readonly to: string };

  /** @param name of nodes */
  constructor(
    private readonly graph: GraphBuilder,
    name: string,
    readonly spec: TableSpec,
  ) {
    const { rows, shape, format } = spec;
    const type = TYPE_OF[format];
    const [int32, dtype] = [attr.type(DT.int32), attr.type(type)];
    const whole = [rows, ...shape];
    this.handle = graph.variable(`${name}/handle`, type, whole, name);
    const extents = graph.constant(`${name}/extents`, DT.int32, [whole.length], new Uint8Array(Int32Array.from(whole).buffer));
    const zero = graph.constant(`${name}/zero`, type, [], new Uint8Array(BYTES[format]));
    const zeros = graph.node('Fill', `${name}/zeros`, [extents, zero], { T: dtype, index_type: int32 });
    this.begun = graph.signal(`${name}/begun`, [graph.node('AssignVariableOp', `${name}/set`, [this.handle, zeros], { dtype })]);
    const { place, value: given } = this.given(`${name}/rows`);
    this.ends = {
      rows: place,
      from: graph.placeholder(`${name}/from`, DT.int32, [1]),
      to: graph.placeholder(`${name}/to`, DT.int32, [1]),
    };
    const strides = graph.constant(`${name}/strides`, DT.int32, [1], new Uint8Array(Int32Array.of(1).buffer));
    const masks = ['begin_mask', 'end_mask', 'ellipsis_mask', 'new_axis_mask', 'shrink_axis_mask'];
    const put = graph.node(
      'ResourceStridedSliceAssign',
      `${name}/put`,
      [this.handle, this.ends.from, this.ends.to, strides, given],
      {
        T: dtype,
        Index: int32,
        ...Object.fromEntries(masks.map((mask) => [mask, attr.int(0)])),
      },
    );
    this.filled = graph.signal(`${name}/filled`, [put]);
  }

  /** Where rows are fed, and what is put in of them. Bytes go in as one string, which is copied to a card once. */
  private given(name: string): { place: string; value: string } {
    const { graph } = this;
    const { shape, format } = this.spec;
    if (format === 'uint8') return unpackedBytes(graph, name, [-1, ...shape]);
    const place = graph.placeholder(name, DT.float32, [-1, ...shape]);
    return { place, value: format === 'bf16' ? graph.cast(`${name}/rounded`, place, DT.float32, DT.bfloat16) : place };
  }

  /** The rows whose numbers stand at `places` (int32), in float32. */
  taken(name: string, places: string): string {
    const type = TYPE_OF[this.spec.format];
    const rows = this.graph.node('ResourceGather', `${name}/taken`, [this.handle, places], {
      dtype: attr.type(type),
      Tindices: attr.type(DT.int32),
      batch_dims: attr.int(0),
      validate_indices: attr.bool(true),
    });
    return type === DT.float32 ? rows : this.graph.cast(`${name}/float`, rows, type, DT.float32);
  }
}
