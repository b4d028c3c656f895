import { UserError } from '../../errors.js';
import type { Layer, Preprocessing, Variable } from '../../network/network.js';
import { type Affine, asPreprocessing, composed, IDENTITY } from './arithmetic.js';
import type { Extent } from './read-variables.js';

/** The output of a Keras layer in the network that is being built. */
export interface Value extends Extent {
  /** The neutral layer that carries it. */
  readonly layer: string;
  /** It is one place, [1, 1, C]. */
  readonly pooled: boolean;
  /** Arithmetic that no neutral layer does yet: on the way from the input, or towards a hard sigmoid. */
  readonly pending?: Affine | 'relu6 of x + 3';
}

/** The network as far as it has been built: its layers and variables, what each Keras layer's output became, and what its input needs. */
export class Flow {
  readonly layers: Layer[] = [];
  readonly variables = new Map<string, Variable>();
  readonly #values = new Map<string, Value>();
  /** Vectors that have been made maps of one place after they were read as vectors. */
  readonly #unrolled = new Set<string>();
  #input: Preprocessing | undefined;

  constructor(
    readonly where: string,
    /** What is done to RGB bytes before the model's own arithmetic on its input. */
    readonly before: Preprocessing,
  ) {}

  put(kerasName: string, value: Value): void {
    this.#values.set(kerasName, value);
  }

  /** The output of a layer with its arithmetic pending. */
  raw(kerasName: string, reader: string): Value {
    const value = this.#values.get(kerasName);
    if (value === undefined) throw new Error(`'${reader}' takes '${kerasName}', which does not come before it`);
    if (value.rank === 2 && this.#unrolled.has(value.layer))
      throw this.refusal(reader, `it takes '${kerasName}' as a vector, and another layer takes it as a map of one place`);
    return value;
  }

  /** The output of a layer that a neutral layer is to take: arithmetic on the input has gone into the preprocessing. */
  value(kerasName: string, reader: string): Value {
    const { pending, ...value } = this.raw(kerasName, reader);
    if (this.layers[0]?.name === value.layer) this.#usesInput(pending, reader);
    else if (pending !== undefined)
      throw this.refusal(
        reader,
        `it takes '${kerasName}', which adds a number to a map or scales it`,
        'such arithmetic on the input alone, or as relu6(x + 3) / 6',
      );
    return value;
  }

  /** What turns RGB bytes into the input. */
  get preprocessing(): Preprocessing {
    return this.#input ?? this.before;
  }

  /**
   * Makes the vector of a pooling, or of dense layers after one, a map of one place: the pool keeps its dimensions and dense
   * layers become 1 × 1 convolutions. Whether that can be done.
   */
  unroll(name: string, expectedReaders = 0): boolean {
    const at = this.layers.findIndex((layer) => layer.name === name);
    const layer = this.layers[at];
    const readers = this.layers.filter(({ inputs }) => inputs.includes(name)).length;
    if (layer === undefined || readers !== expectedReaders) return false;
    this.#unrolled.add(name);
    if (layer.kind === 'global-average-pool') {
      this.layers[at] = { ...layer, keepDims: true };
      return true;
    }
    if ((layer.kind !== 'dense' && layer.kind !== 'activation') || !this.unroll(layer.inputs[0] ?? '', 1)) return false;
    if (layer.kind === 'dense') {
      const kernel = this.variables.get(layer.kernel) as Variable;
      this.variables.set(layer.kernel, { ...kernel, shape: [1, 1, ...kernel.shape] });
      this.layers[at] = { ...layer, kind: 'conv', strides: [1, 1], dilations: [1, 1], padding: 'valid' };
    }
    return true;
  }

  refusal(layer: string, what: string, expected?: string): UserError {
    return new UserError({ where: `${this.where}: ${layer}`, what, ...(expected === undefined ? {} : { expected }) });
  }

  #usesInput(pending: Value['pending'], reader: string): void {
    const affine = pending === undefined || typeof pending === 'string' ? IDENTITY : pending;
    const found = asPreprocessing(this.before, composed({ scale: [1, 1, 1], offset: [0] }, affine));
    if (found === undefined || typeof pending === 'string')
      throw this.refusal(reader, "the arithmetic on the model's input is no scaling and shift of its three channels");
    if (this.#input !== undefined && JSON.stringify(this.#input) !== JSON.stringify(found))
      throw this.refusal(reader, "the model's input is taken with two different scalings");
    this.#input = found;
  }
}
