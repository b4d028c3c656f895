import { definitionOf, inFunction, partOf } from './as-function.js';
import { attr, GraphBuilder } from './builder.js';
import { DT, type NodeMessage } from './proto.js';
import { integer, integers } from './whole-numbers.js';

/** Where a function that is run several times in one call has its ends in the graph. */
export interface Repeated {
  /** Where to feed what so many calls would be fed, one after the other along a new first axis, by the place that one call is fed. */
  readonly inputs: ReadonlyMap<string, string>;
  /** int32: how many times. */
  readonly times: string;
  /** [times, outputs], float32: the outputs, a row each time. */
  readonly rows: string;
  /** Names of the columns. */
  readonly columns: readonly string[];
}

/** A variable of the loop: how it begins, and what it is after each time. */
interface LoopVariable {
  readonly dtype: number;
  readonly first: string;
  /** What the body calls it; given what the body calls the variable. */
  readonly after: string;
}

const int32 = attr.type(DT.int32);
const float32 = attr.type(DT.float32);

/**
 * Lets a function run several times in one call of the session, by a loop inside the graph (`While`): what all times are fed crosses to
 * a card at once, and the host is asked once. Each time takes its own slice of what was fed; what is `carried` begins with what was
 * fed and is then what the time before gave out. A time begins when the one before has ended, with its updates.
 * @param ends places of the outputs, all of them float32 scalars, by their names
 * @param carried by the place that is fed, the output that takes its place from the second time on
 */
export function repeatWhole(
  graph: GraphBuilder,
  name: string,
  ends: ReadonlyMap<string, string>,
  carried: ReadonlyMap<string, string>,
): Repeated {
  const part = partOf(graph, [...ends.values()]);
  const columns = [...ends.keys()];
  const inputs = new Map<string, string>();
  const times = graph.placeholder(`${name}/times`, DT.int32, []);
  const body = new GraphBuilder();
  const time = counted(body);
  const variables: LoopVariable[] = [
    { dtype: DT.int32, first: integer(graph, `${name}/time`, 0), after: time.next },
    { dtype: DT.int32, first: times, after: argument(1) },
  ];
  const references = new Map<string, string>();
  const endOf: ((refer: (place: string) => string) => LoopVariable)[] = [];
  for (const { node, dtype } of part.given) {
    const place = node.getName();
    const at = variables.length;
    const output = carried.get(place);
    if (output !== undefined) {
      inputs.set(place, place);
      references.set(place, argument(at));
      variables.push({ dtype, first: place, after: '' });
      endOf[at] = (refer) => ({ dtype, first: place, after: refer(ends.get(output) as string) });
    } else if (dtype === DT.resource) {
      references.set(place, argument(at));
      variables.push({ dtype, first: place, after: argument(at) });
    } else {
      const all = allTimes(graph, node, dtype);
      inputs.set(all.fedOnce, all.fed);
      references.set(place, time.slice(argument(at), dtype, all.shape));
      variables.push({ dtype, first: all.value, after: argument(at) });
    }
  }
  const { nodes, refer } = inFunction(part, references);
  const loop = variables.map((variable, at) => endOf[at]?.(refer) ?? variable);
  const at = loop.length;
  loop.push({
    dtype: DT.float32,
    first: graph.constant(`${name}/no_rows`, DT.float32, [0, columns.length], new Uint8Array(0)),
    after: withRow(
      body,
      argument(at),
      columns.map((column) => refer(ends.get(column) as string)),
    ),
  });
  const done = loopOf(graph, name, loop, [...body.nodes(), ...nodes]);
  return { inputs, times, rows: graph.node('Identity', `${name}/rows`, [`${done}:${at}`], { T: float32 }), columns };
}

/** What a function of the loop calls one of its variables. */
const argument = (at: number): string => `argument_${at}`;

/** The number of this time, counted on in the body, and slices of what all times were fed. */
function counted(body: GraphBuilder) {
  const one = integer(body, 'repeat/one', 1);
  const next = `${body.node('AddV2', 'repeat/next', [argument(0), `${one}:output:0`], { T: int32 })}:z:0`;
  const vector = { T: int32, N: attr.int(1), axis: attr.int(0) };
  const from = `${body.node('Pack', 'repeat/from', [argument(0)], vector)}:output:0`;
  const to = `${body.node('Pack', 'repeat/to', [next], vector)}:output:0`;
  const strides = `${integers(body, 'repeat/strides', [1])}:output:0`;
  return {
    next,
    /** @param shape of the slice; a loop does not keep it. Null: what takes it says it */
    slice(all: string, dtype: number, shape: readonly number[] | null): string {
      const slice = body.node('StridedSlice', 'repeat/slice', [all, from, to, strides], {
        T: attr.type(dtype),
        Index: int32,
        ...Object.fromEntries(
          ['begin_mask', 'end_mask', 'ellipsis_mask', 'new_axis_mask', 'shrink_axis_mask'].map((mask) => [
            mask,
            attr.int(mask === 'shrink_axis_mask' ? 1 : 0),
          ]),
        ),
      });
      if (shape === null) return `${slice}:output:0`;
      const extents = `${integers(body, 'repeat/extents', shape)}:output:0`;
      return `${body.node('Reshape', 'repeat/shaped', [`${slice}:output:0`, extents], { T: attr.type(dtype), Tshape: int32 })}:output:0`;
    },
  };
}

/** What is fed for all times in the place of what is fed for one. */
function allTimes(graph: GraphBuilder, node: NodeMessage, dtype: number) {
  const name = node.getName();
  if (node.getOp() === 'DecodeRaw') {
    const fed = graph.placeholder(`${name}/all`, DT.string, [-1]);
    const attributes = Object.fromEntries(node.getAttrMap().entries());
    return {
      fedOnce: node.getInputList()[0] as string,
      fed,
      value: graph.node('DecodeRaw', `${name}/all_bytes`, [fed], attributes),
      shape: null,
    };
  }
  const shape = (node.getAttrMap().get('shape')?.getShape()?.getDimList() ?? []).map((dim) => dim.getSize());
  const fed = graph.placeholder(`${name}/all`, dtype, [-1, ...shape]);
  return { fedOnce: name, fed, value: fed, shape };
}

/** The rows so far, and one more of these scalars. */
function withRow(body: GraphBuilder, rows: string, scalars: readonly string[]): string {
  const row = body.node('Pack', 'repeat/row', scalars, { T: float32, N: attr.int(scalars.length), axis: attr.int(0) });
  const last = body.node('Pack', 'repeat/last', [`${row}:output:0`], { T: float32, N: attr.int(1), axis: attr.int(0) });
  const axis = integer(body, 'repeat/axis', 0);
  const all = body.node('ConcatV2', 'repeat/rows', [rows, `${last}:output:0`, `${axis}:output:0`], {
    T: float32,
    Tidx: int32,
    N: attr.int(2),
  });
  return `${all}:output:0`;
}

/** While `argument_0` < `argument_1`: the body. */
function loopOf(graph: GraphBuilder, name: string, loop: readonly LoopVariable[], nodes: readonly NodeMessage[]): string {
  const args = loop.map(({ dtype }, at) => ({ name: argument(at), dtype }));
  const results = loop.map(({ dtype, after }) => ({ reference: after, dtype }));
  graph.define(definitionOf(`${name}_once`, args, nodes, results));
  const test = new GraphBuilder();
  const more = test.node('Less', 'repeat/more', [argument(0), argument(1)], { T: int32 });
  graph.define(definitionOf(`${name}_more`, args, test.nodes(), [{ reference: `${more}:z:0`, dtype: DT.bool }]));
  const firsts = loop.map(({ first }) => first);
  return graph.node('While', `${name}/repeated`, firsts, {
    T: attr.list(
      'type',
      loop.map(({ dtype }) => dtype),
    ),
    cond: attr.func(`${name}_more`),
    body: attr.func(`${name}_once`),
    output_shapes: attr.list('shape', []),
    // The next time reads the variables that this one writes.
    parallel_iterations: attr.int(1),
    _lower_using_switch_merge: attr.bool(true),
  });
}
