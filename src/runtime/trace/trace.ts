import { attr, GraphBuilder } from '../graph/builder.js';
import { DT } from '../graph/proto.js';
import type { Tensor } from '../tensorflow.js';
import { graphsFolder, type NodeNote } from './inspection.js';
import { Recorder, TraceError } from './recorder.js';

/** An input as it is fed. `uint8` bytes enter as one string scalar and reach the function as float32 tensors of 0 … 255. */
export interface TensorSpec {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32' | 'uint8';
}

export type Tensors = Record<string, Tensor>;

/**
 * A step written in plain tfjs code: from inputs and state to outputs and the new values of the state that it changes.
 * It must be the same every time: no values read, no random draw or clock in JS, no counter outside.
 */
export type StepFunction = (inputs: Tensors, state: Tensors) => { outputs: Tensors; state?: Tensors };

export interface Signature {
  readonly inputs: Readonly<Record<string, TensorSpec>>;
}

export interface StateSpec {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
}

/** Where a traced function's ends stand in the graph. */
export interface TracedFunction {
  readonly inputs: ReadonlyMap<string, { place: string; spec: TensorSpec }>;
  readonly outputs: ReadonlyMap<string, string>;
  /** Shapes of nodes; where they come from only where graphs are written down. */
  readonly notes: ReadonlyMap<string, NodeNote>;
}

const TYPES = { float32: DT.float32, int32: DT.int32 } as const;

/** Names inside a graph: letters, digits and `_ . /`; anything else becomes `_` (the binding forbids the comma). */
export function graphName(name: string): string {
  return name.replace(/[^A-Za-z0-9_./]/g, '_');
}

/** Variables of the session, each with its placeholder for setting and its node for reading. */
export class GraphState {
  private readonly handles = new Map<string, { handle: string; read: string; spec: StateSpec }>();
  readonly setters = new Map<string, { placeholder: string; set: string; done: string }>();

  constructor(graph: GraphBuilder, specs: Readonly<Record<string, StateSpec>>) {
    for (const [name, spec] of Object.entries(specs)) {
      const safe = `state/${graphName(name)}`;
      const dtype = attr.type(TYPES[spec.dtype]);
      const handle = graph.node('VarHandleOp', `${safe}/handle`, [], {
        dtype,
        shape: attr.shape(spec.shape),
        shared_name: attr.string(name),
        container: attr.string(''),
      });
      const read = graph.node('ReadVariableOp', `${safe}/read`, [handle], { dtype });
      const placeholder = graph.placeholder(`${safe}/new`, TYPES[spec.dtype], spec.shape);
      // The binding hands JS memory to the session as it is. A variable that aliased it would change with the array, and would
      // let go of it in one of TensorFlow's threads, where V8 must not be called.
      const copy = graph.node('DeepCopy', `${safe}/copy`, [placeholder], { T: dtype });
      const set = graph.node('AssignVariableOp', `${safe}/set`, [handle, copy], { dtype });
      const flag = graph.constant(`${safe}/flag`, DT.int32, [], new Uint8Array(4));
      const done = graph.node('Identity', `${safe}/done`, [flag, `^${set}`], { T: attr.type(DT.int32) });
      this.handles.set(name, { handle, read, spec });
      this.setters.set(name, { placeholder, set, done });
    }
  }

  names(): string[] {
    return [...this.handles.keys()];
  }

  entry(name: string): { handle: string; read: string; spec: StateSpec } {
    const entry = this.handles.get(name);
    if (entry === undefined) throw new Error(`the state has no variable '${name}'`);
    return entry;
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
    const ends = new Map<string, { place: string; spec: TensorSpec }>();
    for (const [key, spec] of Object.entries(signature.inputs)) {
      const { place, value } = placeholder(graph, `${name}/in/${graphName(key)}`, spec);
      ends.set(key, { place, spec });
      inputs[key] = recorder.symbol(value, spec.shape, spec.dtype === 'uint8' ? DT.float32 : TYPES[spec.dtype]);
    }
    const before: Tensors = {};
    for (const key of state.names()) {
      const { read, spec } = state.entry(key);
      before[key] = recorder.symbol(read, spec.shape, TYPES[spec.dtype]);
    }
    const { outputs, state: after = {} } = fn(inputs, before);
    const updates: string[] = [];
    for (const [key, tensor] of Object.entries(after)) {
      const { handle, spec } = state.entry(key);
      if (tensor.shape.join() !== spec.shape.join())
        throw new Error(`the new value of '${key}' has shape [${tensor.shape}], not [${spec.shape}]`);
      const done = graph.node('AssignVariableOp', `${name}/set/${graphName(key)}`, [handle, recorder.place(tensor)], {
        dtype: attr.type(TYPES[spec.dtype]),
      });
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
    const given = new Set([...Object.values(inputs), ...Object.values(before)]);
    for (const tensor of [...Object.values(outputs), ...Object.values(after)])
      if (!given.has(tensor) && !tensor.isDisposed) tensor.dispose();
    return { inputs: ends, outputs: results, notes: recorder.notes };
  });
}

function placeholder(graph: GraphBuilder, name: string, spec: TensorSpec): { place: string; value: string } {
  if (spec.dtype !== 'uint8') {
    const place = graph.placeholder(name, TYPES[spec.dtype], spec.shape);
    return { place, value: place };
  }
  // One string scalar goes in without a copy to and from a GPU (FACTS); the graph unpacks it.
  const place = graph.placeholder(name, DT.string, []);
  const bytes = graph.node('DecodeRaw', `${name}/bytes`, [place], {
    out_type: attr.type(DT.uint8),
    little_endian: attr.bool(true),
  });
  const shape = graph.constant(
    `${name}/shape`,
    DT.int32,
    [spec.shape.length],
    new Uint8Array(Int32Array.from(spec.shape).buffer),
  );
  const image = graph.node('Reshape', `${name}/shaped`, [bytes, shape], { T: attr.type(DT.uint8), Tshape: attr.type(DT.int32) });
  const value = graph.node('Cast', `${name}/float`, [image], {
    SrcT: attr.type(DT.uint8),
    DstT: attr.type(DT.float32),
    Truncate: attr.bool(false),
  });
  return { place, value };
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
    const trialState = new GraphState(trial, specs);
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

export { TraceError };
