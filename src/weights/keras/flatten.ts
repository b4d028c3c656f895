import { UserError } from '../../errors.js';
import type { KerasLayer, KerasTopology, Model } from './model.js';

/**
 * The layers of a model and of the models within it as one list. An inner model's inputs are what feeds the model, and what took the model
 * takes its output. An inner layer keeps its name; where another has it, those of the models around it stand before it
 * (`MODEL_LAYER`).
 * @throws UserError where an inner model has not as many inputs as are fed, or not one output, or two layers would share a name
 */
export function flattened(model: Model, where: string): KerasTopology {
  const taken = new Set(model.layers.map(({ name }) => name));
  if (taken.size < model.layers.length) {
    const twice = model.layers.find(({ name }, at) => model.layers.findIndex((other) => other.name === name) < at);
    throw new UserError({ where, what: `two layers are called '${twice?.name ?? ''}'` });
  }
  const uses = new Map<string, number>();
  countNames(model, uses);
  const layers: KerasLayer[] = [];
  const inline = (inner: Model, path: readonly string[], fed?: readonly string[]): string[] => {
    /** What stands for each layer's output in the flat list. */
    const carriers = new Map<string, string>();
    const free = (name: string): string => {
      if (path.length === 0) return name;
      const chosen = (uses.get(name) ?? 0) > 1 ? [...path, name].join('_') : name;
      if (taken.has(chosen)) throw new UserError({ where, what: `two layers would be called '${chosen}'` });
      taken.add(chosen);
      return chosen;
    };
    const inputs = inner.inputs.length > 0 ? inner.inputs : inner.layers.filter(isInput).map(({ name }) => name);
    if (fed !== undefined && fed.length !== inputs.length) {
      throw new UserError({
        where: `${where}: ${path.join(': ')}`,
        what: `the model has ${inputs.length} inputs and is fed ${fed.length}`,
      });
    }
    inputs.forEach((name, at) => {
      if (fed?.[at] !== undefined) carriers.set(name, fed[at]);
    });
    // A list may name a layer before the one that feeds it: those of models are known only when they have been inlined.
    const waiting = new Map(inner.layers.map((layer) => [layer.name, layer]));
    const put = (name: string, open: readonly string[]): void => {
      const layer = waiting.get(name);
      if (layer === undefined || carriers.has(name)) return;
      if (open.includes(name)) throw new UserError({ where, what: `the layer '${name}' feeds itself` });
      const { feeders, model: nested, ...rest } = layer;
      for (const feeder of feeders) if (waiting.get(feeder.layer)?.model !== undefined) put(feeder.layer, [...open, name]);
      const own = feeders.map((feeder) => {
        if (feeder.tensor > 0)
          throw new UserError({ where: `${where}: ${name}`, what: `it takes output ${feeder.tensor + 1} of '${feeder.layer}'` });
        return carriers.get(feeder.layer) ?? named(feeder.layer);
      });
      if (nested === undefined) {
        const flat = named(name);
        layers.push({ ...rest, name: flat, inputs: own, ...(path.length === 0 ? {} : { path: [...path, name] }) });
        return;
      }
      const outputs = inline(nested, [...path, name], own);
      if (outputs.length !== 1)
        throw new UserError({ where: `${where}: ${name}`, what: `the model has ${outputs.length} outputs`, expected: '1' });
      carriers.set(name, outputs[0] as string);
    };
    const names = new Map<string, string>();
    const named = (name: string): string => {
      if (!waiting.has(name)) return name;
      const known = names.get(name) ?? free(name);
      names.set(name, known);
      return known;
    };
    const done = new Set<string>();
    for (const { name } of inner.layers) {
      if (!done.has(name)) put(name, []);
      done.add(name);
    }
    return inner.outputs.map((name) => carriers.get(name) ?? named(name));
  };
  const outputs = inline(model, []);
  return { name: model.name, layers, outputs };
}

/** Inner inputs go away and take no name. */
function countNames({ layers }: Model, uses: Map<string, number>, inner = false): void {
  for (const layer of layers) {
    if (!inner || !isInput(layer)) uses.set(layer.name, (uses.get(layer.name) ?? 0) + 1);
    if (layer.model !== undefined) countNames(layer.model, uses, true);
  }
}

function isInput({ className }: { readonly className: string }): boolean {
  return className === 'InputLayer';
}
