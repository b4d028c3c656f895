import { attr, GraphBuilder, graphName } from '../graph/builder.js';
import { DT } from '../graph/proto.js';
import type { Tensor } from '../tensorflow.js';
import { inputEnds, partName, partShape, type TensorSpec, TYPES } from './input.js';
import { graphsFolder, type NodeNote } from './inspection.js';
import { Recorder, TraceError } from './recorder.js';
import { Table, type TableSpec } from './table.js';

export type Tensors = Record<string, Tensor>;

/**
 * A step written in plain tfjs code: from inputs and state to outputs and the new values of the state that it changes.
 * It must be the same every time: no values read, no random draw or clock in JS, no counter outside.
 *
 * Over several devices it has, in order, what each beyond the first has of the state, and gives the new values of that too.
 */
export type StepFunction = (
  inputs: Tensors,
  state: Tensors,
  copies: readonly Tensors[],
) => { outputs: Tensors; state?: Tensors; copies?: readonly Tensors[] };

export interface Signature {
  readonly inputs: Readonly<Record<string, TensorSpec>>;
}

export interface StateSpec {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  /** Whether every device has one of its own, where there are several; else the first has it. */
  readonly copied?: boolean;
}

/** Where a traced function's ends stand in the graph. */
export interface TracedFunction {
  /** A place for each part. */
  readonly inputs: ReadonlyMap<string, { places: readonly string[]; spec: TensorSpec }>;
  readonly outputs: ReadonlyMap<string, string>;
  /** Shapes of nodes; where they come from only where graphs are written down. */
  readonly notes: ReadonlyMap<string, NodeNote>;
}

interface Variable {
  readonly handle: string;
  readonly read: string;
}

/** Variables of the session, each with its placeholder for setting and, on each device that has it, its node for reading. */
export class GraphState {
  private readonly variables = new Map<string, { on: readonly Variable[]; spec: StateSpec }>();
  readonly tables: ReadonlyMap<string, Table>;
  /** `sets` are the assignments, one for each device; `done` is fetched. */
  readonly setters = new Map<string, { placeholder: string; sets: readonly string[]; done: string }>();

  constructor(
    graph: GraphBuilder,
    specs: Readonly<Record<string, StateSpec>>,
    readonly devices = 1,
    readonly tableSpecs: Readonly<Record<string, TableSpec>> = {},
  ) {
    const table = ([name, spec]: [string, TableSpec]) => [name, new Table(graph, `table/${graphName(name)}`, spec)] as const;
    this.tables = new Map(Object.entries(tableSpecs).map(table));
    for (const [name, spec] of Object.entries(specs)) {
      const safe = `state/${graphName(name)}`;
      const dtype = attr.type(TYPES[spec.dtype]);
      const pinned = (device: number, node: string): string => {
        graph.pinned.set(node, device);
        return node;
      };
      const placeholder = pinned(0, graph.placeholder(`${safe}/new`, TYPES[spec.dtype], spec.shape));
      const made = Array.from({ length: spec.copied ? devices : 1 }, (_, device) => {
        const place = device === 0 ? safe : `${safe}/on${device}`;
        const shared = partName(name, device);
        const handle = pinned(device, graph.variable(`${place}/handle`, TYPES[spec.dtype], spec.shape, shared));
        const read = graph.node('ReadVariableOp', `${place}/read`, [handle], { dtype });
        // The binding hands JS memory to the session as it is. A variable that aliased it would change with the array, and would
        // let go of it in one of TensorFlow's threads, where V8 must not be called.
        const copy = pinned(device, graph.node('DeepCopy', `${place}/copy`, [placeholder], { T: dtype }));
        return { handle, read, set: graph.node('AssignVariableOp', `${place}/set`, [handle, copy], { dtype }) };
      });
      const sets = made.map(({ set }) => set);
      this.variables.set(name, { on: made, spec });
      this.setters.set(name, { placeholder, sets, done: graph.signal(`${safe}/done`, sets) });
    }
  }

  names(): string[] {
    return [...this.variables.keys()];
  }

  /** Names of what a device has. */
  namesOn(device: number): string[] {
    return [...this.variables].flatMap(([name, { on }]) => (device < on.length ? [name] : []));
  }

  entry(name: string, device = 0): Variable & { spec: StateSpec } {
    const { on, spec } = this.variables.get(name) ?? {};
    const variable = on?.[device];
    if (variable === undefined || spec === undefined) throw new Error(`the state has no variable '${name}' on device ${device}`);
    return { ...variable, spec };
  }
}

/** Writes `fn` into the graph under `name/` and returns its ends. See {@link traceFunction} for the check that comes first. */
function write(
  graph: GraphBuilder,
  state: GraphState,
  name: string,
  signature: Signature,
  fn: StepFunction,
  keepLines: boolean,
): TracedFunction {
  const recorder = new Recorder(graph, `${name}/`, { keepLines });
  return recorder.during(() => {
    const inputs: Tensors = {};
    const ends = new Map<string, { places: readonly string[]; spec: TensorSpec }>();
    for (const [key, spec] of Object.entries(signature.inputs)) {
      const shape = partShape(key, spec);
      const places = Array.from({ length: spec.parts ?? 1 }, (_, device) => {
        const part = partName(key, device);
        const { place, value } = inputEnds(graph, state.tables, `${name}/in/${graphName(part)}`, { ...spec, shape }, device);
        inputs[part] = recorder.symbol(value, shape, spec.dtype === 'uint8' ? DT.float32 : TYPES[spec.dtype]);
        return place;
      });
      ends.set(key, { places, spec });
    }
    const [before = {}, ...copies] = Array.from({ length: state.devices }, (_, device): Tensors => {
      const symbol = (key: string): [string, Tensor] => {
        const { read, spec } = state.entry(key, device);
        return [key, recorder.symbol(read, spec.shape, TYPES[spec.dtype])];
      };
      return Object.fromEntries(state.namesOn(device).map(symbol));
    });
    const { outputs, state: first = {}, copies: others = [] } = fn(inputs, before, copies);
    const after = [first, ...others].flatMap((values, device) =>
      Object.entries(values).map(([key, tensor]) => ({ key, tensor, device })),
    );
    const updates: string[] = [];
    for (const { key, tensor, device } of after) {
      const { handle, spec } = state.entry(key, device);
      if (tensor.shape.join() !== spec.shape.join())
        throw new Error(`the new value of '${key}' has shape [${tensor.shape}], not [${spec.shape}]`);
      const set = `${name}/set/${graphName(partName(key, device))}`;
      const done = graph.node('AssignVariableOp', set, [handle, recorder.place(tensor)], { dtype: attr.type(TYPES[spec.dtype]) });
      updates.push(`^${done}`);
    }
    const results = new Map<string, string>();
    for (const [key, tensor] of Object.entries(outputs)) {
      const type = tensor.dtype === 'int32' ? DT.int32 : tensor.dtype === 'bool' ? DT.bool : DT.float32;
      // The binding's session takes no targets: an output waits for the updates by control inputs.
      results.set(
        key,
        graph.node('Identity', `${name}/out/${graphName(key)}`, [recorder.place(tensor), ...updates], { T: attr.type(type) }),
      );
    }
    // What the function kept beyond an inner scope would stay registered with tfjs.
    const given = new Set([inputs, before, ...copies].flatMap((tensors) => Object.values(tensors)));
    for (const tensor of [...Object.values(outputs), ...after.map(({ tensor }) => tensor)])
      if (!given.has(tensor) && !tensor.isDisposed) tensor.dispose();
    return { inputs: ends, outputs: results, notes: recorder.notes };
  });
}

/**
 * Traces `fn` into `graph`. It is written a second time into a scratch graph: if the two differ, something outside the function
 * (a counter, the clock) went into it as a constant, and the line of the first differing node is named.
 * @throws TraceError for values read, random draws in JS, operations that are not covered, and functions that change.
 */
export function traceFunction(
  graph: GraphBuilder,
  state: GraphState,
  specs: Readonly<Record<string, StateSpec>>,
  name: string,
  signature: Signature,
  fn: StepFunction,
): TracedFunction {
  const scratch = (keepLines: boolean) => {
    const trial = new GraphBuilder();
    const trialState = new GraphState(trial, specs, state.devices, state.tableSpecs);
    const start = trial.size;
    return { trial, start, ...write(trial, trialState, name, signature, fn, keepLines) };
  };
  const start = graph.size;
  const ends = write(graph, state, name, signature, fn, graphsFolder() !== undefined);
  const again = scratch(false);
  if (graph.firstDifference(start, again.trial, again.start) === undefined) return ends;
  const [first, second] = [scratch(true), scratch(true)];
  const node = first.trial.firstDifference(first.start, second.trial, second.start) ?? '';
  // A constant has no line of its own: the first operation that takes it does.
  const line = (first.notes.get(node) ?? first.notes.get(first.trial.consumerOf(node) ?? ''))?.line ?? `node ${node}`;
  const what =
    'a traced function is not the same twice: a number from outside (a counter, the clock) would be frozen into the graph';
  throw new TraceError(what, line);
}

export { partName, type TensorSpec, TraceError };
