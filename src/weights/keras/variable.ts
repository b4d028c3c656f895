import type { NamedTensor } from '../named-tensor.js';

/** A variable of a layer as a file of Keras holds it. */
export interface KerasVariable {
  /** Names from the outermost: of the models around the layer, then its own. */
  readonly path: readonly string[];
  /** `kernel`, `bias`, `gamma`, `beta`, `moving_mean`, `moving_variance`; `pointwise_kernel`, and `mean`, `variance` of a Normalization. */
  readonly variable: string;
  readonly tensor: NamedTensor;
}

/** The variables of one layer by their names. */
export type LayerTensors = ReadonlyMap<string, NamedTensor>;

/** What Keras 1 called variables at the end of one name: `block1_conv1_W_1:0`. Its standard deviations are variances. */
const KERAS_1 = new Map([
  ['W', 'kernel'],
  ['b', 'bias'],
  ['gamma', 'gamma'],
  ['beta', 'beta'],
  ['running_mean', 'moving_mean'],
  ['running_std', 'moving_variance'],
]);

/**
 * A variable by the last part of the name that Keras 1, 2 or 3 gave it. One without a name (`Variable:0`, `variable`) is what
 * ConvNeXt's LayerScale multiplies by.
 */
export function variableName(last: string): string {
  const name = last.replace(/:\d+$/, '');
  const [, old] = /_(W|b|gamma|beta|running_mean|running_std)(_\d+)?$/.exec(name) ?? [];
  if (old !== undefined) return KERAS_1.get(old) ?? name;
  if (/^variable(_\d+)?$/i.test(name)) return 'gamma';
  return name === 'depthwise_kernel' ? 'kernel' : name;
}

/**
 * Finds the variables of a layer of a configuration: by the names of the models around it and its own. A legacy `.h5` leaves some of those
 * out: then by the outermost and its own, or by the outermost alone.
 */
export function variablesByLayer(
  variables: readonly KerasVariable[],
): (layer: { readonly name: string; readonly path?: readonly string[] }) => LayerTensors {
  const byPath = new Map<string, Map<string, NamedTensor>>();
  const byEnds = new Map<string, string>();
  const ends = (path: readonly string[]): string => `${path[0]}\n\n${path.at(-1)}`;
  for (const { path, variable, tensor } of variables) {
    const key = path.join('\n');
    byPath.set(key, (byPath.get(key) ?? new Map()).set(variable, tensor));
    const other = byEnds.get(ends(path));
    byEnds.set(ends(path), other === undefined || other === key ? key : '');
  }
  return ({ name, path = [name] }) =>
    byPath.get(path.join('\n')) ?? byPath.get(byEnds.get(ends(path)) ?? '') ?? byPath.get(path[0] ?? '') ?? new Map();
}
