import { type Layer, variablesOf } from '../network/network.js';

const STAGE = 'stage';

/**
 * Stages for a network that neither a family nor a card gives its own: one for each resolution at which a layer with weights puts out its
 * map, named stage1 … from the input upwards. (conv1 … conv5 are those of papers, and only families and cards know them.) A layer without weights belongs to the stage of its resolution; where that has no weights
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
      return [layer.name, `${STAGE}${Math.max(1, reached)}`];
    }),
  );
}

/** The stages in order, each once: stage2 before stage10. */
export function stageOrder(stages: ReadonlyMap<string, string>): string[] {
  const number = (stage: string): number => Number(stage.slice(STAGE.length));
  return [...new Set(stages.values())].sort((a, b) => number(a) - number(b));
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
