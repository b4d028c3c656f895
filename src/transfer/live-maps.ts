/** Which maps of a network live at one time, on the way through it and back. */
import { foldedBatchNorms } from '../network/fold.js';
import { type ActivationName, consumerCounts, type Layer, type Network, variablesOf } from '../network/network.js';

export interface MapsOptions {
  /** Names of the variables that a gradient is wanted of. */
  readonly trained: ReadonlySet<string>;
  /** Names of the BatchNorm layers whose statistics move. */
  readonly moving: ReadonlySet<string>;
  /** Numbers that a layer makes of an image, by its name. */
  readonly numbersOf: (layer: string) => number;
  /** Whether a gradient by the input is wanted as well. */
  readonly learnsBelow: boolean;
}

/**
 * Numbers of all maps of an image that live at one time, at their most: through the network and back, layer by layer. A map lives until
 * the last layer that takes it, or until the gradient that needs it: a trained kernel's needs the input, an activation's the output, a
 * max-pool's both. BatchNorm with frozen statistics is folded, and an activation works in place.
 */
export function mapsAtPeak(network: Network, options: MapsOptions): number {
  const maps = new Maps(network, options);
  const live = new Set<string>();
  return Math.max(maps.forward(live), maps.backward(live));
}

class Maps {
  private readonly layers: readonly Layer[];
  /** By layer: the one whose map it writes into, itself where it makes one of its own. */
  private readonly owner = new Map<string, string>();
  /** The last layer that takes a map on the way through. */
  private readonly lastUse = new Map<string, number>();
  /** Whether anything at or below a layer is trained, so that its gradient is wanted. */
  private readonly wanted = new Map<string, boolean>();
  /** The lowest layer whose gradient needs a map. */
  private readonly neededFor = new Map<string, number>();
  /** Numbers of the maps inside a layer that its gradient needs, by a name of their own. */
  private readonly inside = new Map<string, number>();

  constructor(
    private readonly network: Network,
    private readonly options: MapsOptions,
  ) {
    const { trained, moving, learnsBelow } = options;
    this.layers = network.layers.slice(0, network.layers.findIndex(({ name }) => name === network.output) + 1);
    const folds = foldedBatchNorms(network, (layer) => moving.has(layer.name));
    const consumers = consumerCounts(this.layers);
    for (const [at, layer] of this.layers.entries()) {
      const inPlace = worksInPlace(layer, folds, consumers);
      this.owner.set(layer.name, inPlace ? this.ownerOf(layer.inputs[0] as string) : layer.name);
      for (const map of [...this.inputsOf(layer), this.ownerOf(layer.name)]) this.lastUse.set(map, at);
      const learns = variablesOf(layer).some((name) => trained.has(name)) || (layer.kind === 'input' && learnsBelow);
      this.wanted.set(layer.name, learns || layer.inputs.some((name) => this.wanted.get(name)));
    }
    for (const [at, layer] of this.layers.entries()) {
      const kernels = [layer, folds.get(layer.name)].flatMap((one) => (one === undefined ? [] : variablesOf(one)));
      const isTrained = kernels.some((name) => trained.has(name));
      const isWanted = layer.inputs.some((name) => this.wanted.get(name));
      for (const map of savedMaps(layer, this.inputsOf(layer), this.ownerOf(layer.name), isTrained, isWanted))
        this.neededFor.set(map, Math.min(at, this.neededFor.get(map) ?? at));
      if (!isWanted && !isTrained) continue;
      const inside = insideOf(layer.name);
      this.inside.set(inside, mapsInside(layer) * options.numbersOf(layer.name));
      this.neededFor.set(inside, at);
      this.lastUse.set(inside, at);
    }
  }

  /** The most on the way through; `live` is left with the maps that the way back needs. */
  forward(live: Set<string>): number {
    let peak = 0;
    for (const [at, layer] of this.layers.entries()) {
      live.add(this.ownerOf(layer.name));
      if (this.inside.has(insideOf(layer.name))) live.add(insideOf(layer.name));
      peak = Math.max(peak, this.total(live));
      for (const map of live) if ((this.lastUse.get(map) as number) <= at && !this.neededFor.has(map)) live.delete(map);
    }
    return peak;
  }

  /** On the way back the gradient of a layer's output and those of its inputs are there at one time, and those of open shortcuts. */
  backward(live: Set<string>): number {
    const { numbersOf } = this.options;
    const { output } = this.network;
    const gradients = new Map<string, number>([[this.ownerOf(output), numbersOf(output)]]);
    let peak = 0;
    for (const [at, layer] of [...this.layers.entries()].reverse()) {
      const own = this.ownerOf(layer.name);
      if (own !== layer.name) continue;
      for (const map of this.inputsOf(layer))
        if (this.wanted.get(map)) gradients.set(map, layer.kind === 'add' ? 0 : numbersOf(map));
      peak = Math.max(peak, this.total(live) + [...gradients.values()].reduce((sum, size) => sum + size, 0));
      if (layer.kind !== 'add') gradients.delete(own);
      for (const map of live) if ((this.neededFor.get(map) ?? this.layers.length) >= at) live.delete(map);
    }
    return peak;
  }

  private total(live: ReadonlySet<string>): number {
    return [...live].reduce((sum, map) => sum + (this.inside.get(map) ?? this.options.numbersOf(map)), 0);
  }

  private ownerOf(layer: string): string {
    return this.owner.get(layer) as string;
  }

  private inputsOf(layer: Layer): string[] {
    return layer.inputs.map((name) => this.ownerOf(name));
  }
}

function worksInPlace(layer: Layer, folds: ReadonlyMap<string, Layer>, consumers: ReadonlyMap<string, number>): boolean {
  const [input] = layer.inputs;
  if (layer.kind === 'flatten') return true;
  if (layer.kind === 'batch-norm') return folds.get(input as string) === layer;
  return layer.kind === 'activation' && BY_OUTPUT.has(layer.activation) && consumers.get(input as string) === 1;
}

/** Activations whose gradient follows from their output: nothing needs their input any more. */
const BY_OUTPUT: ReadonlySet<ActivationName> = new Set(['linear', 'relu', 'relu6', 'sigmoid', 'tanh', 'softmax']);

const insideOf = (layer: string): string => `${layer}, inside`;

/**
 * Maps, as large as its output, that a layer is worked out by and its gradient needs: TensorFlow works out on the way through whatever of
 * a gradient follows from that way alone (the σ(x)·(1 − σ(x)) of a swish, the exp(−x²/2) of a GELU) and keeps it. Fitted to peaks of
 * efficientnet_b0, mobilenet_v3_large and convnext_tiny (`make forecast`).
 */
function mapsInside(layer: Layer): number {
  if (layer.kind === 'layer-norm') return 3;
  if (layer.kind !== 'activation') return 0;
  switch (layer.activation) {
    case 'swish':
    case 'hard-swish':
      return 4;
    case 'gelu':
      return 5;
    default:
      return 0;
  }
}

/** The maps that a layer's gradients need. */
function savedMaps(
  layer: Layer,
  inputs: readonly string[],
  output: string,
  trained: boolean,
  wanted: boolean,
): readonly string[] {
  switch (layer.kind) {
    case 'conv':
    case 'depthwise-conv':
    case 'dense':
    case 'batch-norm':
      return trained ? inputs : [];
    case 'layer-norm':
      return trained || wanted ? inputs : [];
    case 'activation':
      if (!wanted && !trained) return [];
      return BY_OUTPUT.has(layer.activation) ? [output] : [...inputs, output];
    case 'multiply':
      return wanted ? inputs : [];
    case 'max-pool':
      return wanted ? [...inputs, output] : [];
    default:
      return [];
  }
}
