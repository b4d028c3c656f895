/** What a line of `metrics.jsonl` says in figures, by names that trackers show. */

/** Counts between edges: `counts[i]` values lie in [edges[i], edges[i + 1]). */
export interface Histogram {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

export interface Figures {
  readonly phase: string;
  /** From 1. */
  readonly epoch: number;
  readonly scalars: ReadonlyMap<string, number>;
  readonly histograms: ReadonlyMap<string, Histogram>;
}

/** Keys that name the line, and are no figures. */
const NAMES = new Set(['phase', 'epoch']);

/**
 * The figures of one line: each number as `phase/key`, numbers in mappings as `phase/key/inner`, truth as 0 or 1. A mapping with
 * `edges` holds histograms: each of its other keys that has a count for every bin, as `phase/key/inner`. What is neither is left
 * out. A line without phase and epoch tells of no epoch: undefined.
 */
export function figuresOf(line: Readonly<Record<string, unknown>>): Figures | undefined {
  const { phase, epoch } = line;
  if (typeof phase !== 'string' || typeof epoch !== 'number') return undefined;
  const scalars = new Map<string, number>();
  const histograms = new Map<string, Histogram>();
  const visit = (name: string, value: unknown) => {
    if (typeof value === 'number' && Number.isFinite(value)) scalars.set(name, value);
    else if (typeof value === 'boolean') scalars.set(name, Number(value));
    else if (isMapping(value)) {
      for (const [key, inner] of Object.entries(value)) {
        if (isNumbers(value.edges) && isNumbers(inner) && inner.length > 0 && inner.length === value.edges.length - 1) {
          histograms.set(`${name}/${key}`, { edges: value.edges, counts: inner });
        } else visit(`${name}/${key}`, inner);
      }
    }
  };
  for (const [key, value] of Object.entries(line)) if (!NAMES.has(key)) visit(`${phase}/${key}`, value);
  return { phase, epoch, scalars, histograms };
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'number' && Number.isFinite(one));
}

/** A recipe's keys from the top, joined by points, with single values; lists become text, null is left out. */
export function flatParameters(value: unknown, name = ''): Record<string, string | number | boolean> {
  if (value === null || value === undefined) return {};
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return { [name]: value };
  if (Array.isArray(value)) return { [name]: JSON.stringify(value) };
  return Object.assign(
    {},
    ...Object.entries(value as Record<string, unknown>).map(([key, inner]) =>
      flatParameters(inner, name === '' ? key : `${name}.${key}`),
    ),
  );
}
