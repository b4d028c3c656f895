import type { Layer, Variable, VariableRole } from '../../network/network.js';
import { paddingAt, windowSteps } from '../../network/shapes.js';
import type { OnnxGraph, OnnxNode } from './graph.js';
import { finishedImage } from './image.js';
import type { Constant } from './tensors.js';
import { type ImageChannel, type MapValue, refuseNode, type Size, type Value } from './values.js';

/** What a layer of some kind has besides name, inputs, stage and the names of its variables. */
export type LayerFields = Layer extends infer One
  ? One extends Layer
    ? Omit<One, 'name' | 'inputs' | 'stage' | VariableRole>
    : never
  : never;

/** Values of the variables of a layer, by role. */
export type Weights = Partial<Record<VariableRole, { readonly shape: readonly number[]; readonly values: Float32Array }>>;

/** A network that is being made of a graph, node by node. */
export class Draft {
  readonly layers = new Map<string, Layer>();
  readonly variables = new Map<string, Variable>();
  readonly values = new Map<string, Value>();
  /** What the layers take of the image; unknown until the first takes it. */
  image: readonly ImageChannel[] | undefined;

  constructor(
    readonly graph: OnnxGraph,
    /** How many nodes take each tensor. */
    readonly consumers: ReadonlyMap<string, number>,
    /** Vectors that the graph makes maps of again: their layers stay maps of one place. */
    readonly keptMaps: ReadonlySet<string>,
    readonly inputLayer: string,
    private readonly nameOf: (node: OnnxNode, inputs: readonly string[]) => string,
  ) {}

  refuse(node: OnnxNode, what: string, expected: string): never {
    return refuseNode(this.graph.where, node, what, expected);
  }

  constant(name: string | undefined): Constant | undefined {
    return this.graph.constants.get(name ?? '');
  }

  /** A constant that a node cannot do without. */
  weight(node: OnnxNode, at: number): Constant {
    return this.constant(node.inputs[at]) ?? this.refuse(node, `computes its input ${at}`, 'weights stored in the file');
  }

  /** The map that a node takes; `axes` are those that it works along, where it does not work along any. */
  map(node: OnnxNode, at = 0, axes?: string): MapValue {
    const value = this.values.get(node.inputs[at] ?? '');
    if (value === undefined || value.kind === 'sizes')
      return this.refuse(
        node,
        `takes ${value === undefined ? 'a constant' : 'a shape'} as its input ${at}`,
        'the output of a layer',
      );
    const map = value.kind === 'image' ? this.#inputMap(node, value) : value;
    const shared = map.shared || (this.consumers.get(node.inputs[at] ?? '') ?? 0) > 1;
    if (axes !== undefined && map.axes !== axes)
      return this.refuse(node, `works on axes in the order ${map.axes}`, `${axes} (N batch, C channels, H height, W width)`);
    return shared === map.shared ? map : { ...map, shared };
  }

  #inputMap(node: OnnxNode, value: Extract<Value, { kind: 'image' }>): MapValue {
    const image = finishedImage(value, node, this.graph.where);
    const text = (channels: readonly ImageChannel[]) => JSON.stringify(channels);
    if (this.image !== undefined && text(this.image) !== text(image))
      return this.refuse(node, 'takes the image in another form than an operation before it', 'one preprocessing for all layers');
    this.image = image;
    return { kind: 'map', layer: this.inputLayer, axes: value.axes, channels: 3, size: value.size, rank: 4, shared: true };
  }

  /** Adds the layer of a node. */
  add(node: OnnxNode, inputs: readonly MapValue[], fields: LayerFields, weights: Weights = {}): string {
    const feeders = inputs.map(({ layer }) => layer);
    const name = this.nameOf(node, feeders);
    if (this.layers.has(name)) this.refuse(node, `is the second layer that is named '${name}'`, 'names that differ');
    const roles = Object.keys(weights) as VariableRole[];
    this.layers.set(name, {
      ...fields,
      name,
      inputs: feeders,
      stage: '',
      ...Object.fromEntries(roles.map((role) => [role, `${name}/${role}`])),
    } as Layer);
    for (const role of roles) this.#setVariable(name, role, weights[role] as NonNullable<Weights[VariableRole]>);
    return name;
  }

  /** Gives a layer that is there a variable that a later node brings: a bias, a scale, a shift. */
  extend(layer: Layer, role: VariableRole, values: Float32Array): void {
    this.layers.set(layer.name, { ...layer, [role]: `${layer.name}/${role}` } as Layer);
    this.#setVariable(layer.name, role, { shape: [values.length], values });
  }

  #setVariable(layer: string, role: VariableRole, { shape, values }: { shape: readonly number[]; values: Float32Array }): void {
    const name = `${layer}/${role}`;
    this.variables.set(name, { name, layer, role, shape, values });
  }
}

/** The size of a map behind a window. */
export function sizeBehind(size: Size | undefined, window: Size, fields: LayerFields): Size | undefined {
  if (size === undefined || !('strides' in fields)) return undefined;
  const padding =
    fields.kind === 'max-pool' || fields.kind === 'average-pool'
      ? paddingAt({ ...fields, name: '', inputs: [], stage: '' }, size)
      : fields.padding;
  const dilations = 'dilations' in fields ? fields.dilations : [1, 1];
  const steps = (axis: 0 | 1): number =>
    windowSteps(
      size[axis],
      window[axis],
      fields.strides[axis],
      dilations[axis] ?? 1,
      typeof padding === 'string' ? padding : padding[(2 * axis) as 0 | 2] + padding[(2 * axis + 1) as 1 | 3],
    );
  return [steps(0), steps(1)];
}
