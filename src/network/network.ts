/**
 * The neutral form of a backbone: a list of layers in topological order and the variables that they use. Every reader of
 * weights makes one, and everything after it (plan, forward pass, training, export) knows nothing else.
 * Feature maps are NHWC, kernels HWIO (depthwise: HWI·multiplier, dense: IO).
 */
export interface Network {
  readonly name: string;
  readonly preprocessing: Preprocessing;
  /** The side in pixels that the weights were trained at; other sides work. */
  readonly side: number;
  /** Topological order; the first one is the input. */
  readonly layers: readonly Layer[];
  readonly variables: ReadonlyMap<string, Variable>;
  /** Name of the layer whose output is the feature map (rank 4: pooled over height and width by the head; rank 2: taken as it is). */
  readonly output: string;
  /** Channels of the pooled feature. */
  readonly features: number;
  /** Stages from the input upwards: conv1 … conv5 of a family, stage1 … of a network that none knows. Every layer has exactly one; every stage has a layer. */
  readonly stages: readonly string[];
}

/** What turns RGB bytes into the network's input: `(rgb − mean) / std`, channel by channel. */
export interface Preprocessing {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

export type VariableRole = 'kernel' | 'bias' | 'gamma' | 'beta' | 'mean' | 'variance';

export interface Variable {
  readonly name: string;
  readonly layer: string;
  readonly role: VariableRole;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** 'same' and 'valid' as TensorFlow defines them, or the rows and columns added at each side. */
export type Padding = 'same' | 'valid' | readonly [top: number, bottom: number, left: number, right: number];

/**
 * `swish` is x·σ(x) (SiLU), `gelu` x·Φ(x) by the error function and `gelu-tanh` its approximation, `hard-sigmoid` relu6(x + 3)/6 and
 * `hard-swish` x times that, `elu` eˣ − 1 below zero, `softplus` ln(1 + eˣ), `mish` x·tanh(softplus(x)), `leaky-relu` x times a slope below zero.
 */
export type ActivationName =
  | 'linear'
  | 'relu'
  | 'relu6'
  | 'sigmoid'
  | 'tanh'
  | 'swish'
  | 'softmax'
  | 'gelu'
  | 'gelu-tanh'
  | 'hard-sigmoid'
  | 'hard-swish'
  | 'elu'
  | 'selu'
  | 'softplus'
  | 'mish'
  | 'leaky-relu';

interface LayerBase {
  readonly name: string;
  /** Names of the layers whose outputs it takes. */
  readonly inputs: readonly string[];
  readonly stage: string;
}

interface Window {
  readonly strides: readonly [number, number];
  readonly padding: Padding;
}

export interface InputLayer extends LayerBase {
  readonly kind: 'input';
}
/** `kernel` and `bias` are names of variables. */
export interface ConvLayer extends LayerBase, Window {
  readonly kind: 'conv';
  readonly kernel: string;
  readonly bias?: string;
  readonly dilations: readonly [number, number];
}
export interface DepthwiseConvLayer extends LayerBase, Window {
  readonly kind: 'depthwise-conv';
  readonly kernel: string;
  readonly bias?: string;
  readonly dilations: readonly [number, number];
}
export interface DenseLayer extends LayerBase {
  readonly kind: 'dense';
  readonly kernel: string;
  readonly bias?: string;
}
/** `γ (x − mean) / √(variance + ε) + β`; a missing γ is 1, a missing β is 0. */
export interface BatchNormLayer extends LayerBase {
  readonly kind: 'batch-norm';
  readonly gamma?: string;
  readonly beta?: string;
  readonly mean: string;
  readonly variance: string;
  readonly epsilon: number;
  /** Weight of the old statistics in the moving average, used only where statistics are trained. */
  readonly momentum: number;
}
/** `γ (x − μ)/√(σ² + ε) + β` with mean and variance over the channels of each place; a missing γ is 1, a missing β is 0. */
export interface LayerNormLayer extends LayerBase {
  readonly kind: 'layer-norm';
  readonly gamma?: string;
  readonly beta?: string;
  readonly epsilon: number;
}
export interface ActivationLayer extends LayerBase {
  readonly kind: 'activation';
  readonly activation: ActivationName;
  /** Of a leaky-relu alone. */
  readonly slope?: number;
}
/** Padded places never win a maximum and never count in an average, but where `countsPadding` says so. */
export interface PoolLayer extends LayerBase, Window {
  readonly kind: 'max-pool' | 'average-pool';
  readonly size: readonly [number, number];
  /** A window that reaches over the end still counts (ONNX's and PyTorch's ceil_mode). Not with 'same'. */
  readonly ceil?: boolean;
  /** The zeros of the padding count in an average (count_include_pad). */
  readonly countsPadding?: boolean;
}
export interface GlobalPoolLayer extends LayerBase {
  readonly kind: 'global-average-pool';
  readonly keepDims: boolean;
}
export interface AddLayer extends LayerBase {
  readonly kind: 'add';
}
/** Its inputs side by side, by channels. */
export interface ConcatLayer extends LayerBase {
  readonly kind: 'concat';
}
/** The product of a map and of factors for its channels, [N, 1, 1, C] (squeeze-and-excitation), or of maps of one shape. */
export interface MultiplyLayer extends LayerBase {
  readonly kind: 'multiply';
}
export interface ZeroPadLayer extends LayerBase {
  readonly kind: 'zero-pad';
  readonly padding: readonly [top: number, bottom: number, left: number, right: number];
}
export interface FlattenLayer extends LayerBase {
  readonly kind: 'flatten';
}

export type Layer =
  | InputLayer
  | ConvLayer
  | DepthwiseConvLayer
  | DenseLayer
  | BatchNormLayer
  | LayerNormLayer
  | ActivationLayer
  | PoolLayer
  | GlobalPoolLayer
  | AddLayer
  | ConcatLayer
  | MultiplyLayer
  | ZeroPadLayer
  | FlattenLayer;

/** How many layers take each layer's output, by its name. */
export function consumerCounts(layers: readonly Layer[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const layer of layers) for (const name of layer.inputs) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** The variables that a layer uses, in the order kernel, bias, gamma, beta, mean, variance. */
export function variablesOf(layer: Layer): string[] {
  switch (layer.kind) {
    case 'conv':
    case 'depthwise-conv':
    case 'dense':
      return layer.bias === undefined ? [layer.kernel] : [layer.kernel, layer.bias];
    case 'batch-norm':
      return [layer.gamma, layer.beta, layer.mean, layer.variance].filter((name) => name !== undefined);
    case 'layer-norm':
      return [layer.gamma, layer.beta].filter((name) => name !== undefined);
    case 'input':
    case 'activation':
    case 'max-pool':
    case 'average-pool':
    case 'global-average-pool':
    case 'add':
    case 'concat':
    case 'multiply':
    case 'zero-pad':
    case 'flatten':
      return [];
  }
}
