import { type Layer, variablesOf } from '../network/network.js';

/**
 * Stages for a model that has no card: one for each resolution at which a layer with weights puts out its map, named
 * conv1 … from the input upwards. A layer without weights belongs to the stage of its resolution; where that has no weights
 * of its own (a pool that nothing follows at its size), to the stage before.
 */
export function stagesByResolution(layers: readonly Layer[]): Map<string, string> {
  const shrink = new Map<string, number>();
  for (const layer of layers) {
    const below = Math.max(1, ...layer.inputs.map((input) => shrink.get(input) ?? 1));
    shrink.set(layer.name, below * ownShrink(layer));
  }
  const weighted = layers.filter((layer) => variablesOf(layer).length > 0).map((layer) => shrink.get(layer.name) ?? 1);
  const levels = [...new Set(weighted)].sort((a, b) => a - b);
  return new Map(
    layers.map((layer) => {
      const reached = levels.filter((level) => level <= (shrink.get(layer.name) ?? 1)).length;
      return [layer.name, `conv${Math.max(1, reached)}`];
    }),
  );
}

function ownShrink(layer: Layer): number {
  switch (layer.kind) {
    case 'conv':
    case 'depthwise-conv':
    case 'max-pool':
    case 'average-pool':
      return layer.strides[0];
    case 'input':
    case 'dense':
    case 'batch-norm':
    case 'activation':
    case 'global-average-pool':
    case 'add':
    case 'concat':
    case 'multiply':
    case 'layer-norm':
    case 'zero-pad':
    case 'flatten':
      return 1;
  }
}
