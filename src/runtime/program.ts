import { checkInputs, feedsOf, inputTensor } from './feeds.js';
import { collectGarbage } from './garbage.js';
import { GraphBuilder } from './graph/builder.js';
import { compileWhole } from './graph/compile.js';
import { hoistConstants } from './graph/hoist.js';
import { updateInPlace } from './graph/in-place-updates.js';
import { toMixedPrecision } from './graph/mixed-precision.js';
import { placeOnDevices } from './graph/place.js';
import { SESSION_TAG, Session, type Values } from './session.js';
import { onCard, type Tensor, tf } from './tensorflow.js';
import { graphsFolder, writeGraph } from './trace/inspection.js';
import {
  GraphState,
  type Signature,
  type StateSpec,
  type StepFunction,
  type Tensors,
  type TracedFunction,
  traceFunction,
} from './trace/trace.js';
import { writtenFor } from './written-for.js';

/** How steps are run: traced into one graph, or op by op (the reference). */
export type Engine = 'traced' | 'eager';

/** In what convolutions compute: float32, or bfloat16 with all else in float32 (see toMixedPrecision). */
export type Precision = 'fp32' | 'bf16';

export interface ProgramFunction {
  readonly signature: Signature;
  readonly fn: StepFunction;
  /** Whether XLA compiles it whole (see graph/compile.ts). The eager engine, which is the reference, runs it as it is. */
  readonly compiled?: boolean;
}

export interface StateValue extends StateSpec {
  readonly values: Float32Array | Int32Array;
}

/** Functions over one common state. What goes in and out are plain typed arrays. */
export interface Program {
  /**
   * Runs a function: feeds its inputs, updates the state, returns its outputs. Traced, what only an output that is not `wanted`
   * needs is not computed. At least one has to be wanted.
   */
  run(name: string, inputs: Readonly<Record<string, Values>>, wanted?: (output: string) => boolean): Record<string, Values>;
  /** Copies of the present values of some variables of the state. */
  read(names: readonly string[]): Record<string, Float32Array | Int32Array>;
  write(values: Readonly<Record<string, Float32Array | Int32Array>>): void;
  close(): void;
}

/**
 * Makes a program. With `traced`, every function is written into one TensorFlow graph whose variables live in the session,
 * and each call is one session run; with `eager`, the same functions run op by op.
 * @param devices how many a traced graph is spread over, where its functions speak of several (see graph/place.ts)
 */
export function createProgram(
  engine: Engine,
  state: Readonly<Record<string, StateValue>>,
  functions: Readonly<Record<string, ProgramFunction>>,
  precision: Precision = 'fp32',
  devices = 1,
): Program {
  switch (engine) {
    case 'traced': {
      const program = new TracedProgram(state, functions, precision, devices);
      // Small networks leave little behind, and collecting takes some ten milliseconds.
      if (bytesOf(state) >= LARGE) collectGarbage();
      return program;
    }
    case 'eager':
      if (precision !== 'fp32') throw new Error('the eager engine computes in float32 alone');
      if (devices !== 1) throw new Error('the eager engine computes on one device alone');
      return new EagerProgram(state, functions);
  }
}

/** Bytes of a state beside which what tracing leaves in memory is worth collecting. */
const LARGE = 16 * 2 ** 20;

function bytesOf(state: Readonly<Record<string, StateValue>>): number {
  return Object.values(state).reduce((sum, { values }) => sum + values.byteLength, 0);
}

class TracedProgram implements Program {
  private readonly session: Session;
  private readonly graphState: GraphState;
  /** To fetch after variables were set. */
  private readonly hoisted: string | null;
  private readonly traced = new Map<string, TracedFunction>();

  constructor(
    state: Readonly<Record<string, StateValue>>,
    private readonly functions: Readonly<Record<string, ProgramFunction>>,
    precision: Precision,
    devices: number,
  ) {
    const graph = new GraphBuilder();
    this.graphState = new GraphState(graph, state, devices);
    for (const [name, { signature, fn }] of Object.entries(functions)) {
      this.traced.set(name, traceFunction(graph, this.graphState, state, name, signature, fn));
    }
    const compiled = Object.keys(functions).filter((name) => functions[name]?.compiled === true);
    updateInPlace(graph, compiled.length > 0 ? 'card' : writtenFor);
    if (precision === 'bf16') {
      const ends = [...this.traced.values()].flatMap(({ outputs }) => [...outputs.values()]);
      toMixedPrecision(graph, new Set(ends));
    }
    const setters = new Set([...this.graphState.setters.values()].flatMap(({ sets }) => sets));
    this.hoisted = hoistConstants(graph, setters, this.shapes());
    if (devices > 1) placeOnDevices(graph, { kind: onCard ? 'GPU' : 'CPU', count: devices });
    const folder = graphsFolder();
    if (folder !== undefined) writeGraph(folder, graph, this.traced);
    for (const name of compiled) this.compile(graph, name);
    this.session = Session.fromGraph(graph.savedModel(SESSION_TAG));
    this.write(Object.fromEntries(Object.entries(state).map(([name, { values }]) => [name, values])));
  }

  private compile(graph: GraphBuilder, name: string): void {
    const traced = this.traced.get(name) as TracedFunction;
    const nodes = new Map(graph.nodes().map((node) => [node.getName(), node]));
    const typeOf = (place: string) => nodes.get(place)?.getAttrMap().get('T')?.getType() as number;
    const outputs = new Map([...traced.outputs].map(([key, place]) => [key, { place, dtype: typeOf(place) }]));
    this.traced.set(name, { ...traced, outputs: compileWhole(graph, name, outputs) });
  }

  /** Of variables as they are read, and of what was traced. */
  private shapes(): Map<string, readonly number[]> {
    const on = (device: number) => this.graphState.namesOn(device).map((name) => this.graphState.entry(name, device));
    const reads = Array.from({ length: this.graphState.devices }, (_, device) => on(device)).flat();
    const nodes = [...this.traced.values()].flatMap(({ notes }) => [...notes]);
    return new Map([
      ...reads.map(({ read, spec }) => [read, spec.shape] as const),
      ...nodes.flatMap(([name, { shapes }]) => (shapes[0] === undefined ? [] : [[name, shapes[0]] as const])),
    ]);
  }

  run(
    name: string,
    inputs: Readonly<Record<string, Values>>,
    wanted: (output: string) => boolean = () => true,
  ): Record<string, Values> {
    const ends = this.traced.get(name);
    const signature = this.functions[name]?.signature;
    if (ends === undefined || signature === undefined) throw new Error(`the program has no function '${name}'`);
    checkInputs(name, signature, inputs);
    const outputs = [...ends.outputs].filter(([key]) => wanted(key));
    const keys = outputs.map(([key]) => key);
    const values = this.session.run(
      feedsOf(ends, inputs),
      outputs.map(([, place]) => place),
    );
    return Object.fromEntries(keys.map((key, index) => [key, values[index] as Values]));
  }

  read(names: readonly string[]): Record<string, Float32Array | Int32Array> {
    if (names.length === 0) return {};
    const values = this.session.run(
      [],
      names.map((name) => this.graphState.entry(name).read),
    );
    return Object.fromEntries(names.map((name, index) => [name, values[index] as Float32Array | Int32Array]));
  }

  write(values: Readonly<Record<string, Float32Array | Int32Array>>): void {
    const names = Object.keys(values);
    if (names.length === 0) return;
    const setter = (name: string) => {
      const entry = this.graphState.setters.get(name);
      if (entry === undefined) throw new Error(`the state has no variable '${name}'`);
      return entry;
    };
    this.session.run(
      names.map((name) => ({
        name: setter(name).placeholder,
        values: values[name] as Values,
        shape: this.graphState.entry(name).spec.shape,
      })),
      names.map((name) => setter(name).done),
    );
    if (this.hoisted !== null) this.session.run([], [this.hoisted]);
  }

  close(): void {
    this.session.close();
  }
}

class EagerProgram implements Program {
  private readonly state: Record<string, Tensor> = {};

  constructor(
    private readonly specs: Readonly<Record<string, StateValue>>,
    private readonly functions: Readonly<Record<string, ProgramFunction>>,
  ) {
    this.write(Object.fromEntries(Object.entries(specs).map(([name, { values }]) => [name, values])));
  }

  run(
    name: string,
    inputs: Readonly<Record<string, Values>>,
    wanted: (output: string) => boolean = () => true,
  ): Record<string, Values> {
    const entry = this.functions[name];
    if (entry === undefined) throw new Error(`the program has no function '${name}'`);
    checkInputs(name, entry.signature, inputs);
    const result: Record<string, Values> = {};
    tf.tidy(() => {
      const tensors: Tensors = {};
      for (const [key, spec] of Object.entries(entry.signature.inputs)) tensors[key] = inputTensor(inputs[key] as Values, spec);
      const { outputs, state = {} } = entry.fn(tensors, this.state, []);
      for (const [key, tensor] of Object.entries(outputs)) if (wanted(key)) result[key] = tensor.dataSync() as Values;
      const before = new Set(Object.values(this.state));
      const fresh = Object.entries(state)
        .filter(([, tensor]) => !before.has(tensor))
        .map(([key, tensor]) => [key, tf.keep(tensor.clone())] as const);
      for (const [key, tensor] of fresh) {
        this.state[key]?.dispose();
        this.state[key] = tensor;
      }
      // Results that a function kept beyond an inner scope are ours to release; those of this scope go by themselves.
      for (const tensor of [...Object.values(outputs), ...Object.values(state)])
        if (!before.has(tensor) && !tensor.isDisposed) tensor.dispose();
    });
    return result;
  }

  read(names: readonly string[]): Record<string, Float32Array | Int32Array> {
    return Object.fromEntries(names.map((name) => [name, this.variable(name).dataSync().slice() as Float32Array | Int32Array]));
  }

  write(values: Readonly<Record<string, Float32Array | Int32Array>>): void {
    for (const [name, array] of Object.entries(values)) {
      const spec = this.specs[name];
      if (spec === undefined) throw new Error(`the state has no variable '${name}'`);
      this.state[name]?.dispose();
      this.state[name] = tf.keep(tf.tensor(array.slice(), [...spec.shape], spec.dtype));
    }
  }

  close(): void {
    for (const tensor of Object.values(this.state)) tensor.dispose();
  }

  private variable(name: string): Tensor {
    const tensor = this.state[name];
    if (tensor === undefined) throw new Error(`the state has no variable '${name}'`);
    return tensor;
  }
}
