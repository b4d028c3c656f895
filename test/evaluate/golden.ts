import { readFileSync } from 'node:fs';

/** What test/golden/metrics.py wrote. */
export interface MetricsGolden {
  roc: {
    scores: number[];
    same: number[];
    fpr: number[];
    tpr: number[];
    thresholds: (number | null)[];
    auc: number;
    eer: number;
    val: Record<string, number>;
  }[];
  folds: {
    scores: number[];
    same: number[];
    fold: number[];
    accuracy: number;
    standard_error: number;
    thresholds: number[];
    val: number;
    val_standard_error: number;
    far: number;
  };
  classifier: {
    classes: number;
    truth: number[];
    logits: number[];
    confusion: number[][];
    precision: number[];
    recall: number[];
    f1: number[];
    support: number[];
    macro: number[];
    accuracy: number;
    top: Record<string, number>;
    nll: number;
    brier: number;
    ece: number;
  };
  clusters: { truth: number[]; found: number[]; nmi: number; ami: number }[];
  market: {
    dimensions: number;
    labels: number[];
    cameras: number[];
    embeddings: number[];
    rows: number[];
    first: number[];
    map: number[];
    cmc: number[];
  };
  mrr: { dimensions: number; labels: number[]; embeddings: number[]; mrr: number; map: number };
}

export const golden = JSON.parse(readFileSync(new URL('../golden/metrics.json', import.meta.url), 'utf8')) as MetricsGolden;

/** Each value within 1e-12 of the one that is expected. */
export function apart(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  return Array.from(found).reduce((most, value, i) => Math.max(most, Math.abs(value - (expected[i] as number))), 0);
}
