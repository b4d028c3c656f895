import type { Case } from './cases.js';
import type { CaseFigures } from './figures.js';

export interface Measured {
  readonly one: Case;
  readonly figures: CaseFigures;
}

/** Titles and cells of the table: one row for each frozen depth. */
export function cells(measured: readonly Measured[]): { titles: string[]; rows: string[][] } {
  return {
    titles: ['frozen', 'ft, images/s', 'PyTorch', 'ft ÷ PyTorch', 'least–most', 'memory: ft, MiB', 'PyTorch', 'ft ÷ PyTorch'],
    rows: measured.map(({ one, figures: { imagesPerSecond, ratio, peakMiB } }) => [
      one.words,
      imagesPerSecond.ft.toFixed(1),
      imagesPerSecond.pytorch.toFixed(1),
      ratio.median.toFixed(2),
      `${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}`,
      peakMiB.ft.toFixed(0),
      peakMiB.pytorch.toFixed(0),
      (peakMiB.ft / peakMiB.pytorch).toFixed(2),
    ]),
  };
}

/** Columns of images a second: for the terminal alone. The machine is shared, so a document holds ratios of one run. */
const ABSOLUTE: ReadonlySet<number> = new Set([1, 2]);
const RATIO = 3;

/** The same as Markdown: the ratio in bold, no absolute speeds. */
export function markdownTable(measured: readonly Measured[]): string {
  const { titles, rows } = cells(measured);
  const line = (row: readonly string[]) => `| ${row.filter((_, column) => !ABSOLUTE.has(column)).join(' | ')} |`;
  return [
    line(titles),
    line(titles.map((_, column) => (column === 0 ? '---' : '---:'))),
    ...rows.map((row) => line(row.map((cell, column) => (column === RATIO ? `**${cell}**` : cell)))),
  ].join('\n');
}

/**
 * The document with what stands between `<!-- measured: name -->` and `<!-- end -->` replaced.
 * @throws Error where the document has no such place
 */
export function replaceSection(document: string, name: string, text: string): string {
  const begin = `<!-- measured: ${name} -->`;
  const from = document.indexOf(begin);
  const to = document.indexOf('<!-- end -->', from);
  if (from < 0 || to < 0) throw new Error(`the document has no place '${begin} … <!-- end -->'`);
  return `${document.slice(0, from + begin.length)}\n${text}\n${document.slice(to)}`;
}
