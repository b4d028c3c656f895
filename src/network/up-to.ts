import { UserError, unknownName } from '../errors.js';
import { channelsOf } from './channels.js';
import { type Network, variablesOf } from './network.js';

/** The part of a network that one layer needs, which puts out the feature map then. @throws UserError where there is no such layer */
export function networkUpTo(network: Network, name: string, where: string): Network {
  const layers = new Map(network.layers.map((layer) => [layer.name, layer]));
  if (!layers.has(name)) throw new UserError(unknownName(name, [...layers.keys()], 'layer to cut at', where));
  const needed = new Set<string>();
  const waiting = [name];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (needed.has(next)) continue;
    needed.add(next);
    waiting.push(...(layers.get(next)?.inputs ?? []));
  }
  const kept = network.layers.filter((layer) => needed.has(layer.name));
  const used = new Set(kept.flatMap(variablesOf));
  const stages = new Set(kept.map((layer) => layer.stage));
  return {
    ...network,
    layers: kept,
    variables: new Map([...network.variables].filter(([variable]) => used.has(variable))),
    output: name,
    features: channelsOf(name, layers, network.variables),
    stages: network.stages.filter((stage) => stages.has(stage)),
  };
}
