import { efficientnetLite } from '../../src/backbones/families/efficientnet-lite.js';
import { featureLayers, featureVariables } from '../../src/backbones/topology.js';
import type { Network } from '../../src/network/network.js';

/** EfficientNet-Lite0 without its weights, all values 0, input as the published ones take it: speed does not ask what it has learned. */
export function efficientnetLite0(): Network {
  const topology = efficientnetLite(0);
  return {
    name: 'efficientnet-lite0',
    preprocessing: { mean: [127, 127, 127], std: [128, 128, 128] },
    side: 224,
    layers: featureLayers(topology),
    variables: new Map(
      featureVariables(topology).map((variable) => [
        variable.name,
        { ...variable, values: new Float32Array(variable.shape.reduce((a, b) => a * b, 1)) },
      ]),
    ),
    output: topology.output,
    features: topology.features,
    stages: ['conv1', 'conv2', 'conv3', 'conv4', 'conv5'],
  };
}
