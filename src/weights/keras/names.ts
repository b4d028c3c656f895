import { UserError } from '../../errors.js';
import type { NamedTensor, NamedTensors } from '../named-tensor.js';
import { shown } from '../pytorch/bytes.js';
import type { KerasVariable } from './variable.js';

/** Layers with variables that Keras names itself where no one does: by their class and a counter of the process. */
const COUNTED =
  /^(conv2d|depthwise_conv2d|separable_conv2d|dense|batch_normalization|layer_normalization|normalization|layer_scale)(?:_(\d+))?$/;

/**
 * The variables as `LAYER/VARIABLE`. A layer within a model has the name of the model before it (`MODEL_LAYER`) only where two layers
 * would share a name; the slashes of Keras 2 within a name (`conv1/bn`) become underscores, as Keras 3 has it; layers that
 * Keras named itself are counted from 0 (`conv2d`, `conv2d_1`, …) in the order in which they were made.
 * @throws UserError where two variables have one name
 */
export function canonicalTensors(variables: readonly KerasVariable[], where: string): NamedTensors {
  const paths = new Map(variables.map(({ path }) => [path.join('\n'), path]));
  const leaves = new Map<string, number>();
  for (const path of paths.values()) leaves.set(path.at(-1) as string, (leaves.get(path.at(-1) as string) ?? 0) + 1);
  const plain = ({ path }: KerasVariable): string => {
    const leaf = path.at(-1) as string;
    return ((leaves.get(leaf) ?? 0) > 1 ? path.join('_') : leaf).replaceAll('/', '_');
  };
  const counted = recounted(new Set(variables.map(plain)));
  const result = new Map<string, NamedTensor>();
  for (const one of variables) {
    const layer = plain(one);
    const name = `${counted.get(layer) ?? layer}/${one.variable}`;
    if (result.has(name)) throw new UserError({ where, what: `the file has two variables ${shown(name)}` });
    result.set(name, one.tensor);
  }
  return result;
}

/** The new name of each layer that has one. */
function recounted(names: ReadonlySet<string>): Map<string, string> {
  const byKind = new Map<string, { name: string; count: number }[]>();
  for (const name of names) {
    const [, kind, count] = COUNTED.exec(name) ?? [];
    if (kind !== undefined) byKind.set(kind, [...(byKind.get(kind) ?? []), { name, count: Number(count ?? 0) }]);
  }
  const result = new Map<string, string>();
  for (const [kind, layers] of byKind)
    for (const [at, { name }] of layers.sort((a, b) => a.count - b.count).entries())
      result.set(name, at === 0 ? kind : `${kind}_${at}`);
  return result;
}
