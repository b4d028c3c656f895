/** Numbers and row names as a reader wants them. */

/** 1,234,567. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** 'n images', '1 image'. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}

/** A share as a percentage with one digit; '–' for what is no number. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(1)}\u00a0%` : '–';
}

/** A figure in [0, 1] with three digits. */
export function figure(value: number): string {
  return Number.isFinite(value) ? value.toFixed(3) : '–';
}

/** A difference with its sign. */
export function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
}

/** Points of a percentage, with sign. */
export function signedPoints(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value * 100).toFixed(1)}`;
}

/** A rate as it is written in a recipe: 0.002, 1e-4. */
export function rateText(rate: number): string {
  return rate !== 0 && Math.abs(rate) < 1e-3 ? rate.toExponential(1).replace('.0e', 'e') : String(Number(rate.toPrecision(3)));
}

/** 5.9 M, 12.3 k, 812. */
export function size(count: number): string {
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} M`;
  return count >= 1e4 ? `${(count / 1e3).toFixed(1)} k` : whole(count);
}

const PHASES: Readonly<Record<string, string>> = {
  before: 'before training',
  classification: 'phase 1, classification',
  triplet: 'phase 2, triplets',
};

/** 'phase 1, classification, whitened' for `classification-whitened`; other names as they are. */
export function rowInWords(row: string): string {
  const stage = row.replace(/-whitened$/, '');
  return `${PHASES[stage] ?? stage}${row === stage ? '' : ', whitened'}`;
}

const SHORT: Readonly<Record<string, string>> = { before: 'before', classification: 'phase 1', triplet: 'phase 2' };

/** 'phase 1, whitened': a row's name where there is little room. */
export function rowInShort(row: string): string {
  const stage = row.replace(/-whitened$/, '');
  return `${SHORT[stage] ?? stage}${row === stage ? '' : ', whitened'}`;
}

/** Whether a row is a head fitted in closed form, on top of a stage. */
export function isFitted(row: string): boolean {
  return row.endsWith('-whitened');
}

/** The series colour of a row, by its stage. */
export function colourOf(row: string): string {
  if (row.startsWith('before')) return 'var(--neutral)';
  return row.startsWith('classification') ? 'var(--series-1)' : 'var(--series-2)';
}
