/**
 * Names that stand for layers: a stage (`conv4`, `head`), a layer (`conv4_2_b`), a block (`conv4_2`: every layer whose name goes
 * on from it with `_`) or a glob over layer names (`conv4_*`).
 * A selector is total: one that means nothing is a fault that lists the choices and the nearest name, never an empty answer.
 */
import picomatch from 'picomatch';
import { type Fault, nearestName } from '../errors.js';

/** What a selector needs to know of a layer. */
export interface Selectable {
  readonly name: string;
  readonly stage: string;
  /** Names of its variables; a layer without any cannot be trained. */
  readonly variables: readonly unknown[];
}

/** The stage of the new layer, above every stage of the backbone. */
export const HEAD_STAGE = 'head';

export type Selection<L extends Selectable> = { layers: L[] } | { fault: Fault };

/**
 * The layers that a selector means, in topological order. A stage name comes before a layer of the same name.
 * With `trainable`, layers without variables do not count, and a selector of nothing else is a fault.
 */
export function select<L extends Selectable>(
  layers: readonly L[],
  selector: string,
  where: string,
  trainable = false,
): Selection<L> {
  const named = layers.filter((layer) => layer.stage === selector);
  const matched = named.length > 0 ? named : matchNames(layers, selector);
  if (matched.length === 0) return { fault: unknownSelector(layers, selector, where) };
  const counted = trainable ? matched.filter((layer) => layer.variables.length > 0) : matched;
  if (counted.length === 0) {
    return {
      fault: {
        what: `'${selector}' matches only layers without weights`,
        where,
        expected: choices(layers),
        found: list(matched.map((layer) => layer.name)),
      },
    };
  }
  return { layers: counted };
}

function matchNames<L extends Selectable>(layers: readonly L[], selector: string): L[] {
  const exact = layers.filter((layer) => layer.name === selector);
  if (exact.length > 0) return exact;
  if (!isGlob(selector)) return layers.filter((layer) => layer.name.startsWith(`${selector}_`));
  const matches = picomatch(selector, { dot: true, bash: true });
  return layers.filter((layer) => matches(layer.name));
}

/** Whether a selector is meant as a pattern. */
export function isGlob(selector: string): boolean {
  return /[*?[\]{}!()]/.test(selector);
}

function unknownSelector(layers: readonly Selectable[], selector: string, where: string): Fault {
  // Recipes name the stages of families; a network that none knows has stages of its own by the same numbers.
  const twin = stagesOf(layers).find((stage) => /^conv\d+$/.test(selector) && stage === selector.replace('conv', 'stage'));
  const near =
    twin ??
    nearestName(isGlob(selector) ? selector.replace(/[*?[\]{}!()]/g, '') : selector, [
      ...stagesOf(layers),
      ...layers.map(({ name }) => name),
    ]);
  return {
    what: isGlob(selector) ? `no layer matches '${selector}'` : `there is no stage or layer '${selector}'`,
    where,
    expected: choices(layers),
    ...(near === undefined ? {} : { mend: `did you mean '${near}'?` }),
  };
}

/** The stages in order, each once. */
export function stagesOf(layers: readonly Selectable[]): string[] {
  return [...new Set(layers.map((layer) => layer.stage))];
}

/** What a selector may say here. */
export function choices(layers: readonly Selectable[]): string {
  return `a stage (${stagesOf(layers).join(', ')}), a layer (${list(layers.map(({ name }) => name))}) or a glob over layer names`;
}

function list(names: readonly string[], most = 12): string {
  if (names.length <= most) return names.join(', ');
  return `${names.slice(0, most).join(', ')} … ${names.length} in all: \`ft plan --all\` lists them`;
}
