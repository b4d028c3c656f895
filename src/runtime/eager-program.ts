import { eachInTurn } from './each-in-turn.js';
import { checkInputs, type Inputs, inputTensor } from './feeds.js';
import type { Program, ProgramFunction, StateValue } from './functions.js';
import type { Values } from './session.js';
import { type Tensor, tf } from './tensorflow.js';
import type { Tensors } from './trace/trace.js';

/** Runs functions operation by operation: the reference for those that are traced. */
export class EagerProgram implements Program {
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

  runEach(name: string, inputs: readonly Inputs[]): Record<string, Values>[] {
    return eachInTurn(this, this.functions[name]?.carried, name, inputs);
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

  put(): never {
    throw new Error('the eager engine has no tables');
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
