import type { Layer, Network } from './network.js';
import { outputShapes } from './shapes.js';

/**
 * Multiply-adds of each layer for one image of `side` pixels, by name: places × window × channels in × channels out of a
 * convolution (depthwise: × multiplier alone), in × out of a dense layer. All else (BatchNorm, activations, pooling) counts nothing: it is
 * memory traffic and not arithmetic.
 */
export function multiplyAdds(network: Network, side: number): Map<string, number> {
  const shapes = outputShapes(network, side);
  const size = (shape: readonly number[]) => shape.reduce((product, extent) => product * extent, 1);
  const of = (layer: Layer): number => {
    switch (layer.kind) {
      case 'conv':
      case 'depthwise-conv': {
        const kernel = network.variables.get(layer.kernel)?.shape ?? [];
        const [height = 0, width = 0] = shapes.get(layer.name) ?? [];
        return height * width * size(kernel);
      }
      case 'dense':
        return size(network.variables.get(layer.kernel)?.shape ?? []);
      default:
        return 0;
    }
  };
  return new Map(network.layers.map((layer) => [layer.name, of(layer)]));
}
