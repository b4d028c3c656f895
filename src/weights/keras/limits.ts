import { type Fault, UserError } from '../../errors.js';
import { activationOf, activations } from './activation.js';
import { readable } from './layer.js';
import type { KerasLayer, KerasTopology } from './model.js';

/** Kinds of layers that can be read, as their class names. */
const known: ReadonlySet<string> = new Set(readable.map((entry) => entry.split(' ')[0] ?? ''));
/** Read as arithmetic on the way from an image's bytes to the network, and in MobileNetV3's hard sigmoid. */
const OPERATIONS: ReadonlySet<string> = new Set(['Add', 'Subtract', 'Multiply', 'Divide', 'TrueDivide']);

/** Refuses, all at once, the layers of a topology that cannot be read, and settings that would make another function of one. */
export function refuseUnreadable(topology: KerasTopology, where: string): void {
  const [first, ...rest] = topology.layers.flatMap((layer): Fault[] => {
    const at = `${where}: ${layer.name}`;
    if (layer.constant === undefined ? !known.has(layer.className) : !OPERATIONS.has(layer.className)) {
      return [
        { where: at, what: `a ${layer.className} is a kind of layer that ft does not read`, expected: readable.join(', ') },
      ];
    }
    return wrongSettings(layer, topology.version).map(([setting, expected]) => ({
      where: at,
      what: `the ${layer.className} has ${setting} ${JSON.stringify(layer.config[setting])}`,
      expected,
    }));
  });
  if (first !== undefined) throw new UserError(first, ...rest);
}

function wrongSettings({ className, config }: KerasLayer, version?: string): [setting: string, expected: string][] {
  const wrong: [string, string][] = [];
  const only = (setting: string, plain: unknown): void => {
    const value = config[setting];
    if (value !== undefined && value !== null && value !== plain) wrong.push([setting, String(plain)]);
  };
  only('data_format', 'channels_last');
  // Quantised layers hold integers and their scales in other variables.
  if (className !== 'InputLayer' && /int|float8|gptq|awq/.test(String(config.dtype)))
    wrong.push(['dtype', 'a floating-point type']);
  if (config.activation !== undefined && config.activation !== null && activationOf(config.activation, version) === undefined) {
    const reason =
      config.activation === 'hard_sigmoid' ? `that of Keras 3 (this is ${version ?? 'unknown'})` : activations.join(', ');
    wrong.push(['activation', reason]);
  }
  if (className === 'ReLU') {
    only('negative_slope', 0);
    only('threshold', 0);
    only('max_value', 6);
  }
  if (className === 'ELU') only('alpha', 1);
  if (className === 'LeakyReLU' && !Number.isFinite(Number(config.negative_slope ?? config.alpha ?? 0)))
    wrong.push([config.negative_slope === undefined ? 'alpha' : 'negative_slope', 'a number']);
  if (className === 'LayerNormalization') only('rms_scaling', false);
  if (className === 'Normalization') only('invert', false);
  if (className === 'BatchNormalization') only('renorm', false);
  if ('padding' in config && className !== 'ZeroPadding2D' && config.padding !== 'same' && config.padding !== 'valid')
    wrong.push(['padding', 'same or valid']);
  return wrong;
}
