import type { onnx as Onnx } from 'onnx-proto';

/** An ONNX tensor's number of the type. */
const FLOAT = 1;
const UINT8 = 2;
const INT8 = 3;
const INT32 = 6;
const INT64 = 7;

export type Attributes = Readonly<Record<string, number | string | readonly number[]>>;

/** Nodes and weights of a graph in the making. A layer's tensor has the layer's name; what lies between has it as a prefix. */
export class GraphParts {
  readonly nodes: Onnx.INodeProto[] = [];
  readonly initializers: Onnx.ITensorProto[] = [];
  readonly #known = new Set<string>();

  /** Adds a node; gives the name of what it puts out. */
  node(op: string, inputs: readonly string[], output: string, attributes: Attributes = {}): string {
    const attribute = Object.entries(attributes).map(([name, value]): Onnx.IAttributeProto => {
      if (typeof value === 'string') return { name, type: 3, s: Buffer.from(value) };
      if (typeof value !== 'number') return { name, type: 7, ints: [...value] };
      return FRACTIONS.has(name) ? { name, type: 1, f: value } : { name, type: 2, i: value };
    });
    this.nodes.push({ opType: op, name: output, input: [...inputs], output: [output], attribute });
    return output;
  }

  floats(name: string, shape: readonly number[], values: Float32Array): string {
    return this.#initializer(name, FLOAT, shape, values);
  }

  integers(name: string, values: readonly number[]): string {
    return this.#initializer(name, INT64, [values.length], BigInt64Array.from(values, BigInt));
  }

  /** Whole numbers of 8 or 32 bits. */
  codes(name: string, shape: readonly number[], values: Uint8Array | Int8Array | Int32Array): string {
    const type = values instanceof Uint8Array ? UINT8 : values instanceof Int8Array ? INT8 : INT32;
    return this.#initializer(name, type, shape, values);
  }

  /** A whole number, without an axis. */
  integer(name: string, value: number): string {
    return this.#initializer(name, INT64, [], BigInt64Array.of(BigInt(value)));
  }

  #initializer(
    name: string,
    dataType: number,
    dims: readonly number[],
    { buffer, byteOffset, byteLength }: ArrayBufferView,
  ): string {
    // Layers that share a variable share its tensor.
    if (this.#known.has(name)) return name;
    this.#known.add(name);
    this.initializers.push({ name, dataType, dims: [...dims], rawData: new Uint8Array(buffer, byteOffset, byteLength) });
    return name;
  }
}

const FRACTIONS = new Set(['epsilon', 'momentum', 'alpha', 'beta']);
