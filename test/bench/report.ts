import { type Case, wordsOf } from './cases.js';
import type { CaseFigures, Contender, Spread } from './figures.js';

export interface Measured {
  readonly one: Case;
  readonly figures: CaseFigures;
}

/** A column of the table. Speeds are for the terminal alone: the machine may be shared, so a document holds ratios of one run. */
interface Column {
  readonly title: string;
  readonly only?: 'terminal';
  readonly bold?: true;
  readonly cell: (measured: Measured) => string;
}

const NONE = '–';

const speed = (title: string, contender: Contender): Column => ({
  title,
  only: 'terminal',
  cell: ({ figures }) => figures.imagesPerSecond.get(contender)?.toFixed(1) ?? NONE,
});
const memory = (title: string, contender: Contender): Column => ({
  title,
  cell: ({ figures }) => figures.peakMiB.get(contender)?.toFixed(0) ?? NONE,
});
const middle = (spread: Spread | null) => spread?.median.toFixed(2) ?? NONE;
const span = (spread: Spread | null) => (spread === null ? NONE : `${spread.min.toFixed(2)}–${spread.max.toFixed(2)}`);

function memoryRatio({ figures: { peakMiB } }: Measured): string {
  const [ft, pytorch] = [peakMiB.get('ft fp32'), peakMiB.get('pytorch fp32')];
  return ft === undefined || pytorch === undefined ? NONE : (ft / pytorch).toFixed(2);
}

const COLUMNS: readonly Column[] = [
  speed('ft, images/s', 'ft fp32'),
  speed('PyTorch', 'pytorch fp32'),
  speed('Keras', 'keras fp32'),
  speed('ft bf16', 'ft bf16'),
  speed('PyTorch bf16', 'pytorch bf16'),
  { title: 'ft ÷ PyTorch', bold: true, cell: ({ figures }) => middle(figures.pytorch) },
  { title: 'least–most', cell: ({ figures }) => span(figures.pytorch) },
  { title: 'best ÷ best', bold: true, cell: ({ figures }) => middle(figures.best) },
  { title: 'least–most', cell: ({ figures }) => span(figures.best) },
  { title: 'precisions', cell: ({ figures: { best } }) => (best === null ? NONE : `${best.ft} ÷ ${best.pytorch}`) },
  { title: 'ft ÷ Keras', bold: true, cell: ({ figures }) => middle(figures.keras) },
  { title: 'least–most', cell: ({ figures }) => span(figures.keras) },
  memory('memory: ft, MiB', 'ft fp32'),
  memory('PyTorch', 'pytorch fp32'),
  memory('Keras', 'keras fp32'),
  { title: 'ft ÷ PyTorch', cell: memoryRatio },
];

/** Titles and cells of the table: one row for each case. */
export function cells(
  measured: readonly Measured[],
  where: 'terminal' | 'document' = 'terminal',
): { titles: string[]; rows: string[][] } {
  // A column that no row has anything in (Keras, of phases and embedding) is left out.
  const columns = COLUMNS.filter(
    ({ only, cell }) => (only === undefined || only === where) && measured.some((one) => cell(one) !== NONE),
  );
  const first = measured.every(({ one }) => one.kind === 'embed') ? 'files' : 'frozen';
  const text = ({ bold, cell }: Column, one: Measured) =>
    bold && where === 'document' && cell(one) !== NONE ? `**${cell(one)}**` : cell(one);
  return {
    titles: [first, ...columns.map(({ title }) => title)],
    rows: measured.map((one) => [wordsOf(one.one), ...columns.map((column) => text(column, one))]),
  };
}

/** The same as Markdown: the ratios in bold, no absolute speeds. */
export function markdownTable(measured: readonly Measured[]): string {
  const { titles, rows } = cells(measured, 'document');
  return markdown(titles, rows, 0);
}

/** A table in Markdown, numbers to the right; `words` are the columns that hold words, if any do. */
export function markdown(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  words: number | readonly number[] = [],
): string {
  const ofWords = new Set([words].flat());
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`;
  return [line(titles), line(titles.map((_, column) => (ofWords.has(column) ? '---' : '---:'))), ...rows.map(line)].join('\n');
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
