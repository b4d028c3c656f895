import { access } from 'node:fs/promises';
import { UserError } from '../../errors.js';
import type { KerasTopology } from '../keras/model.js';
import { bytesOf, describeGroup, missingFiles, readGroup, type WeightEntry, type WeightGroup } from './manifest.js';

/** Weights as tfjs's reader takes them: entries named `layer/weight`, and their bytes one after the other. */
export interface WeightData {
  weightSpecs: WeightEntry[];
  weightData: ArrayBuffer;
}

/**
 * Reads the weights that a topology needs, and no file besides: groups above a cut may be missing. A group that is needed
 * and missing is an error that names its files, the weights in it, and the last layer that does without.
 */
export async function readNeededWeights(
  folder: string,
  topology: KerasTopology,
  groups: readonly WeightGroup[],
): Promise<WeightData> {
  const names = new Set(topology.layers.map((layer) => layer.name));
  const depthwise = new Set(topology.layers.filter((layer) => layer.className === 'DepthwiseConv2D').map((layer) => layer.name));
  const exists = (path: string): Promise<boolean> =>
    access(path).then(
      () => true,
      () => false,
    );
  const needed = groups.filter((group) => group.weights.some((weight) => layerOf(weight.name, names) !== undefined));
  const missing = new Map<WeightGroup, string[]>();
  for (const group of needed) {
    const files = await missingFiles(folder, group, exists);
    if (files.length > 0) missing.set(group, files);
  }
  if (missing.size > 0) throw missingGroups(folder, topology, groups, missing);
  const weightSpecs: WeightEntry[] = [];
  const chunks: Buffer[] = [];
  for (const group of needed) {
    let at = 0;
    const bytes = await readGroup(folder, group);
    for (const weight of group.weights) {
      const next = at + bytesOf(weight, folder);
      const layer = layerOf(weight.name, names);
      if (layer !== undefined) {
        weightSpecs.push({ ...weight, name: `${layer}/${tfjsWeight(lastPart(weight.name), depthwise.has(layer))}` });
        chunks.push(bytes.subarray(at, next));
      }
      at = next;
    }
  }
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return { weightSpecs, weightData: whole.buffer };
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

/** Keras 3 calls the kernel of a depthwise convolution plainly `kernel`. */
function tfjsWeight(name: string, depthwise: boolean): string {
  return depthwise && name === 'kernel' ? 'depthwise_kernel' : name;
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1).replace(/:0$/, '');
}
