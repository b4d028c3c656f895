/** One key that two recipes do not share; undefined where a recipe lacks it. */
export interface KeyDifference {
  readonly key: string;
  readonly reference: unknown;
  readonly compared: unknown;
}

/**
 * The keys by which two resolved recipes differ, in the order of the first. A mapping that the other has as something else (a phase
 * that is left out) is one difference, not one for each of its keys.
 *
 * @param without keys from the top that do not count
 */
export function recipeDifferences(reference: unknown, compared: unknown, without: readonly string[] = []): KeyDifference[] {
  const found: KeyDifference[] = [];
  const visit = (key: string, a: unknown, b: unknown) => {
    if (without.includes(key)) return;
    if (isMapping(a) && isMapping(b)) {
      for (const inner of new Set([...Object.keys(a), ...Object.keys(b)]))
        visit(key === '' ? inner : `${key}.${inner}`, a[inner], b[inner]);
    } else if (JSON.stringify(a) !== JSON.stringify(b)) found.push({ key, reference: a, compared: b });
  };
  visit('', reference, compared);
  return found;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
