/** The figures of a retrieval, each between 0 and 1, by the names that they have in `scores.json`. */
export const metrics = ['recall_at_1', 'recall_at_5', 'recall_at_10', 'map_at_r', 'r_precision', 'mrr', 'map'] as const;

export type Metric = (typeof metrics)[number];

const TITLES: Readonly<Record<Metric, string>> = {
  recall_at_1: 'Recall@1',
  recall_at_5: 'Recall@5',
  recall_at_10: 'Recall@10',
  map_at_r: 'MAP@R',
  r_precision: 'R-precision',
  mrr: 'MRR',
  map: 'MAP',
};

/** A metric as the field writes it; a name that is none of ours in words. */
export function metricTitle(metric: string): string {
  return TITLES[metric as Metric] ?? metric.replaceAll('_', ' ');
}

/** One value for each metric. */
export function forEachMetric<T>(make: (metric: Metric) => T): Record<Metric, T> {
  return Object.fromEntries(metrics.map((metric) => [metric, make(metric)])) as Record<Metric, T>;
}

/**
 * The figures of one query, from the ranks (ascending, the first is 1) at which the R other images of its class came.
 *
 * - Recall@K: 1 where the first of them came at rank K or before.
 * - MAP@R: Σ over those at rank ≤ R of (how many of them up to there / rank), divided by R.
 *   Source: Musgrave, Belongie & Lim, "A metric learning reality check", ECCV 2020, §4.2.
 * - R-precision: the share of the first R ranks that they took.
 * - MRR: 1 / the rank of the first of them.
 * - MAP: Σ over all of them of (how many of them up to there / rank), divided by R: average precision over the whole list, which
 *   person re-identification reports beside CMC.
 */
export function metricsOfRanks(ranks: ArrayLike<number>): Record<Metric, number> {
  const relevant = ranks.length;
  const first = ranks[0] as number;
  let found = 0;
  let precision = 0;
  let all = 0;
  for (let i = 0; i < relevant; i++) {
    const rank = ranks[i] as number;
    all += (i + 1) / rank;
    if (rank > relevant) continue;
    found++;
    precision += found / rank;
  }
  return {
    recall_at_1: first <= 1 ? 1 : 0,
    recall_at_5: first <= 5 ? 1 : 0,
    recall_at_10: first <= 10 ? 1 : 0,
    map_at_r: precision / relevant,
    r_precision: found / relevant,
    mrr: 1 / first,
    map: all / relevant,
  };
}
