import type { Layer, Variable, VariableRole } from '../../network/network.js';
import type { NamedTensor } from '../named-tensor.js';
import type { GraphNode } from './graph.js';

/** What is known of a layer's output for an image of the network's side. */
export interface Facts {
  readonly name: string;
  readonly rank: 2 | 4;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Set for a global pool: what it takes, so that it can be had with its dimensions kept or dropped. */
  readonly pooled?: Facts;
}

/** The place where a pattern becomes layers. */
export interface Site {
  readonly inputs: readonly Facts[];
  /** Ends the reading with words about a node. */
  readonly refuse: (node: GraphNode, what: string, expected: string) => never;
  /** A short name that no layer has, from the path of a node; the suffix is used where the plain name is taken. */
  readonly name: (path: string, suffix: string) => string;
}

/** A layer and the variables that it uses. */
export interface Draft {
  readonly layer: Layer;
  readonly variables: readonly Variable[];
}

/** One or more nodes of a graph that make one or more layers. */
export interface Pattern {
  /** The maps that it takes. */
  readonly inputs: readonly string[];
  /** The layers in order, the last one its output; none where its first input is its output as it stands. */
  readonly make: (site: Site) => readonly Draft[];
  /** What an input layer does to the pixels first: `scale · x + shift` by channel. */
  readonly chain?: Affine;
}

/** `scale · x + shift`; each a number for every channel, or one for all. */
export interface Affine {
  readonly scale: readonly number[];
  readonly shift: readonly number[];
}

/** The variable of a layer with the values of a constant, in another shape where one is given. */
export function variable(
  layer: string,
  role: VariableRole,
  constant: NamedTensor,
  node: GraphNode,
  site: Site,
  shape: readonly number[] = constant.shape,
): Variable {
  const size = shape.reduce((product, length) => product * length, 1);
  const stored = constant.shape.reduce((product, length) => product * length, 1);
  if (stored !== size)
    site.refuse(
      node,
      `has ${role === 'kernel' ? 'a kernel' : `a ${role}`} of shape [${constant.shape.join(', ')}]`,
      `[${shape.join(', ')}]`,
    );
  const values = Float32Array.from(constant.values());
  if (values.length !== size) site.refuse(node, `has a ${role} of ${values.length} numbers`, `${size}`);
  return { name: `${layer}/${role}`, layer, role, shape: [...shape], values };
}

/** One number for each channel, from one for each or one for all. */
export function everyChannel(values: readonly number[], channels: number): Float32Array {
  return values.length === 1 ? new Float32Array(channels).fill(values[0] ?? 0) : Float32Array.from(values);
}

/** The numbers of a constant that has one for each channel, or one for all. */
export function vector(constant: NamedTensor | undefined): readonly number[] | undefined {
  if (constant === undefined || constant.shape.slice(0, -1).some((length) => length !== 1)) return undefined;
  if (constant.shape.length > 4 || (constant.shape.at(-1) ?? 1) > 2 ** 20) return undefined;
  return [...constant.values()];
}
