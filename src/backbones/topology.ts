import type { ActivationName, Layer, Padding, VariableRole } from '../network/network.js';

/** A variable without its values. */
export interface VariableShape {
  readonly name: string;
  readonly layer: string;
  readonly role: VariableRole;
  /** Kernels HWIO, depthwise ones HWI·multiplier, dense ones IO. */
  readonly shape: readonly number[];
}

/** A network without its weights. */
export interface Topology {
  /** Topological order; every layer has its stage. */
  readonly layers: readonly Layer[];
  readonly variables: readonly VariableShape[];
  /** The layer whose output is the last feature map, and its channels. */
  readonly output: string;
  readonly features: number;
  /** The layer above it that puts out the scores of the 1,000 classes of ImageNet, before the softmax. */
  readonly logits: string;
}

/** A layer that others can be put upon. */
export interface Place {
  readonly name: string;
  readonly channels: number;
}

export interface WindowOptions {
  /** 1 where it is not said. */
  readonly size?: number | readonly [number, number];
  readonly stride?: number;
  /** Where it is not said, as the builder pads. */
  readonly padding?: Padding | number;
}

export interface BuilderOptions {
  /** How windows are padded where they do not say it: TensorFlow's SAME, or PyTorch's half a window on every side. */
  readonly padding: 'same' | 'symmetric';
  /** ε and momentum (the weight of the old statistics) of every BatchNorm. */
  readonly epsilon: number;
  readonly momentum: number;
  /** What follows a convolution and its BatchNorm where nothing else is said. */
  readonly activation: ActivationName;
}

/** Stages from the input upwards. */
export const STAGES = ['conv1', 'conv2', 'conv3', 'conv4', 'conv5'] as const;
export type StageName = (typeof STAGES)[number];

/** The stage of what lies above the feature map. */
const HEAD = 'head';

/** The layers up to the feature map; a topology puts nothing beside it that it does not need. */
export function featureLayers({ layers, output }: Pick<Topology, 'layers' | 'output'>): readonly Layer[] {
  return layers.slice(0, layers.findIndex(({ name }) => name === output) + 1);
}

/** The variables of those layers. */
export function featureVariables(topology: Pick<Topology, 'layers' | 'variables' | 'output'>): readonly VariableShape[] {
  const kept = new Set(featureLayers(topology).map(({ name }) => name));
  return topology.variables.filter(({ layer }) => kept.has(layer));
}

/** Puts layers one upon the other: each takes what the last one gave. */
export class TopologyBuilder {
  private readonly layers: Layer[] = [];
  private readonly variables: VariableShape[] = [];
  private stage: StageName | typeof HEAD = 'conv1';
  private last: Place = { name: 'input', channels: 3 };
  private output: Place | undefined;

  constructor(private readonly options: BuilderOptions) {
    this.layers.push({ name: 'input', kind: 'input', stage: 'conv1', inputs: [] });
  }

  /** Everything from here on belongs to this stage. */
  enter(stage: StageName): this {
    this.stage = stage;
    return this;
  }

  get place(): Place {
    return this.last;
  }

  /** Goes on from an earlier layer, for a branch. */
  from(place: Place): this {
    this.last = place;
    return this;
  }

  conv(
    name: string,
    outputs: number,
    { size = 1, stride = 1, padding, bias = false }: WindowOptions & { bias?: boolean } = {},
  ): this {
    const [height, width] = pair(size);
    const kernel = this.variable(name, 'kernel', [height, width, this.last.channels, outputs]);
    const biases = bias ? { bias: this.variable(name, 'bias', [outputs]) } : {};
    const window = { strides: pair(stride), dilations: pair(1), padding: this.padding([height, width], padding) };
    return this.add({ ...this.base(name), kind: 'conv', kernel, ...biases, ...window }, outputs);
  }

  depthwise(name: string, { size = 1, stride = 1, padding, bias = false }: WindowOptions & { bias?: boolean } = {}): this {
    const { channels } = this.last;
    const [height, width] = pair(size);
    const kernel = this.variable(name, 'kernel', [height, width, channels, 1]);
    const biases = bias ? { bias: this.variable(name, 'bias', [channels]) } : {};
    const window = { strides: pair(stride), dilations: pair(1), padding: this.padding([height, width], padding) };
    return this.add({ ...this.base(name), kind: 'depthwise-conv', kernel, ...biases, ...window });
  }

  /** A factor for each channel. */
  scale(name: string): this {
    return this.depthwise(name);
  }

  norm(name: string, { gamma = true }: { gamma?: boolean } = {}): this {
    const of = (role: VariableRole) => this.variable(name, role, [this.last.channels]);
    const { epsilon, momentum } = this.options;
    const scale = gamma ? { gamma: of('gamma') } : {};
    const rest = { beta: of('beta'), mean: of('mean'), variance: of('variance'), epsilon, momentum };
    return this.add({ ...this.base(name), kind: 'batch-norm', ...scale, ...rest });
  }

  layerNorm(name: string, epsilon: number): this {
    const of = (role: VariableRole) => this.variable(name, role, [this.last.channels]);
    return this.add({ ...this.base(name), kind: 'layer-norm', gamma: of('gamma'), beta: of('beta'), epsilon });
  }

  /** Named NAME_ACTIVATION where no name is given. */
  activation(after: string, activation: ActivationName = this.options.activation, name = `${after}_${activation}`): this {
    return this.add({ ...this.base(name), kind: 'activation', activation });
  }

  /** A convolution, its BatchNorm (`_bn`), and the activation; none where it is null. */
  convNorm(
    name: string,
    outputs: number,
    {
      activation = this.options.activation,
      gamma = true,
      ...window
    }: WindowOptions & { activation?: ActivationName | null; gamma?: boolean; bias?: boolean } = {},
  ): this {
    this.conv(name, outputs, window).norm(`${name}_bn`, { gamma });
    return activation === null ? this : this.activation(name, activation);
  }

  depthwiseNorm(
    name: string,
    { activation = this.options.activation, ...window }: WindowOptions & { activation?: ActivationName } = {},
  ): this {
    return this.depthwise(name, window).norm(`${name}_bn`).activation(name, activation);
  }

  maxPool(name: string, { size = 2, stride = 2, padding, ceil = false }: WindowOptions & { ceil?: boolean } = {}): this {
    const window = { size: pair(size), strides: pair(stride), padding: this.padding(pair(size), padding) };
    return this.add({ ...this.base(name), kind: 'max-pool', ...window, ...(ceil ? { ceil } : {}) });
  }

  averagePool(
    name: string,
    { size = 2, stride = 2, padding, countsPadding = false }: WindowOptions & { countsPadding?: boolean } = {},
  ): this {
    const window = { size: pair(size), strides: pair(stride), padding: this.padding(pair(size), padding) };
    return this.add({ ...this.base(name), kind: 'average-pool', ...window, ...(countsPadding ? { countsPadding } : {}) });
  }

  globalPool(name: string, keepDims = false): this {
    return this.add({ ...this.base(name), kind: 'global-average-pool', keepDims });
  }

  zeroPad(name: string, padding: readonly [number, number, number, number]): this {
    return this.add({ ...this.base(name), kind: 'zero-pad', padding });
  }

  /** The sum with another layer. */
  sum(name: string, other: Place): this {
    return this.add({ ...this.base(name), inputs: [other.name, this.last.name], kind: 'add' });
  }

  multiply(name: string, map: Place): this {
    return this.add({ ...this.base(name), inputs: [map.name, this.last.name], kind: 'multiply' });
  }

  concat(name: string, places: readonly Place[]): this {
    const channels = places.reduce((sum, place) => sum + place.channels, 0);
    return this.add({ ...this.base(name), inputs: places.map((place) => place.name), kind: 'concat' }, channels);
  }

  flatten(name: string, side: number): this {
    return this.add({ ...this.base(name), kind: 'flatten' }, this.last.channels * side * side);
  }

  dense(name: string, outputs: number): this {
    const [kernel, bias] = [this.variable(name, 'kernel', [this.last.channels, outputs]), this.variable(name, 'bias', [outputs])];
    return this.add({ ...this.base(name), kind: 'dense', kernel, bias }, outputs);
  }

  /** What was put last is the feature map; what follows is the classifier. */
  endFeatures(): this {
    this.output = this.last;
    this.stage = HEAD;
    return this;
  }

  /** The topology; what was put last gives the logits. */
  finish(): Topology {
    if (this.output === undefined) throw new Error('endFeatures was not called');
    const { layers, variables } = this;
    return { layers, variables, output: this.output.name, features: this.output.channels, logits: this.last.name };
  }

  private base(name: string): { name: string; stage: string; inputs: readonly string[] } {
    return { name, stage: this.stage, inputs: [this.last.name] };
  }

  private add(layer: Layer, channels = this.last.channels): this {
    this.layers.push(layer);
    this.last = { name: layer.name, channels };
    return this;
  }

  private variable(layer: string, role: VariableRole, shape: number[]): string {
    const name = `${layer}/${role}`;
    this.variables.push({ name, layer, role, shape });
    return name;
  }

  private padding([height, width]: readonly [number, number], given: Padding | number | undefined): Padding {
    if (given !== undefined && typeof given !== 'number') return given;
    if (given === undefined && this.options.padding === 'same') return 'same';
    const [rows, columns] = given === undefined ? [(height - 1) >> 1, (width - 1) >> 1] : [given, given];
    return rows === 0 && columns === 0 ? 'valid' : [rows, rows, columns, columns];
  }
}

function pair(value: number | readonly [number, number]): readonly [number, number] {
  return typeof value === 'number' ? [value, value] : value;
}
