/** Keys of versions that wrote a golden: another version may give the same numbers. */
const VERSIONS = new Set(['torch', 'keras', 'pillow', 'numpy', 'sklearn']);

/**
 * Where two JSON values differ, each as a path with both values: numbers by more than `relative` of the larger one and `absolute`;
 * everything else at all. Empty where they agree.
 */
export function differences(
  a: unknown,
  b: unknown,
  { relative, absolute }: { relative: number; absolute: number },
  path = '',
): string[] {
  if (typeof a === 'number' && typeof b === 'number') {
    const apart = Math.abs(a - b);
    return apart <= Math.max(absolute, relative * Math.max(Math.abs(a), Math.abs(b))) ? [] : [`${path}: ${a} and ${b}`];
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    return a === b ? [] : [`${path}: ${JSON.stringify(a)} and ${JSON.stringify(b)}`];
  const [one, other] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = new Set([...Object.keys(one), ...Object.keys(other)].filter((key) => path !== '' || !VERSIONS.has(key)));
  return [...keys].flatMap((key) => differences(one[key], other[key], { relative, absolute }, `${path}/${key}`));
}
