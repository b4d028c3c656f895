import { createProgram, type Engine, type Precision, type Program, type StateValue } from './program.js';
import type { Values } from './session.js';
import type { Signature, StepFunction } from './trace/trace.js';

/** A function that is traced anew for every signature of inputs that it is called with, over one state. */
export interface Traced {
  /**
   * Feeds inputs of a signature, updates the state, returns the outputs that are `wanted`, all where nothing is said. The first call with a
   * signature writes its graph, and takes longer for it.
   */
  run(
    signature: Signature,
    inputs: Readonly<Record<string, Values>>,
    wanted?: (output: string) => boolean,
  ): Record<string, Values>;
  /** Copies of the present values of all variables. */
  read(): Record<string, Float32Array | Int32Array>;
  close(): void;
}

/**
 * Turns plain tfjs code (forward pass, `tf.grads`, updates of variables) into one TensorFlow graph for each signature (names, shapes
 * and types of inputs), kept from then on. The variables live in the session of the graph that ran last and go with the calls. What
 * is trained is part of `fn`: another trainable set is another function.
 * @throws TraceError naming the line: values read, random draws in JS, operations that are not covered, functions that change
 */
export function trace(
  fn: StepFunction,
  state: Readonly<Record<string, StateValue>>,
  { engine = 'traced', precision = 'fp32' }: { engine?: Engine; precision?: Precision } = {},
): Traced {
  const programs = new Map<string, Program>();
  const names = Object.keys(state);
  let last: Program | undefined;
  const programOf = (signature: Signature): Program => {
    const key = keyOf(signature);
    const there = programs.get(key);
    if (there === last && there !== undefined) return there;
    const program = there ?? createProgram(engine, state, { fn: { signature, fn } }, { precision });
    programs.set(key, program);
    if (last !== undefined) program.write(last.read(names));
    last = program;
    return program;
  };
  return {
    run: (signature, inputs, wanted) => programOf(signature).run('fn', inputs, wanted),
    read: () => last?.read(names) ?? Object.fromEntries(names.map((name) => [name, (state[name] as StateValue).values.slice()])),
    close() {
      for (const program of programs.values()) program.close();
      programs.clear();
      last = undefined;
    },
  };
}

function keyOf({ inputs }: Signature): string {
  const entries = Object.entries(inputs).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(entries.map(([name, { shape, dtype }]) => [name, dtype, shape]));
}
