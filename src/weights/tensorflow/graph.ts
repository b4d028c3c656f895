import { UserError } from '../../errors.js';
import type { NamedTensor } from '../named-tensor.js';

/** An attribute of a node: data types are TensorFlow's numbers, a string tensor is a list of its strings. */
export type Attribute = number | boolean | string | readonly number[] | readonly string[] | NamedTensor;

/** One operation of a TensorFlow graph. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** What it takes: `node`, or `node:2` for an output other than the first. Control inputs are left out. */
  readonly inputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

/** A graph without functions, as every format of TensorFlow's leads to. */
export interface TensorflowGraph {
  readonly nodes: ReadonlyMap<string, GraphNode>;
  /** The constant that a node puts out: a frozen one, or the value of a variable; undefined where it is none. */
  readonly constant: (node: GraphNode) => NamedTensor | undefined;
  /** What the model puts out, as far as the file says: `node` or `node:2`. */
  readonly outputs: readonly string[];
}

/** What ends the reading of a node: the error names the file, the operation and the node. */
export function refuseNode(where: string, node: GraphNode, what: string, expected: string): never {
  throw new UserError({ where, what: `${node.op} '${node.name}' ${what}`, expected });
}

/** `node:2` → node and 2; `node` → node and 0. */
export function splitReference(reference: string): readonly [node: string, output: number] {
  const colon = reference.lastIndexOf(':');
  const output = colon < 0 ? Number.NaN : Number(reference.slice(colon + 1));
  return Number.isInteger(output) ? [reference.slice(0, colon), output] : [reference, 0];
}

/** The same reference in its plain form: `node:0` is `node`. */
export function plainReference(reference: string): string {
  const [node, output] = splitReference(reference);
  return output === 0 ? node : `${node}:${output}`;
}

/** The data inputs among the inputs of a node of a file. */
export function dataInputs(inputs: readonly string[]): string[] {
  return inputs.filter((input) => !input.startsWith('^')).map(plainReference);
}

/** A list of integers; a missing attribute is `absent`. */
export function intsOf(node: GraphNode, attribute: string, absent: readonly number[]): readonly number[] {
  const value = node.attributes.get(attribute);
  return Array.isArray(value) && value.every((one) => typeof one === 'number') ? (value as readonly number[]) : absent;
}

export function numberOf(node: GraphNode, attribute: string, absent: number): number {
  const value = node.attributes.get(attribute);
  return typeof value === 'number' ? value : absent;
}

export function flagOf(node: GraphNode, attribute: string, absent: boolean): boolean {
  const value = node.attributes.get(attribute);
  return typeof value === 'boolean' ? value : absent;
}

export function textOf(node: GraphNode, attribute: string, absent: string): string {
  const value = node.attributes.get(attribute);
  return typeof value === 'string' ? value : absent;
}

export function textsOf(node: GraphNode, attribute: string): readonly string[] {
  const value = node.attributes.get(attribute);
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? (value as readonly string[]) : [];
}

/** The tensor of a Const node, where it is one of numbers. */
export function tensorOf(node: GraphNode, attribute: string): NamedTensor | undefined {
  const value = node.attributes.get(attribute);
  return typeof value === 'object' && 'values' in value && 'shape' in value ? (value as NamedTensor) : undefined;
}
