/** ONNX models made by hand. */
import onnxProto, { type onnx as Onnx } from 'onnx-proto';
import { numbers } from './tfjs-folder.js';

const { onnx } = onnxProto;

const INTS = onnx.AttributeProto.AttributeType.INTS;
export const ints = (name: string, values: number[]): Onnx.IAttributeProto => ({ name, type: INTS, ints: values });
export const int = (name: string, value: number): Onnx.IAttributeProto => ({
  name,
  type: onnx.AttributeProto.AttributeType.INT,
  i: value,
});
export const text = (name: string, value: string): Onnx.IAttributeProto => ({
  name,
  type: onnx.AttributeProto.AttributeType.STRING,
  s: Buffer.from(value),
});
export const float = (name: string, value: number): Onnx.IAttributeProto => ({
  name,
  type: onnx.AttributeProto.AttributeType.FLOAT,
  f: value,
});
export const node = (
  opType: string,
  input: string[],
  output: string,
  attribute: Onnx.IAttributeProto[] = [],
): Onnx.INodeProto => ({
  opType,
  name: `node_${output}`,
  input,
  output: [output],
  attribute,
});
export const raw = (name: string, dims: number[], seed: number): Onnx.ITensorProto => ({
  name,
  dims,
  dataType: 1,
  rawData: new Uint8Array(
    numbers(
      dims.reduce((a, b) => a * b, 1),
      seed,
    ).buffer,
  ),
});
export const listed = (name: string, dims: number[], seed: number): Onnx.ITensorProto => ({
  name,
  dims,
  dataType: 1,
  floatData: [
    ...numbers(
      dims.reduce((a, b) => a * b, 1),
      seed,
    ),
  ],
});
export const value = (name: string, dims: (number | string)[]): Onnx.IValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType: 1,
      shape: { dim: dims.map((dim) => (typeof dim === 'string' ? { dimParam: dim } : { dimValue: dim })) },
    },
  },
});

export function model(
  nodes: Onnx.INodeProto[],
  initializer: Onnx.ITensorProto[],
  input: Onnx.IValueInfoProto,
  output: Onnx.IValueInfoProto,
  version = 12,
): Uint8Array {
  const graph = { name: 'net', node: nodes, initializer, input: [input], output: [output] };
  return onnx.ModelProto.encode(
    onnx.ModelProto.fromObject({ irVersion: 7, opsetImport: [{ domain: '', version }], graph }),
  ).finish();
}
