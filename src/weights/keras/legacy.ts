import { UserError } from '../../errors.js';
import { shown } from '../pytorch/bytes.js';
import type { Hdf5Dataset, Hdf5Tree } from './hdf5.js';
import { type KerasVariable, variableName } from './variable.js';

/** Where a full model has its weights; a file of weights alone has them at the root. */
const WEIGHTS = 'model_weights';

/** Whether a file is laid out as Keras 1 and 2 wrote `.h5` files, and Keras 3 does on demand. */
export function isLegacy({ attributes }: Hdf5Tree): boolean {
  return [WEIGHTS, ''].some((path) => list(attributes[path], 'layer_names') !== undefined);
}

/**
 * The variables of a legacy `.h5` file: the attribute `layer_names` lists its groups, `weight_names` of each the datasets in it. Those of a
 * model within the model lie in one group, with the name of their layer before their own.
 * @throws UserError where a list names what the file does not hold
 */
export function legacyVariables(tree: Hdf5Tree, where: string): KerasVariable[] {
  const root = list(tree.attributes[WEIGHTS], 'layer_names') === undefined ? '' : `${WEIGHTS}/`;
  const datasets = new Map(tree.tensors.map((tensor) => [tensor.path, tensor]));
  const layers = list(tree.attributes[root.slice(0, -1)], 'layer_names') ?? [];
  return layers.flatMap((layer) => {
    const names = list(tree.attributes[`${root}${layer}`], 'weight_names') ?? [];
    const owners = ownersOf(layer, names);
    return names.flatMap((name, at): KerasVariable[] => {
      const dataset = datasets.get(`${root}${layer}/${name}`.replaceAll(/\/+/g, '/'));
      const variable = variableName(name.split('/').at(-1) ?? '');
      if (variable === 'count') return [];
      if (dataset === undefined) {
        throw new UserError({
          where: `${where}: ${shown(layer)}`,
          what: `the file lists the weight ${shown(name)} and does not hold it as numbers`,
          mend: 'fetch or save the file again',
        });
      }
      return [{ path: [layer, ...(owners[at] ?? [])], variable, tensor: tensorOf(dataset) }];
    });
  });
}

/**
 * The models within `layer` and the layer that each weight belongs to; none for those of a plain layer. Keras 3 writes the group's own name
 * before them where it is a Sequential. Where it does not, and all weights have one owner, that may be any scope of TensorFlow's and says nothing.
 */
function ownersOf(layer: string, names: readonly string[]): string[][] {
  const own = `${layer}/`;
  const said = names.map((name) => name.startsWith(own));
  const inner = names.map((name, at) => (said[at] === true ? name.slice(own.length) : name).split('/').slice(0, -1));
  const guessed = new Set(inner.filter((_, at) => said[at] === false).map((parts) => parts.join('/')));
  return inner.map((parts, at) => (said[at] === true || guessed.size > 1 ? parts : []));
}

/** A list of names; Keras cuts one that is too long for an attribute into `NAME0`, `NAME1`, … */
function list(attributes: Hdf5Tree['attributes'][string] | undefined, name: string): string[] | undefined {
  if (attributes === undefined) return undefined;
  const whole = attributes[name];
  if (whole !== undefined) return typeof whole === 'string' ? [whole] : [...whole];
  const parts: string[] = [];
  for (let at = 0; attributes[`${name}${at}`] !== undefined; at++) parts.push(...(attributes[`${name}${at}`] as string[]));
  return attributes[`${name}0`] === undefined ? undefined : parts;
}

/** A tensor over a dataset that has been read. */
export function tensorOf({ shape, values }: Hdf5Dataset): KerasVariable['tensor'] {
  return { shape, values: () => values };
}
