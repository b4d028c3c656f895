import { UserError } from '../../errors.js';
import type { Layer, Network, Preprocessing, Variable } from '../../network/network.js';
import { DT } from '../../runtime/graph/proto.js';
import { BYTES, pixelsOf } from '../input-scale.js';
import { assignStages, type StagePatterns } from '../stages.js';
import { stageOrder, stagesByResolution } from '../stages-by-resolution.js';
import { foldZeroPadding } from '../zero-padding.js';
import { factsOf } from './facts.js';
import { type GraphNode, intsOf, numberOf, refuseNode, type TensorflowGraph } from './graph.js';
import { matchNode } from './match.js';
import { shortNames } from './names.js';
import { nodesBelow } from './order.js';
import { featureMap } from './output.js';
import type { Affine, Facts, Pattern, Site } from './pattern.js';
import { withoutResizing } from './resizing.js';
import { GraphView } from './view.js';

/** How the networks of TensorFlow's formats are read. */
export interface GraphOptions {
  readonly name: string;
  /** The side in pixels that the weights were trained at; left out: the one that the graph's placeholder is made for. */
  readonly side?: number;
  /** What is taken where neither says it; left out: such a graph is refused. */
  readonly usualSide?: number;
  /** Of a graph that does not preprocess by itself. */
  readonly preprocessing: Preprocessing;
  /** Of a graph that preprocesses by itself: what turns RGB bytes into what it takes; left out: what {@link pixelsOf} makes of its numbers. */
  readonly pixels?: Preprocessing;
  /** The node whose output is the feature map; left out: what the last global pooling takes. */
  readonly output?: string;
  /** Patterns over the layers' names, total both ways; left out: one stage a resolution. */
  readonly stages?: StagePatterns;
}

/**
 * A TensorFlow graph (NHWC, HWIO) as a neutral Network, up to one node. Constants and variables become the layers'
 * variables (`LAYER/kernel`, `LAYER/bias`, …); arithmetic by constants on the pixels becomes the preprocessing; what does
 * nothing at inference is left out.
 * @throws UserError that names the operation and the node, for everything below the output that a Network cannot say
 */
export function graphNetwork(read: TensorflowGraph, options: GraphOptions, where: string): Network {
  const graph = withoutResizing(read);
  const output = featureMap(graph, options.output, where);
  const view = new GraphView(graph, nodesBelow(graph, [output], where), output, where);
  const patterns = patternsBelow(view);
  const placeholder = onePlaceholder(view);
  const fixed = intsOf(placeholder, 'shape', [])[1] ?? -1;
  const side = options.side ?? (fixed > 0 ? fixed : (options.usualSide ?? 0));
  if (side <= 0)
    throw new UserError({
      where,
      what: 'the model takes images of any size',
      expected: 'the side that it was trained at',
      mend: 'give the side',
    });
  const { layers, variables, facts } = build(view, patterns, fixed > 0 ? fixed : side);
  const result = facts.get(view.source(output));
  if (result === undefined) throw new UserError({ where, what: `nothing leads from the images to '${output}'` });
  const used = foldZeroPadding(neededLayers(layers, result.name), result.name, (kernel) => {
    const [height = 1, width = 1] = variables.get(kernel)?.shape ?? [];
    return [height, width];
  });
  const owners = new Set(used.map((layer) => layer.name));
  const stages = options.stages === undefined ? stagesByResolution(used) : assignStages([...owners], options.stages, where);
  const staged = used.map((layer) => ({ ...layer, stage: stages.get(layer.name) ?? '' }));
  const chain = patterns.find(([, pattern]) => pattern.chain !== undefined)?.[1].chain;
  return {
    name: options.name,
    preprocessing: preprocessed(options, chain, placeholder, where),
    side,
    layers: staged,
    variables: new Map([...variables].filter(([, variable]) => owners.has(variable.layer))),
    output: result.name,
    features: result.channels,
    stages: options.stages === undefined ? stageOrder(stages) : Object.keys(options.stages),
  };
}

/** What each node that is needed belongs to, from the input upwards. Each node is looked at once, after all that take it. */
function patternsBelow(view: GraphView): (readonly [GraphNode, Pattern])[] {
  const needed = new Set([view.source(view.output)]);
  const patterns: (readonly [GraphNode, Pattern])[] = [];
  for (const node of [...view.order].reverse()) {
    const second = [...Array(8).keys()].find((at) => at > 0 && needed.has(`${node.name}:${at}`));
    if (second !== undefined)
      refuseNode(view.where, node, `puts out more than a map (its output ${second} is taken)`, 'one output');
    if (!needed.has(node.name)) continue;
    const pattern = matchNode(node, view);
    for (const input of pattern.inputs) needed.add(input);
    patterns.push([node, pattern]);
  }
  return patterns.reverse();
}

function onePlaceholder(view: GraphView): GraphNode {
  const found = view.order.filter((node) => node.op === 'Placeholder');
  const [first] = found;
  if (first === undefined || found.length > 1)
    throw new UserError({
      where: view.where,
      what: `the graph has ${found.length} inputs below '${view.output}'`,
      expected: 'one, for the images',
      found: found.map((node) => node.name).join(', '),
    });
  const shape = intsOf(first, 'shape', []);
  const channels = shape[3] ?? 3;
  if ((shape.length !== 0 && shape.length !== 4) || (channels !== 3 && channels !== -1))
    refuseNode(view.where, first, `takes [${shape.join(', ')}]`, 'RGB images, [N, height, width, 3]');
  return first;
}

function build(view: GraphView, patterns: readonly (readonly [GraphNode, Pattern])[], side: number) {
  const name = shortNames(patterns.filter(([, pattern]) => pattern.inputs.length > 0).map(([node]) => node.name));
  const refuse: Site['refuse'] = (node, what, expected) => refuseNode(view.where, node, what, expected);
  const layers: Layer[] = [];
  const variables = new Map<string, Variable>();
  const facts = new Map<string, Facts>();
  for (const [node, { inputs, make }] of patterns) {
    const given = inputs.map(
      (input) => facts.get(input) ?? refuse(view.node(input), 'is taken as a map', 'what comes from the images'),
    );
    const known = new Map(given.map((one) => [one.name, one]));
    const drafts = make({ inputs: given, name, refuse });
    let last = given[0] as Facts;
    for (const draft of drafts) {
      last = factsOf(
        draft.layer,
        draft.layer.inputs.map((input) => known.get(input) ?? given[0]?.pooled ?? last),
        draft.variables,
        side,
      );
      if (!(last.height >= 1 && last.width >= 1))
        refuse(node, `has no room for its window at ${side} pixels`, 'images of a larger side');
      known.set(last.name, last);
      layers.push(draft.layer);
      for (const variable of draft.variables) variables.set(variable.name, variable);
    }
    facts.set(node.name, last);
  }
  return { layers, variables, facts };
}

/** The layers that the output needs: a pool that was replaced by one of another shape falls away. */
function neededLayers(layers: readonly Layer[], output: string): Layer[] {
  const needed = new Set([output]);
  for (const layer of [...layers].reverse()) if (needed.has(layer.name)) for (const input of layer.inputs) needed.add(input);
  return layers.filter((layer) => needed.has(layer.name));
}

/** `scale · (rgb − mean)/std + shift` in the one form that a Network has; a graph that takes whole numbers takes RGB itself. */
function preprocessed(
  { preprocessing, pixels }: GraphOptions,
  chain: Affine | undefined,
  node: GraphNode,
  where: string,
): Preprocessing {
  const bytes = WHOLE.has(numberOf(node, 'dtype', DT.float32)) ? BYTES : undefined;
  if (chain === undefined) return bytes ?? preprocessing;
  const { scale, shift } = chain;
  for (const { length } of [scale, shift])
    if (length !== 1 && length !== 3)
      refuseNode(where, node, `is preprocessed by ${length} numbers`, 'one for each of 3 channels');
  const at = (values: readonly number[], channel: number): number => values[channel % values.length] ?? 0;
  const { mean, std } =
    pixels ?? bytes ?? pixelsOf([0, 1, 2].map((channel) => ({ scale: at(scale, channel), shift: at(shift, channel) })));
  const divisor = (channel: 0 | 1 | 2): number => std[channel] / at(scale, channel);
  const centre = (channel: 0 | 1 | 2): number => mean[channel] - at(shift, channel) * divisor(channel);
  return { mean: [centre(0), centre(1), centre(2)], std: [divisor(0), divisor(1), divisor(2)] };
}

const WHOLE: ReadonlySet<number> = new Set([DT.uint8, DT.int32, DT.int64]);
