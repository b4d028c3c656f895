import type { Layer, Network, Variable, VariableRole } from '../../src/network/network.js';
import { u } from '../train/formula.js';

/** A layer without its stage, and shapes of its variables in the place of their names. */
export type Sketch = Record<string, unknown> & { name: string; kind: Layer['kind']; inputs?: string[] };

const ROLES: readonly VariableRole[] = ['kernel', 'bias', 'gamma', 'beta', 'mean', 'variance'];
export const unit = { strides: [1, 1], dilations: [1, 1], padding: 'valid' } as const;

/** A chain of layers (each takes the one before it, where it does not say) with values of the formula. */
export function network(sketches: readonly Sketch[], features: number): Network {
  const variables = new Map<string, Variable>();
  const layers: Layer[] = [{ kind: 'input', name: 'input', inputs: [], stage: 'conv1' }];
  for (const sketch of sketches) {
    const fields: Record<string, unknown> = { inputs: [layers.at(-1)?.name], ...sketch, stage: 'conv1' };
    for (const role of ROLES) {
      const shape = sketch[role] as number[] | undefined;
      if (shape === undefined) continue;
      const name = `${sketch.name}/${role}`;
      const values = Float32Array.from(
        u(
          name,
          shape.reduce((a, b) => a * b, 1),
        ),
        (value) => value + (role === 'variance' ? 1 : 0.1),
      );
      variables.set(name, { name, layer: sketch.name, role, shape, values });
      fields[role] = name;
    }
    layers.push(fields as unknown as Layer);
  }
  return {
    name: 'made',
    preprocessing: { mean: [120, 110, 100], std: [60, 50, 40] },
    side: 16,
    layers,
    variables,
    output: layers.at(-1)?.name ?? '',
    features,
    stages: ['conv1'],
  };
}
