import { efficientnetLite } from '../../src/backbones/families/efficientnet-lite.js';
import type { Network } from '../../src/network/network.js';

/** EfficientNet-Lite0 without its weights, all values 0, input as the published ones take it: speed does not ask what it has learned. */
export function efficientnetLite0(): Network {
  const { layers, variables, output, features } = efficientnetLite(0);
  const kept = layers.slice(0, layers.findIndex(({ name }) => name === output) + 1);
  const names = new Set(kept.map(({ name }) => name));
  return {
    name: 'efficientnet-lite0',
    preprocessing: { mean: [127, 127, 127], std: [128, 128, 128] },
    side: 224,
    layers: kept,
    variables: new Map(
      variables
        .filter(({ layer }) => names.has(layer))
        .map((variable) => [variable.name, { ...variable, values: new Float32Array(variable.shape.reduce((a, b) => a * b, 1)) }]),
    ),
    output,
    features,
    stages: ['conv1', 'conv2', 'conv3', 'conv4', 'conv5'],
  };
}
