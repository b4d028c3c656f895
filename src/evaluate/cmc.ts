/**
 * The cumulative match characteristic: at place k − 1, the share of queries whose first right answer came at rank k or before
 * (Recall@k of a single answer), for k = 1 … `upTo`. Person re-identification reports rank 1, 5 and 10 of it.
 * Source: Zheng et al. 2015, "Scalable person re-identification" (Market-1501), §4.1.
 *
 * @param reciprocalRanks 1 / rank of the first right answer of each query, as `retrieve` gives them (`mrr`)
 */
export function cmc(reciprocalRanks: Float64Array, upTo: number): Float64Array {
  const curve = new Float64Array(upTo);
  for (const reciprocal of reciprocalRanks) {
    const rank = Math.round(1 / reciprocal);
    if (rank <= upTo) curve[rank - 1] = (curve[rank - 1] as number) + 1;
  }
  for (let k = 1; k < upTo; k++) curve[k] = (curve[k] as number) + (curve[k - 1] as number);
  return curve.map((count) => count / reciprocalRanks.length);
}
