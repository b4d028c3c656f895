/** Which layers are frozen. */
import { type Fault, UserError } from '../errors.js';
import { choices, HEAD_STAGE, isGlob, type Selectable, select, stagesOf } from './selectors.js';

/**
 * `until`: everything up to and including a stage, block or layer, in topological order; `none`; `all` (the whole backbone).
 * `only`: exactly the layers that the stages, layers and globs match.
 */
export type Freeze = { readonly until: string } | { readonly only: readonly string[] };

/** The names of the frozen layers, or what is wrong with the choice. `layers` is the backbone in topological order, then the head. */
export function frozenLayers(
  layers: readonly Selectable[],
  freeze: Freeze,
  where: string,
): { frozen: Set<string>; faults: Fault[] } {
  const { chosen, faults } =
    'until' in freeze ? upTo(layers, freeze.until, `${where}.until`) : exactly(layers, freeze.only, `${where}.only`);
  const trains = layers.some((layer) => layer.variables.length > 0 && !chosen.has(layer.name));
  if (faults.length === 0 && !trains) {
    faults.push({
      what: 'everything is frozen, the head too: nothing is left to train',
      where,
      expected: `a choice that leaves layers, e.g. until: ${
        stagesOf(layers)
          .filter((stage) => stage !== HEAD_STAGE)
          .at(-2) ?? 'none'
      }`,
      mend: 'until: all freezes the whole backbone and trains the head',
    });
  }
  return { frozen: chosen, faults };
}

function upTo(layers: readonly Selectable[], boundary: string, where: string): { chosen: Set<string>; faults: Fault[] } {
  if (boundary === 'none') return { chosen: new Set(), faults: [] };
  if (boundary === 'all') return { chosen: names(layers.filter((layer) => layer.stage !== HEAD_STAGE)), faults: [] };
  const selection = select(layers, boundary, where);
  if ('fault' in selection) {
    const { fault } = selection;
    return { chosen: new Set(), faults: [{ ...fault, expected: `none, all, a stage or a layer: ${fault.expected}` }] };
  }
  if (isGlob(boundary)) {
    const fault: Fault = {
      what: `'${boundary}' is a pattern, and a boundary is one place`,
      where,
      expected: `none, all, ${choices(layers)}`,
      mend: `only: ['${boundary}'] freezes what it matches`,
    };
    return { chosen: new Set(), faults: [fault] };
  }
  const last = selection.layers.at(-1) as Selectable;
  return { chosen: names(layers.slice(0, layers.lastIndexOf(last) + 1)), faults: [] };
}

function exactly(
  layers: readonly Selectable[],
  selectors: readonly string[],
  where: string,
): { chosen: Set<string>; faults: Fault[] } {
  const chosen = new Set<string>();
  const faults: Fault[] = [];
  for (const selector of selectors) {
    const selection = select(layers, selector, where, true);
    if ('fault' in selection) faults.push(selection.fault);
    else for (const layer of selection.layers) chosen.add(layer.name);
  }
  return { chosen, faults };
}

function names(layers: readonly Selectable[]): Set<string> {
  return new Set(layers.map((layer) => layer.name));
}

/** Throws all faults at once, where there are any. */
export function throwFaults(faults: readonly Fault[]): void {
  const [first, ...rest] = faults;
  if (first !== undefined) throw new UserError(first, ...rest);
}
