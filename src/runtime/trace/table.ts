import { attr, type GraphBuilder } from '../graph/builder.js';
import { DT } from '../graph/proto.js';

/** Rows of float32 values that lie where functions compute, so that a call is fed their numbers alone. */
export interface TableSpec {
  readonly rows: number;
  /** Of a row. */
  readonly shape: readonly number[];
  /** bf16 takes half the room, and gives the rows rounded to it. */
  readonly format: 'fp32' | 'bf16';
  /**
   * Whether it lies in the machine's memory, whatever is computed on. A card is then sent the rows of a call, in the table's format, out of
   * memory that its driver has pinned: TensorFlow takes it for what the host makes and a card wants (its `graph_view.cc`, `InferAllocAttr`).
   */
  readonly onHost?: boolean;
}

export const HOST = '/device:CPU:0';

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
    const half = format === 'bf16';
    const type = half ? DT.bfloat16 : DT.float32;
    const before = graph.size;
    const [int32, dtype] = [attr.type(DT.int32), attr.type(type)];
    const whole = [rows, ...shape];
    this.handle = graph.variable(`${name}/handle`, type, whole, name);
    const extents = graph.constant(`${name}/extents`, DT.int32, [whole.length], new Uint8Array(Int32Array.from(whole).buffer));
    const zero = graph.constant(`${name}/zero`, type, [], new Uint8Array(half ? 2 : 4));
    const zeros = graph.node('Fill', `${name}/zeros`, [extents, zero], { T: dtype, index_type: int32 });
    this.begun = graph.signal(`${name}/begun`, [graph.node('AssignVariableOp', `${name}/set`, [this.handle, zeros], { dtype })]);
    this.ends = {
      rows: graph.placeholder(`${name}/rows`, DT.float32, [-1, ...shape]),
      from: graph.placeholder(`${name}/from`, DT.int32, [1]),
      to: graph.placeholder(`${name}/to`, DT.int32, [1]),
    };
    const strides = graph.constant(`${name}/strides`, DT.int32, [1], new Uint8Array(Int32Array.of(1).buffer));
    const given = half ? graph.cast(`${name}/rounded`, this.ends.rows, DT.float32, DT.bfloat16) : this.ends.rows;
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
    this.toHost(before);
  }

  /** The rows whose numbers stand at `places` (int32), in float32. */
  taken(name: string, places: string): string {
    const half = this.spec.format === 'bf16';
    const before = this.graph.size;
    const rows = this.graph.node('ResourceGather', `${name}/taken`, [this.handle, places], {
      dtype: attr.type(half ? DT.bfloat16 : DT.float32),
      Tindices: attr.type(DT.int32),
      batch_dims: attr.int(0),
      validate_indices: attr.bool(true),
    });
    this.toHost(before);
    return half ? this.graph.cast(`${name}/float`, rows, DT.bfloat16, DT.float32) : rows;
  }

  /** All nodes from a number on: the table's zeros would else be made on the card. */
  private toHost(from: number): void {
    if (this.spec.onHost !== true) return;
    for (const node of this.graph.nodes().slice(from)) node.setDevice(HOST);
  }
}
