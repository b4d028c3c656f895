import type { NodeMessage } from './proto.js';

/**
 * What a place of a graph is made of: a name, which stands for any place and for the same one wherever it occurs; an operation and
 * the patterns of its inputs in order; or a name together with what it is made of.
 */
export type Pattern = string | Operation | Named;
interface Operation extends ReadonlyArray<Pattern> {
  readonly 0: string;
}
interface Named {
  readonly called: string;
  readonly of: Pattern;
}

/** The nodes of a graph, looked up by name. */
export type Nodes = ReadonlyMap<string, NodeMessage>;

/** Places by the names of a pattern. */
export type Found = Readonly<Record<string, string>>;

/** The node of a place: `node`, `node:1` or the control input `^node`. */
export function sourceOf(place: string): string {
  return place.replace(/^\^/, '').replace(/:\d+$/, '');
}

/**
 * The places that a pattern's names stand for at `place`; null where it does not fit.
 * @param known names that stand for a place already
 */
export function matched(nodes: Nodes, place: string, pattern: Pattern, known: Found = {}): Found | null {
  if (typeof pattern === 'string') {
    const before = known[pattern];
    return before === undefined || before === place ? { ...known, [pattern]: place } : null;
  }
  if ('called' in pattern) {
    const named = matched(nodes, place, pattern.called, known);
    return named && matched(nodes, place, pattern.of, named);
  }
  const [operation, ...inputs] = pattern as readonly [string, ...Pattern[]];
  const node = nodes.get(place);
  const given = (node?.getInputList() ?? []).filter((input) => !input.startsWith('^'));
  if (node?.getOp() !== operation || given.length !== inputs.length) return null;
  let found: Found | null = known;
  for (const [at, input] of inputs.entries()) found = found && matched(nodes, given[at] as string, input, found);
  return found;
}
