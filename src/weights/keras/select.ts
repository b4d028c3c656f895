import { nearestName, UserError } from '../../errors.js';
import { assignStages, type StagePatterns } from '../stages.js';
import type { KerasLayer, KerasTopology } from './model.js';
import { cutTopology } from './topology.js';

export interface Selection {
  /** Patterns over the layer names of the file, total both ways up to `output`; left out: one stage a resolution. */
  stages?: StagePatterns;
  /** The layer whose output is the feature map when nothing is cut; left out: what the global pooling takes, else the last. */
  output?: string;
  /** Cut here, below `output`: what lies above is not looked at, and its weights may be missing. */
  upTo?: string;
}

/** The part of a model that is wanted, and the stage of each of its layers where patterns say it. */
export interface Selected {
  readonly topology: KerasTopology;
  readonly stages?: ReadonlyMap<string, string>;
}

/** @throws UserError for a layer that is not there, with the nearest one, and for patterns that are not total */
export function select(whole: KerasTopology, { output, upTo, stages: patterns }: Selection, where: string): Selected {
  const full = cutTopology(whole, layerBehind(output ?? featureMap(whole), whole), where);
  const names = full.layers.map((layer) => layer.name);
  const stages = patterns === undefined ? undefined : assignStages(names, patterns, where);
  const topology = upTo === undefined ? full : cutTopology(full, cutLayer(upTo, full, stages, where), where);
  return { topology, ...(stages === undefined ? {} : { stages }) };
}

/**
 * What the first global pooling or flattening takes of those that the whole model goes through on the way to its output; without one, the
 * output itself. A pooling that has a way around it (squeeze-and-excitation) does not count.
 */
function featureMap(topology: KerasTopology): string {
  const layers = new Map(topology.layers.map((layer) => [layer.name, layer]));
  const output = topology.outputs[0] ?? '';
  let map = output;
  for (let at = layers.get(output); at?.inputs.length === 1; at = layers.get(at.inputs[0] ?? ''))
    if (at.className === 'GlobalAveragePooling2D' || at.className === 'Flatten') map = at.inputs[0] ?? '';
  const pool = layers.get(map);
  return pool !== undefined && map !== output && poolsWholeMap(pool) ? (pool.inputs[0] ?? '') : map;
}

/** A window as large as maps are at the end is a global pooling of older models: at another size of image nothing would be left of it. */
function poolsWholeMap({ className, config }: KerasLayer): boolean {
  const [window = 0] = [config.pool_size].flat().map(Number);
  return className === 'AveragePooling2D' && config.padding !== 'same' && window >= 6;
}

/** A name that ft gave to an activation written inside a layer leads back to that layer. */
function layerBehind(name: string, topology: KerasTopology): string {
  if (topology.layers.some((layer) => layer.name === name)) return name;
  return topology.layers.find((layer) => name === `${layer.name}_${String(layer.config.activation)}`)?.name ?? name;
}

/** The layer to cut at. A miss shows the last layer of each stage, not all of the hundred. */
function cutLayer(name: string, topology: KerasTopology, stages: Map<string, string> | undefined, where: string): string {
  const layer = layerBehind(name, topology);
  const names = topology.layers.map((candidate) => candidate.name);
  if (names.includes(layer)) return layer;
  const lasts = [...new Map(names.map((candidate) => [stages?.get(candidate) ?? candidate, candidate])).values()];
  const shown = `${stages === undefined ? 'among them' : 'the last of each stage'}: ${lasts.slice(0, 20).join(', ')}`;
  const near = nearestName(name, names);
  throw new UserError({
    where,
    what: `there is no layer '${name}' to cut at`,
    expected: `one of the ${names.length} layers up to '${names.at(-1) ?? ''}'; ${shown}`,
    ...(near === undefined ? {} : { mend: `did you mean '${near}'?` }),
  });
}
