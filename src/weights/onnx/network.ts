import { basename, dirname } from 'node:path';
import { UserError, unknownName } from '../../errors.js';
import type { Layer, Network, Preprocessing } from '../../network/network.js';
import { bytesOfFile } from '../byte-source.js';
import { pixelsOf } from '../input-scale.js';
import { assignStages, type StagePatterns } from '../stages.js';
import { stageOrder, stagesByResolution } from '../stages-by-resolution.js';
import { foldZeroPadding } from '../zero-padding.js';
import { axesOf, foldConstants } from './constants.js';
import { Draft } from './draft.js';
import { externalIn, noExternal } from './external.js';
import { type OnnxGraph, type OnnxNode, readOnnxGraph } from './graph.js';
import { withImage } from './image.js';
import { readNode } from './layers.js';
import { shortNames } from './names.js';
import { foundPatterns } from './patterns.js';
import { withoutResizing } from './resizing.js';
import { vectorsMadeMaps } from './shaping.js';
import type { ExternalData } from './tensors.js';
import { withoutWeights } from './thin.js';
import { refuseNode } from './values.js';

export interface OnnxOptions {
  /** What an error calls the file. */
  readonly where: string;
  /** The tensor of the file that is the feature map, e.g. `Relu_48:0`; left out: what the last global pooling takes, else the first Flatten. */
  readonly output?: string;
  readonly name: string;
  /** Left out: the size of the images that the file itself gives, else 224. */
  readonly side?: number;
  /** What makes the graph's input of RGB bytes. A chain of it in the graph itself comes on top. */
  readonly preprocessing: Preprocessing;
  /** `preprocessing` is a guess: a graph with a chain of its own is given what {@link pixelsOf} makes of the chain's numbers. */
  readonly guessed?: boolean;
  /** The graph's input is blue, green, red; `preprocessing` is in the order red, green, blue all the same. */
  readonly bgr?: boolean;
  /** Patterns over the layers' names, total both ways; left out: one stage a resolution. */
  readonly stages?: StagePatterns;
  /** The layer's name, from the tensor that the node puts out and the new names of the layers that feed it. */
  readonly nameOf?: (node: { op: string; output: string; inputs: readonly string[] }) => string;
  /** Weights outside the file; left out: a model with such weights is refused. */
  readonly external?: ExternalData;
}

/** {@link readOnnx} of a file, with the weights that lie in files beside it. */
export async function readOnnxFile(path: string, options: Omit<OnnxOptions, 'where' | 'external'>): Promise<Network> {
  const { bytes, external } = withoutWeights(bytesOfFile(path), externalIn(dirname(path)));
  return readOnnx(bytes, { ...options, where: basename(path), external });
}

/**
 * An ONNX model of opset 7 to 21 as a neutral Network (NHWC, HWIO), up to one tensor. Understood are the operations of layers.ts, the
 * groups of patterns.ts, tensors in NCHW and NHWC with the Transposes between, and preprocessing at the input.
 * @throws UserError that names the operation and its node for anything else below `output`
 */
export function readOnnx(bytes: Uint8Array, options: OnnxOptions): Network {
  const { where } = options;
  const folded = withoutResizing(foldConstants(readOnnxGraph(bytes, where, options.external ?? noExternal)));
  const graph = { ...folded, nodes: foundPatterns(folded) };
  const output = options.output ?? featureMap(graph);
  const nodes = nodesBelow(graph.nodes, output, where);
  const draft = draftOf({ ...graph, nodes }, output, options);
  for (const node of nodes) readNode(node, draft);
  const value = draft.values.get(output);
  const last = nodes.at(-1) as OnnxNode;
  if (value?.kind !== 'map') return refuseNode(where, last, 'puts out no map', 'the output of a layer');
  if (!Number.isInteger(value.channels))
    return refuseNode(
      where,
      last,
      'puts out features whose number depends on the size of the image',
      'a map, or pooled features',
    );
  const layers = foldZeroPadding([...draft.layers.values()], value.layer, (kernel) => {
    const [height = 1, width = 1] = draft.variables.get(kernel)?.shape ?? [];
    return [height, width];
  });
  const names = layers.map((layer) => layer.name);
  const stages = options.stages === undefined ? stagesByResolution(layers) : assignStages(names, options.stages, where);
  const staged: Layer[] = layers.map((layer) => ({ ...layer, stage: stages.get(layer.name) ?? '' }));
  const network: Network = {
    name: options.name,
    preprocessing: options.guessed === true ? (graph.told ?? options.preprocessing) : options.preprocessing,
    side: options.side ?? sideOf(graph) ?? 224,
    layers: staged,
    variables: draft.variables,
    output: value.layer,
    features: value.channels,
    stages: options.stages === undefined ? stageOrder(stages) : Object.keys(options.stages),
  };
  if (draft.image === undefined) return network;
  const chained = draft.image.some(({ scale, shift }) => scale !== 1 || shift !== 0);
  const guessing = options.guessed === true && chained && graph.told === undefined;
  const preprocessing = guessing ? pixelsOf(draft.image) : network.preprocessing;
  return withImage({ ...network, preprocessing }, draft.image, options.bgr ?? false, where);
}

function draftOf(graph: OnnxGraph, output: string, options: OnnxOptions): Draft {
  const consumers = new Map([[output, 1]]);
  for (const node of graph.nodes) for (const name of new Set(node.inputs)) consumers.set(name, (consumers.get(name) ?? 0) + 1);
  const own = options.nameOf;
  const short = shortNames(own === undefined ? graph.nodes : []);
  const input = inputName(graph.input.name, options);
  const draft = new Draft(
    graph,
    consumers,
    vectorsMadeMaps(graph),
    input,
    own === undefined ? short : ({ op, output: tensor }, inputs) => own({ op, output: tensor, inputs }),
  );
  const axes = inputAxes(graph);
  const at = (letter: string) => graph.input.shape[axes.indexOf(letter)];
  const [height, width] = [at('H'), at('W')];
  draft.layers.set(input, { kind: 'input', name: input, inputs: [], stage: '' });
  draft.values.set(graph.input.name, {
    kind: 'image',
    axes,
    channels: [0, 1, 2].map((from) => ({ from, scale: 1, shift: 0 })),
    size: height === undefined || width === undefined ? undefined : [height, width],
  });
  return draft;
}

function inputName(name: string, { nameOf }: OnnxOptions): string {
  const plain = name.replace(/:\d+$/, '');
  return nameOf === undefined ? plain.replaceAll(/[^\w.-]/g, '_').slice(0, 80) : plain;
}

/** NHWC where the file says that the last axis is the colours, or turns it to the second at once; else NCHW. */
function inputAxes({ where, input, nodes }: OnnxGraph): 'NCHW' | 'NHWC' {
  const { shape } = input;
  if (shape.length !== 0 && shape.length !== 4)
    throw new UserError({
      where,
      what: `the input '${input.name.slice(0, 80)}' has ${shape.length} axes`,
      expected: '4: images',
    });
  const colours = [shape[1], shape[3]];
  if (colours[0] !== 3 && colours[1] === 3) return 'NHWC';
  const taking = nodes.find((node) => node.inputs.includes(input.name));
  if (colours[0] !== 3 && taking?.op === 'Transpose' && taking.ints('perm', []).join() === '0,3,1,2') return 'NHWC';
  if (colours[0] !== undefined && colours[0] !== 3)
    throw new UserError({ where, what: `the images of the input have ${colours[0]} channels`, expected: '3: red, green, blue' });
  return 'NCHW';
}

function sideOf(graph: OnnxGraph): number | undefined {
  return graph.input.shape[inputAxes(graph).indexOf('H')];
}

/** What the last global pooling takes, else what the first Flatten takes, else the graph's first output. */
function featureMap({ nodes, constants, outputs, where }: OnnxGraph): string {
  const output = outputs[0] ?? nodes.at(-1)?.output ?? '';
  const below = nodesBelow(nodes, output, where);
  const pooling = below.findLast((node) => {
    if (node.op === 'GlobalAveragePool' || node.op === 'GlobalMaxPool') return true;
    const axes = node.op === 'ReduceMean' ? axesOf(node, constants.get(node.inputs[1] ?? '')) : undefined;
    return axes?.length === 2;
  });
  return (pooling ?? below.find((node) => node.op === 'Flatten'))?.inputs[0] ?? output;
}

/** The nodes that the output needs, in the file's order. */
function nodesBelow(nodes: readonly OnnxNode[], output: string, where: string): OnnxNode[] {
  const outputs = nodes.map((node) => node.output);
  if (!outputs.includes(output)) throw new UserError(unknownName(output, outputs, 'tensor', where));
  const needed = new Set([output]);
  const below: OnnxNode[] = [];
  for (const node of [...nodes].reverse()) {
    if (!needed.has(node.output)) continue;
    below.push(node);
    for (const name of node.inputs) needed.add(name);
  }
  return below.reverse();
}
