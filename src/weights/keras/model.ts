import type { Inbound } from './inbound.js';

/** One layer of a Keras topology, in the form of Keras 2. */
export interface KerasLayer {
  readonly name: string;
  readonly className: string;
  readonly config: Record<string, unknown>;
  /** Names of the layers that feed it. */
  readonly inputs: readonly string[];
  /** Names from the outermost, where the layer stood in a model within the model: of those models, then its own. */
  readonly path?: readonly string[];
  /** The number in an operation on a map and a number (`x + 3`), or one for each channel. */
  readonly constant?: NonNullable<Inbound['constant']>;
}

/** A Keras model as a list of layers in topological order. */
export interface KerasTopology {
  readonly name: string;
  readonly layers: readonly KerasLayer[];
  readonly outputs: readonly string[];
  /** The version of Keras that wrote it, where that is known. */
  readonly version?: string;
}

/** A model as its configuration has it: some of its layers may be models. */
export interface Model {
  readonly name: string;
  readonly layers: readonly (Omit<KerasLayer, 'inputs' | 'path'> & {
    readonly feeders: Inbound['feeders'];
    readonly model?: Model;
  })[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}
