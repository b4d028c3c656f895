import { relative } from 'node:path';
import type { Recipe } from '../recipe/schema.js';
import type { ExportCheck } from '../run/exports/check.js';
import type { Manifest } from '../run/manifest.js';
import type { SummaryTable } from '../run/summary.js';
import { changesTable, classifierInWords, frozenInWords, scoreTable, warningsInWords } from '../run/summary.js';
import type { RunResult } from '../run/train.js';
import type { PhaseName } from '../transfer/plan.js';
import { duration } from './progress.js';
import { textTable } from './table.js';

export interface TrainedRun {
  readonly recipe: Recipe;
  readonly manifest: Manifest;
  readonly result: RunResult;
  readonly heldOut: { readonly classes: number; readonly images: number };
  /** The run folder as a person types it. */
  readonly path: string;
  /** The folder that paths are shown from. */
  readonly from: string;
  /** Milliseconds that this call took. */
  readonly took: number;
  /** MiB. */
  readonly peakMemory: number;
}

/** What `ft train` says at the end: scores, what brought what, what was frozen, where things lie, what to try next. */
export function trainedInWords(run: TrainedRun): string {
  const { recipe, manifest, result, heldOut, path, from } = run;
  const { rows, steps, exported, reason, checks } = result;
  const { classifier, classifierCheck } = result;
  const title =
    classifier === null && recipe.data.split === 'class'
      ? `Retrieval of ${heldOut.classes} classes never seen in training (${heldOut.images} images), 95 % intervals`
      : `Retrieval among ${heldOut.images} held-out images of ${heldOut.classes} classes, 95 % intervals`;
  const lines = [
    ...(classifier === null ? [] : [...classifierInWords(classifier), '']),
    title,
    '',
    table(scoreTable(rows, exported)),
    '',
  ];
  if (steps.length > 0) lines.push('What brought what, paired by query', '', table(changesTable(steps)), '');
  for (const sentence of warningsInWords(steps, exported)) lines.push(sentence, '');
  lines.push(
    `exported: ${exported}, ${reason}`,
    ...frozenInWords(manifest, recipe),
    `training ${duration(result.seconds * 1000)}, this call ${duration(run.took)}, peak memory ${run.peakMemory.toFixed(0)} MiB`,
    '',
    `run     ${path}`,
    `scores  ${path}/scores.json`,
    ...(result.report === null ? [] : [`report  ${relative(from, result.report)}`]),
  );
  for (const [at, check] of checks.entries())
    lines.push(`${at === 0 ? 'model ' : '      '}  ${relative(from, check.folder)} (${comparedInWords(check)})`);
  if (classifierCheck !== null) {
    const model = relative(from, classifierCheck.folder);
    lines.push(`        ${model}: the classifier (${comparedInWords(classifierCheck)})`);
  }
  const argument = shellWord(path);
  lines.push(
    '',
    'next',
    ...(result.report === null ? [] : [`  ft report ${argument} --open`]),
    `  ft evaluate ${argument}`,
    `  ft embed ${argument} FOLDER --out vectors.npy`,
    // `ft freeze` makes a working recipe on the built-in images; a run on photos goes on from its own recipe.
    recipe.data.source === 'emoji'
      ? '  ft freeze --until conv2 && ft train'
      : `  ft train ${shellWord(`${path}/recipe.yaml`)} ${phasesOf(recipe)
          .map((phase) => `--set '${phase}.freeze={until: conv2}'`)
          .join(' ')}`,
  );
  return `${lines.join('\n')}\n`;
}

function phasesOf(recipe: Recipe): PhaseName[] {
  return (['classification', 'triplet'] as const).filter((phase) => recipe[phase] !== null);
}

function table({ titles, lines }: SummaryTable): string {
  const columns = titles.map((title, column) => {
    const words = column === 0 || (title === '' && column === titles.length - 1);
    return { title, align: words ? ('left' as const) : ('right' as const) };
  });
  return textTable(columns, lines);
}

/** A path as a shell takes it. */
export function shellWord(path: string): string {
  return /^[\w./@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

function comparedInWords({ images, smallestCosine, tensors, largestDifference }: ExportCheck): string {
  if (tensors !== null) return `${tensors} tensors read again, the same to the last bit`;
  if (smallestCosine !== null) return `compared on ${images} images: cosine ≥ ${smallestCosine.toFixed(6)}`;
  return `compared on ${images} images: probabilities differ by at most ${(largestDifference ?? 0).toExponential(0)}`;
}
