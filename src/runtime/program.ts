import { eachInTurn } from './each-in-turn.js';
import { EagerProgram } from './eager-program.js';
import { checkInputs, feedsOf, type Inputs, repeatedFeedsOf } from './feeds.js';
import type { Engine, Precision, Program, ProgramFunction, StateValue } from './functions.js';
import { collectGarbage } from './garbage.js';
import { GraphBuilder } from './graph/builder.js';
import { compileWhole } from './graph/compile.js';
import { hoistConstants } from './graph/hoist.js';
import { updateInPlace } from './graph/in-place-updates.js';
import { toMixedPrecision } from './graph/mixed-precision.js';
import { placeOnDevices } from './graph/place.js';
import { type Repeated, repeatWhole } from './graph/repeat.js';
import { SESSION_TAG, Session, type Values } from './session.js';
import { onCard } from './tensorflow.js';
import { graphsFolder, writeGraph } from './trace/inspection.js';
import type { Table, TableSpec } from './trace/table.js';
import { GraphState, type TracedFunction, traceFunction } from './trace/trace.js';
import { writtenFor } from './written-for.js';

export type { Engine, Precision, Program, ProgramFunction, StateValue } from './functions.js';

/** How a program is made, beside what it computes. */
export interface ProgramOptions {
  readonly precision?: Precision;
  /** How many a traced graph is spread over, where its functions speak of several (see graph/place.ts). */
  readonly devices?: number;
  /** From which inputs of functions take their rows; they begin with zeros. Traced, and on one device, alone. */
  readonly tables?: Readonly<Record<string, TableSpec>>;
}

/**
 * Makes a program. With `traced`, every function is written into one TensorFlow graph whose variables live in the session,
 * and each call is one session run; with `eager`, the same functions run op by op.
 */
export function createProgram(
  engine: Engine,
  state: Readonly<Record<string, StateValue>>,
  functions: Readonly<Record<string, ProgramFunction>>,
  { precision = 'fp32', devices = 1, tables = {} }: ProgramOptions = {},
): Program {
  if (Object.keys(tables).length > 0 && (engine !== 'traced' || devices !== 1))
    throw new Error('tables are for the traced engine, and one device');
  switch (engine) {
    case 'traced': {
      const program = new TracedProgram(state, functions, { precision, devices, tables });
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
  private readonly repeated = new Map<string, Repeated>();

  constructor(
    state: Readonly<Record<string, StateValue>>,
    private readonly functions: Readonly<Record<string, ProgramFunction>>,
    { precision, devices, tables }: Required<ProgramOptions>,
  ) {
    const graph = new GraphBuilder();
    this.graphState = new GraphState(graph, state, devices, tables);
    for (const [name, { signature, fn }] of Object.entries(functions)) {
      this.traced.set(name, traceFunction(graph, this.graphState, state, name, signature, fn));
    }
    const compiled = Object.keys(functions).filter((name) => functions[name]?.compiled === true);
    const repeated = Object.keys(functions).filter((name) => functions[name]?.carried !== undefined);
    // Neither XLA nor the body of a loop has branches.
    updateInPlace(graph, compiled.length + repeated.length > 0 ? 'card' : writtenFor);
    if (precision === 'bf16') {
      const ends = [...this.traced.values()].flatMap(({ outputs }) => [...outputs.values()]);
      toMixedPrecision(graph, new Set(ends));
    }
    const setters = new Set([...this.graphState.setters.values()].flatMap(({ sets }) => sets));
    this.hoisted = hoistConstants(graph, setters, this.shapes());
    if (devices > 1) placeOnDevices(graph, { kind: onCard ? 'GPU' : 'CPU', count: devices });
    for (const name of compiled) {
      const traced = this.traced.get(name) as TracedFunction;
      this.traced.set(name, { ...traced, outputs: compileWhole(graph, name, traced.outputs) });
    }
    for (const name of repeated) this.repeated.set(name, this.repeat(graph, name));
    const folder = graphsFolder();
    if (folder !== undefined) writeGraph(folder, graph, this.traced);
    this.session = Session.fromGraph(graph.savedModel(SESSION_TAG));
    const begun = [...this.graphState.tables.values()].map((table) => table.begun);
    if (begun.length > 0) this.session.run([], begun);
    this.write(Object.fromEntries(Object.entries(state).map(([name, { values }]) => [name, values])));
  }

  private repeat(graph: GraphBuilder, name: string): Repeated {
    if (this.graphState.devices > 1) throw new Error('a function that is spread over devices runs once a call');
    const { inputs, outputs } = this.traced.get(name) as TracedFunction;
    const carried = Object.entries(this.functions[name]?.carried ?? {}).map(([input, output]) => {
      const [place] = inputs.get(input)?.places ?? [];
      if (place === undefined || !outputs.has(output))
        throw new Error(`${name}: nothing to carry from '${output}' to '${input}'`);
      return [place, output] as const;
    });
    return repeatWhole(graph, name, outputs, new Map(carried));
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

  runEach(name: string, inputs: readonly Inputs[]): Record<string, Values>[] {
    const repeated = this.repeated.get(name);
    if (repeated === undefined || inputs.length < 2) return eachInTurn(this, this.functions[name]?.carried, name, inputs);
    for (const one of inputs) checkInputs(name, (this.functions[name] as ProgramFunction).signature, one);
    const feeds = repeatedFeedsOf(this.traced.get(name) as TracedFunction, repeated, inputs);
    const [rows] = this.session.run(feeds, [repeated.rows]) as [Float32Array];
    const { columns } = repeated;
    return inputs.map((_, time) =>
      Object.fromEntries(columns.map((key, at) => [key, Float32Array.of(rows[time * columns.length + at] as number)])),
    );
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

  put(name: string, first: number, values: Float32Array | Uint8Array): void {
    const table = this.graphState.tables.get(name) as Table;
    const { count, bytes } = table.fed(name, values);
    const { ends, spec, filled } = table;
    if (first + count > spec.rows)
      throw new RangeError(`${count} rows from the row ${first} on, in the table '${name}' of ${spec.rows}`);
    this.session.run(
      [
        { name: ends.rows, strings: bytes },
        { name: ends.from, values: Int32Array.of(first), shape: [1] },
        { name: ends.to, values: Int32Array.of(first + count), shape: [1] },
      ],
      [filled],
    );
  }

  close(): void {
    this.session.close();
  }
}
