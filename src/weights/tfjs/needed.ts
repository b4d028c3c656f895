import { UserError } from '../../errors.js';
import type { KerasTopology } from '../keras/model.js';
import { type LayerTensors, variableName } from '../keras/variable.js';
import type { NamedTensor } from '../named-tensor.js';
import { describeGroup, groupTensors, missingFiles, type WeightGroup } from './manifest.js';

/**
 * The weights that a topology needs, by layer and variable, and no file besides: groups above a cut may be missing. A group that is needed
 * and missing is an error that names its files, the weights in it, and the last layer that does without.
 */
export function neededWeights(
  folder: string,
  topology: KerasTopology,
  groups: readonly WeightGroup[],
): ReadonlyMap<string, LayerTensors> {
  const names = new Set(topology.layers.map((layer) => layer.name));
  const isNeeded = (weight: string): boolean => layerOf(weight, names) !== undefined;
  const needed = groups.filter((group) => group.weights.some((weight) => isNeeded(weight.name)));
  const missing = new Map<WeightGroup, string[]>();
  for (const group of needed) {
    const files = missingFiles(folder, group);
    if (files.length > 0) missing.set(group, files);
  }
  if (missing.size > 0) throw missingGroups(folder, topology, groups, missing);
  const layers = new Map<string, Map<string, NamedTensor>>();
  for (const group of needed)
    for (const [name, tensor] of groupTensors(folder, group, isNeeded)) {
      const layer = layerOf(name, names) as string;
      layers.set(layer, (layers.get(layer) ?? new Map()).set(variableName(lastPart(name)), tensor));
    }
  return layers;
}

/**
 * The layer that a weight belongs to, by the longest run of parts in its name that is one: `conv1/kernel`, and with the
 * scopes that some converters leave around it, `model/conv1/kernel` or `conv1/cell/kernel`.
 */
export function layerOf(weight: string, layers: ReadonlySet<string>): string | undefined {
  const parts = weight.split('/').slice(0, -1);
  for (let length = parts.length; length > 0; length--) {
    for (let from = 0; from + length <= parts.length; from++) {
      const name = parts.slice(from, from + length).join('/');
      if (layers.has(name)) return name;
    }
  }
  return undefined;
}

function missingGroups(
  folder: string,
  topology: KerasTopology,
  groups: readonly WeightGroup[],
  missing: ReadonlyMap<WeightGroup, string[]>,
): UserError {
  const names = new Set(topology.layers.map((layer) => layer.name));
  const without = new Set([...missing.keys()].flatMap((group) => group.weights.map((weight) => layerOf(weight.name, names))));
  // In topological order a layer is cut off when it, or a layer below it, lacks its weights.
  const cut = new Set<string>();
  for (const layer of topology.layers) {
    if (without.has(layer.name) || layer.inputs.some((input) => cut.has(input))) cut.add(layer.name);
  }
  const usable = topology.layers.filter((layer) => !cut.has(layer.name) && layer.className !== 'InputLayer').at(-1);
  const cutting = usable === undefined ? '' : `, or cut the network below it (backbone.upTo: ${usable.name}, or one below)`;
  const [first, ...rest] = [...missing].map(([group, files]) => ({
    where: folder,
    what: `weight group ${groups.indexOf(group) + 1} of ${groups.length} is missing: ${files.join(', ')}`,
    found: `no such file; the group holds ${describeGroup(group)}`,
    mend: `put ${files.join(', ')} there${cutting}`,
  }));
  if (first === undefined) throw new Error('no group is missing');
  return new UserError(first, ...rest);
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1).replace(/:0$/, '');
}
