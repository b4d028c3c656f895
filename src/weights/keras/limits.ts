import { type Fault, UserError } from '../../errors.js';
import { activations, readable } from './layer.js';
import type { KerasLayer, KerasTopology } from './topology.js';

/** Kinds of layers that can be read, as their class names. */
const known: ReadonlySet<string> = new Set([...readable.map((entry) => entry.split(' ')[0] ?? ''), 'SpatialDropout2D']);

/**
 * Refuses, all at once, the layers of a topology that cannot be read. Some settings are here because tfjs passes over them
 * in silence, so that what it builds is another network: groups of a convolution, a leaky or shifted ReLU.
 */
export function refuseUnreadable(topology: KerasTopology, where: string): void {
  const [first, ...rest] = topology.layers.flatMap((layer): Fault[] => {
    const at = `${where}: ${layer.name}`;
    if (!known.has(layer.className)) {
      return [
        { where: at, what: `a ${layer.className} is a kind of layer that ft does not read`, expected: readable.join(', ') },
      ];
    }
    return wrongSettings(layer).map(([setting, expected]) => ({
      where: at,
      what: `the ${layer.className} has ${setting} ${JSON.stringify(layer.config[setting])}`,
      expected,
    }));
  });
  if (first !== undefined) throw new UserError(first, ...rest);
}

function wrongSettings({ className, config }: KerasLayer): [setting: string, expected: string][] {
  const differs = (setting: string, plain: unknown): boolean => {
    const value = config[setting];
    return value !== undefined && value !== null && value !== plain;
  };
  const wrong: [string, string][] = [];
  if (differs('data_format', 'channels_last')) wrong.push(['data_format', 'channels_last']);
  if (typeof config.activation === 'string' && !activations.has(config.activation))
    wrong.push(['activation', [...activations].join(', ')]);
  if (className === 'Conv2D' && differs('groups', 1)) wrong.push(['groups', '1']);
  if (className === 'ReLU' && differs('negative_slope', 0)) wrong.push(['negative_slope', '0']);
  if (className === 'ReLU' && differs('threshold', 0)) wrong.push(['threshold', '0']);
  if (className === 'GlobalAveragePooling2D' && differs('keepdims', false)) wrong.push(['keepdims', 'false']);
  return wrong;
}
