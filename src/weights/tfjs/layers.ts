import { nearestName, UserError } from '../../errors.js';
import type { Layer, Network, Preprocessing, Variable, VariableRole } from '../../network/network.js';
import { tf } from '../../runtime/tensorflow.js';
import { channelsOf } from '../channels.js';
import { neutralLayers, roleOf } from '../keras/layer.js';
import { refuseUnreadable } from '../keras/limits.js';
import { cutTopology, type KerasTopology, readTopology, topologyJson } from '../keras/topology.js';
import { assignStages, type StagePatterns } from '../stages.js';
import { stagesByResolution } from '../stages-by-resolution.js';
import { foldZeroPadding } from '../zero-padding.js';
import { readModelFile } from './manifest.js';
import { readNeededWeights } from './needed.js';

export interface TfjsLayersOptions {
  name: string;
  side: number;
  preprocessing: Preprocessing;
  /** Patterns over the layer names of the file, total both ways up to `output`; left out: one stage a resolution. */
  stages?: StagePatterns;
  /** The layer whose output is the feature map when nothing is cut; left out: what the global pooling takes, else the last. */
  output?: string;
  /** Cut here, below `output`: what lies above is not looked at, and its weights may be missing. */
  upTo?: string;
}

type KerasModel = Awaited<ReturnType<typeof tf.loadLayersModel>>;

/**
 * Reads the folder of a tfjs layers model (`model.json` and its weight files) into a Network, through tfjs's own readers:
 * the topology is cut first, `tf.loadLayersModel` builds it and decodes its weights (quantised ones too), and what it built
 * is read layer by layer. Zero-padding layers become the explicit padding of the windows after them; layers that do nothing
 * at inference are left out. No tensor stays behind.
 */
export async function readTfjsLayers(folder: string, options: TfjsLayersOptions): Promise<Network> {
  const where = folder;
  const file = await readModelFile(folder);
  const whole = readTopology(file.topology, where);
  const full = cutTopology(whole, layerBehind(options.output ?? featureMap(whole), whole), where);
  const stages =
    options.stages === undefined
      ? undefined
      : assignStages(
          full.layers.map((layer) => layer.name),
          options.stages,
          where,
        );
  const topology = options.upTo === undefined ? full : cutTopology(full, cutLayer(options.upTo, full, stages, where), where);
  refuseUnreadable(topology, where);
  const weights = await readNeededWeights(folder, topology, file.groups);
  const model = await load(topology, weights, where);
  try {
    return toNetwork(model, topology, stages, options, where);
  } finally {
    model.dispose();
  }
}

/** The layer before the last global pooling or flattening on the way to the output; without one, the output itself. */
function featureMap(topology: KerasTopology): string {
  const pooling = topology.layers.findLast(
    (layer) => layer.className === 'GlobalAveragePooling2D' || layer.className === 'Flatten',
  );
  return pooling?.inputs[0] ?? topology.outputs[0] ?? '';
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

async function load(
  topology: KerasTopology,
  weights: Awaited<ReturnType<typeof readNeededWeights>>,
  where: string,
): Promise<KerasModel> {
  const artifacts = { modelTopology: topologyJson(topology), format: 'layers-model', ...weights };
  try {
    return await tf.loadLayersModel({ load: async () => artifacts as never });
  } catch (error) {
    throw new UserError({
      where,
      what: 'tfjs cannot load this model',
      found: error instanceof Error ? error.message : String(error),
    });
  }
}

function toNetwork(
  model: KerasModel,
  topology: KerasTopology,
  stages: Map<string, string> | undefined,
  options: TfjsLayersOptions,
  where: string,
): Network {
  const taken = new Set(topology.layers.map((layer) => layer.name));
  /** The neutral layer that carries the output of a Keras layer. */
  const carrier = new Map<string, string>();
  const layers: Layer[] = [];
  const variables = new Map<string, Variable>();
  for (const { name, className, inputs } of topology.layers) {
    const built = model.getLayer(name);
    const found = readVariables(built, name);
    for (const variable of found) variables.set(variable.name, variable);
    const feeders = inputs.map((input) => carrier.get(input) ?? '');
    if (className === 'Reshape') {
      carrier.set(name, reshaped(built.getConfig().targetShape, name, feeders, layers, stages?.get(name) ?? '', where));
      continue;
    }
    const roles = new Set<VariableRole>(found.map((variable) => variable.role));
    const made = neutralLayers(
      { name, className, config: built.getConfig(), inputs: feeders, roles, stage: stages?.get(name) ?? '' },
      where,
      taken,
    );
    layers.push(...made);
    carrier.set(name, made.at(-1)?.name ?? feeders[0] ?? '');
  }
  const output = carrier.get(topology.outputs[0] ?? '') ?? '';
  const folded = foldZeroPadding(layers, output, (kernel) => {
    const [height = 1, width = 1] = variables.get(kernel)?.shape ?? [];
    return [height, width];
  });
  const byResolution = stages === undefined ? stagesByResolution(folded) : undefined;
  const staged =
    byResolution === undefined ? folded : folded.map((layer) => ({ ...layer, stage: byResolution.get(layer.name) ?? '' }));
  const order = options.stages === undefined ? [...new Set(staged.map((layer) => layer.stage))] : Object.keys(options.stages);
  return {
    name: options.name,
    preprocessing: options.preprocessing,
    side: options.side,
    layers: staged,
    variables,
    output,
    features: channelsOf(output, new Map(staged.map((layer) => [layer.name, layer])), variables),
    stages: order.filter((stage) => staged.some((layer) => layer.stage === stage)),
  };
}

function readVariables(layer: ReturnType<KerasModel['getLayer']>, name: string): Variable[] {
  return layer.weights.flatMap((weight): Variable[] => {
    const role = roleOf(weight.originalName);
    if (role === undefined) return [];
    // dataSync may give a view that tfjs owns: the network keeps a copy.
    return [
      {
        name: `${name}/${role}`,
        layer: name,
        role,
        shape: weight.read().shape.slice(),
        values: Float32Array.from(weight.read().dataSync()),
      },
    ];
  });
}

/**
 * Two uses of Reshape mean something here: pooled features as a 1 × 1 map (the pool then keeps its dimensions) and a map of
 * one place as features (flatten).
 */
function reshaped(target: unknown, name: string, inputs: string[], layers: Layer[], stage: string, where: string): string {
  const shape = Array.isArray(target) ? target.map(Number) : [];
  const at = layers.findIndex((layer) => layer.name === inputs[0]);
  const input = layers[at];
  if (shape.length === 3 && shape[0] === 1 && shape[1] === 1 && input?.kind === 'global-average-pool') {
    layers[at] = { ...input, keepDims: true };
    return input.name;
  }
  if (shape.length === 1) {
    layers.push({ kind: 'flatten', name, inputs, stage });
    return name;
  }
  throw new UserError({
    where: `${where}: ${name}`,
    what: `a Reshape to [${shape.join(', ')}] is not one that ft reads`,
    expected: 'pooled features to [1, 1, channels], or a map to [numbers]',
  });
}
