/** What `ft evaluate` shows of its figures. */
import type { Interval } from '../evaluate/bootstrap.js';
import type { Metric } from '../evaluate/metrics.js';
import type { Range } from '../evaluate/threshold.js';
import type { Evaluation, Verified } from '../run/evaluate.js';
import type { PairsEvaluation } from '../run/evaluate-pairs.js';
import { textTable } from './table.js';

const METRICS: readonly (readonly [title: string, metric: Metric])[] = [
  ['Recall@1', 'recall_at_1'],
  ['Recall@5', 'recall_at_5'],
  ['Recall@10', 'recall_at_10'],
  ['MAP@R', 'map_at_r'],
  ['R-precision', 'r_precision'],
  ['MRR', 'mrr'],
  ['MAP', 'map'],
];

/** Ranks of the CMC that are shown. */
const SHOWN_RANKS = [1, 5, 10, 20, 50];

const number = (value: number): string => (Number.isFinite(value) ? value.toFixed(3) : '—');
const range = ({ low, high }: Range): string =>
  Number.isNaN(low) || Number.isNaN(high) ? '—' : `${number(low)} – ${number(high)}`;
const right = (title: string) => ({ title, align: 'right' as const });

export function evaluationInWords(result: Evaluation): string {
  const { classes, images, dimensions, scores, intervals } = result;
  const alone =
    scores.left_out > 0
      ? `; ${scores.left_out === 1 ? '1 image has no right answer among the others and asks' : `${scores.left_out} images have no right answer among the others and ask`} nothing`
      : '';
  const blocks = [
    `${classes} classes, ${images} images, ${dimensions}-D embeddings${alone}`,
    textTable(
      [{ title: '' }, right('score'), right('95 % interval')],
      METRICS.map(([title, metric]) => [title, number(scores[metric]), range(intervals[metric])]),
    ),
  ];
  if (result.cmc !== undefined) blocks.push(cmcInWords(result.cmc));
  if (result.clusters !== undefined) {
    const { clusters, nmi, ami } = result.clusters;
    blocks.push(`k-means with ${clusters} clusters against the classes: NMI ${number(nmi)}, AMI ${number(ami)}`);
  }
  if (result.verification !== undefined) blocks.push(verificationInWords(result.verification, 'over classes'));
  return `${blocks.join('\n\n')}\n`;
}

export function pairsInWords({ pairs, images, dimensions, folds, verification }: PairsEvaluation): string {
  const { accuracy, standard_error, val } = folds;
  return `${[
    `${count(pairs.same)} pairs of one class and ${count(pairs.different)} of two, ${count(images)} images, ${dimensions}-D embeddings`,
    [
      `accuracy ${accuracy.toFixed(4)} ± ${standard_error.toFixed(4)} (mean and standard error of ${folds.folds} folds, each with the threshold that is best on the others)`,
      `VAL ${number(val.val)} ± ${number(val.standard_error)} at FAR ${val.asked}, set on the other folds (it came to ${val.far.toFixed(5)})`,
    ].join('\n'),
    verificationInWords(verification, 'over pairs'),
  ].join('\n\n')}\n`;
}

function cmcInWords(curve: readonly number[]): string {
  const ranks = SHOWN_RANKS.filter((rank) => rank <= curve.length);
  return textTable(
    [{ title: 'CMC' }, ...ranks.map((rank) => right(`rank ${rank}`))],
    [['a right answer by', ...ranks.map((rank) => number(curve[rank - 1] as number))]],
  );
}

function verificationInWords({ pairs, auc, eer, tarAtFar, sampled }: Verified, over: string): string {
  const line = (title: string, value: Interval) => [title, number(value.value), range(value)];
  const head = `the same or not, by a threshold on the cosine: ${count(pairs.same)} pairs of one class, ${count(pairs.different)} of two${sampled ? ', a sample' : ''} (bootstrap ${over})`;
  const table = textTable(
    [{ title: '' }, right('score'), right('95 % interval'), right('threshold'), right('95 % interval')],
    [
      [...line('AUC', auc), '', ''],
      [...line('EER', eer), number(eer.threshold), ''],
      ...tarAtFar.map(({ asked, tar, threshold, interval, resolved }) => [
        `TAR@FAR ${asked}${resolved ? '' : ' *'}`,
        number(tar),
        range(interval.tar),
        number(threshold),
        range(interval.threshold),
      ]),
    ],
  );
  const few = tarAtFar.some(({ resolved }) => !resolved);
  return `${head}\n\n${table}${few ? '\n\n* too few pairs of two classes to tell this rate from 0' : ''}`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
