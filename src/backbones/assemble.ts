import { type Fault, nearestName, UserError } from '../errors.js';
import type { Network, Variable } from '../network/network.js';
import { Scratch } from '../weights/byte-source.js';
import { flipInputChannels } from '../weights/input-scale.js';
import type { NamedTensors } from '../weights/named-tensor.js';
import { unplaced, type Variant } from './family.js';
import { type Layout, presentNames } from './layout.js';
import { fits, inOurOrder, publishedShape } from './reorder.js';
import { featureLayers, STAGES, type VariableShape } from './topology.js';

export interface AssembleOptions {
  /** What an error calls the file. */
  readonly where: string;
  /** The classifier of ImageNet on top as well: the output is its logits. Published files without one lack it. */
  readonly classifier?: boolean;
}

/** Faults that are shown at most. */
const SHOWN = 20;

/**
 * A network of the values of a published file. Strict both ways: every variable has its tensor, every tensor its variable, and the shapes
 * agree; but the file may have the classifier or not.
 * @throws UserError with the difference, line by line, and the nearest names
 */
export function assemble(
  variant: Variant,
  layout: Layout,
  published: NamedTensors,
  { where, classifier = false }: AssembleOptions,
): Network {
  const tensors = presentNames(layout, published);
  const topology = variant.topology();
  const layers = classifier ? topology.layers : featureLayers(topology);
  const wanted = new Set(layers.map((layer) => layer.name));
  const kinds = new Map(topology.layers.map((layer) => [layer.name, layer.kind]));
  const variables = new Map<string, Variable>();
  const places = new Map(topology.variables.map((variable) => [layout.nameOf(variable), variable]));
  const faults: Fault[] = [];
  const scratch = new Scratch();
  for (const [name, variable] of places) {
    const depthwise = kinds.get(variable.layer) === 'depthwise-conv';
    const tensor = tensors.get(name);
    const published = publishedShape(variable, layout.order, depthwise);
    if (tensor === undefined) {
      if (wanted.has(variable.layer)) faults.push(missing(name, variable, published, tensors, places, where));
      continue;
    }
    if (!fits(tensor.shape, published, layout.order)) faults.push(otherShape(name, variable, tensor.shape, published, where));
    else if (wanted.has(variable.layer) && faults.length === 0)
      variables.set(variable.name, { ...variable, values: inOurOrder(tensor, variable, layout.order, depthwise, scratch) });
  }
  for (const name of unplaced(tensors.keys(), places, variant))
    faults.push({
      where,
      what: `+ ${name}: ${variant.name} has no place for it`,
      ...nearest(name, missingNames(places, tensors)),
    });
  refuse(faults, variant, layout);
  const network: Network = {
    name: variant.name,
    preprocessing: layout.preprocessing,
    side: variant.side,
    layers,
    variables,
    output: classifier ? topology.logits : topology.output,
    features: topology.features,
    stages: [...STAGES],
  };
  return layout.bgr === true ? flipInputChannels(network) : network;
}

function missing(
  name: string,
  variable: VariableShape,
  published: readonly number[],
  tensors: NamedTensors,
  places: ReadonlyMap<string, VariableShape>,
  where: string,
): Fault {
  const free = [...tensors.keys()].filter((one) => !places.has(one));
  return { where, what: `- ${name} [${published.join(', ')}]: the file lacks it (${variable.name})`, ...nearest(name, free) };
}

function otherShape(
  name: string,
  variable: VariableShape,
  found: readonly number[],
  published: readonly number[],
  where: string,
): Fault {
  return {
    where,
    what: `~ ${name} has another shape than ${variable.name} takes`,
    expected: `[${published.join(', ')}]`,
    found: `[${found.join(', ')}]`,
  };
}

function missingNames(places: ReadonlyMap<string, VariableShape>, tensors: NamedTensors): string[] {
  return [...places.keys()].filter((name) => !tensors.has(name));
}

function nearest(name: string, among: readonly string[]): { mend?: string } {
  const near = nearestName(name, among);
  return near === undefined ? {} : { mend: `the nearest is ${near}` };
}

function refuse(faults: readonly Fault[], variant: Variant, layout: Layout): void {
  const [first, ...rest] = faults.slice(0, SHOWN);
  if (first === undefined) return;
  const more = faults.length - SHOWN;
  const end: Fault[] = [
    {
      what: `these are not the weights of ${variant.name} as ${layout.name} stores them${more > 0 ? `; ${more} more differences` : ''}`,
      mend: 'ft weights inspect FILE says which network they fit',
    },
  ];
  throw new UserError(first, ...rest, ...end);
}
