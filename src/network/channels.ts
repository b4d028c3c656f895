import type { Layer, Variable } from './network.js';

/** Channels that a layer puts out, read from the nearest variables at or below it. */
export function channelsOf(name: string, layers: ReadonlyMap<string, Layer>, variables: ReadonlyMap<string, Variable>): number {
  const layer = layers.get(name);
  if (layer === undefined) throw new Error(`no layer '${name}'`);
  const shape = (variable: string): readonly number[] => variables.get(variable)?.shape ?? [];
  switch (layer.kind) {
    case 'input':
      return 3;
    case 'conv':
      return shape(layer.kernel)[3] ?? 0;
    case 'depthwise-conv':
      return (shape(layer.kernel)[2] ?? 0) * (shape(layer.kernel)[3] ?? 0);
    case 'dense':
      return shape(layer.kernel)[1] ?? 0;
    case 'concat':
      return layer.inputs.reduce((sum, input) => sum + channelsOf(input, layers, variables), 0);
    case 'batch-norm':
      return shape(layer.mean)[0] ?? 0;
    case 'activation':
    case 'max-pool':
    case 'average-pool':
    case 'global-average-pool':
    case 'add':
    case 'multiply':
    case 'layer-norm':
    case 'zero-pad':
      return channelsOf(layer.inputs[0] ?? '', layers, variables);
    case 'flatten': {
      // The features of a flattened map depend on its side; those of a flattened pooled feature do not.
      const input = layers.get(layer.inputs[0] ?? '');
      if (input?.kind === 'global-average-pool' || input?.kind === 'dense' || input?.kind === 'flatten')
        return channelsOf(input.name, layers, variables);
      throw new Error(`the features of the flattened map '${name}' depend on the size of the image`);
    }
  }
}
