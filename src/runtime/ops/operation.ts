import { backend, binding, type OpAttribute, type Tensor, type TensorInfo, tf } from '../tensorflow.js';

/** Attributes of an operation called by name. */
export const attribute = {
  float32: (name: string): OpAttribute => ({ name, type: binding().TF_ATTR_TYPE, value: binding().TF_FLOAT }),
  type: (name: string, value: number): OpAttribute => ({ name, type: binding().TF_ATTR_TYPE, value }),
  string: (name: string, value: string): OpAttribute => ({ name, type: binding().TF_ATTR_STRING, value }),
  int: (name: string, value: number): OpAttribute => ({ name, type: binding().TF_ATTR_INT, value }),
  ints: (name: string, value: readonly number[]): OpAttribute => ({ name, type: binding().TF_ATTR_INT, value: [...value] }),
  float: (name: string, value: number): OpAttribute => ({ name, type: binding().TF_ATTR_FLOAT, value }),
  bool: (name: string, value: boolean): OpAttribute => ({ name, type: binding().TF_ATTR_BOOL, value }),
};

/** Runs (or, while tracing, records) one TensorFlow operation with one output. */
export function operation(name: string, attributes: OpAttribute[], inputs: readonly TensorInfo[]): Tensor {
  return backend().executeSingleOutput(name, attributes, inputs);
}

/** The same for an operation with several outputs. */
export function operationWithOutputs(
  name: string,
  attributes: OpAttribute[],
  inputs: readonly TensorInfo[],
  outputs: number,
): Tensor[] {
  return backend().executeMultipleOutputs(name, attributes, inputs, outputs);
}

/** A small int32 vector, e.g. a shape. */
export function ints(values: readonly number[]): Tensor {
  return tf.tensor1d([...values], 'int32');
}
