import type { Metric } from '../evaluate/metrics.js';
import type { PhaseName } from '../transfer/plan.js';
import type { StoredRow } from './journal.js';
import type { Manifest } from './manifest.js';
import type { RunResult } from './train.js';

const COLUMNS: readonly (readonly [title: string, metric: Metric])[] = [
  ['R@1', 'recall_at_1'],
  ['R@5', 'recall_at_5'],
  ['R@10', 'recall_at_10'],
  ['MAP@R', 'map_at_r'],
  ['R-prec', 'r_precision'],
];

/** One line a row: the scores on the held-out classes, Recall@1 and MAP@R with their 95 % intervals. */
export function scoreTable(rows: readonly StoredRow[], exported: string): { titles: string[]; lines: string[][] } {
  const cell = (row: StoredRow, metric: Metric) => {
    const { value, low, high } = row.intervals[metric];
    const withInterval = metric === 'recall_at_1' || metric === 'map_at_r';
    return withInterval ? `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]` : value.toFixed(3);
  };
  return {
    titles: ['', 'dim', ...COLUMNS.map(([title]) => title), 'validation'],
    lines: rows.map((row) => [
      `${row.name === exported ? '▸ ' : '  '}${row.name}`,
      String(row.dimensions),
      ...COLUMNS.map(([, metric]) => cell(row, metric)),
      row.validation?.toFixed(3) ?? '–',
    ]),
  };
}

/** What each phase and each closed-form fit brought, in words; a phase that made it worse is said so. */
export function changesInWords(steps: RunResult['steps']): string[] {
  return steps.map(({ from, to, difference }) => {
    const { value, low, high, verdict } = difference.recall_at_1;
    const map = difference.map_at_r;
    const signed = (number: number) => `${number < 0 ? '−' : '+'}${Math.abs(number).toFixed(3)}`;
    const words =
      verdict === 'worse' ? 'made it WORSE' : verdict === 'better' ? 'made it better' : 'no clear difference in Recall@1';
    return `${from} → ${to}: R@1 ${signed(value)} [${signed(low)}, ${signed(high)}], MAP@R ${signed(map.value)} [${signed(map.low)}, ${signed(map.high)}]: ${words}`;
  });
}

/** What was frozen and that it did not move. */
export function frozenInWords(manifest: Manifest): string[] {
  return (Object.entries(manifest.frozen) as [PhaseName, NonNullable<Manifest['frozen'][PhaseName]>][]).map(([phase, proof]) => {
    const totals = manifest.plan[phase];
    const share =
      totals === undefined
        ? ''
        : `, ${(totals.frozen / 1e6).toFixed(2)} of ${(totals.parameters / 1e6).toFixed(2)} million parameters`;
    return `${phase}: ${proof.frozen} variables frozen${share}; ${proof.unchanged ? 'proved unchanged byte by byte' : 'THEY MOVED'}`;
  });
}
