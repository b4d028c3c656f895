import type { Coverage } from '../data/samplers-coverage.js';
import type { Recipe } from '../recipe/schema.js';
import type { EpochSummary, Position } from '../train/phase.js';
import type { PhaseName, PhasePlan } from '../transfer/plan.js';
import type { EpochEvaluation } from './evaluate-epoch.js';
import type { Measure } from './measure.js';
import type { Workbench } from './workbench.js';

/** `triplet 2/4`: the phase and its epoch, counted from 1. */
export function label(phase: PhaseName, epoch: number, epochs: number): string {
  return `${phase} ${epoch + 1}/${epochs}`;
}

/** Where a stopped phase stands, for the person who stopped it. */
export function whereabouts(
  phase: PhaseName,
  { epoch, stepOfEpoch, step }: Position,
  epochs: number,
  stepsPerEpoch: number,
): string {
  if (stepOfEpoch === 0) return `the ${phase} phase after epoch ${epoch} of ${epochs}`;
  return `the ${phase} phase, epoch ${epoch + 1} of ${epochs}, after step ${stepOfEpoch} of ${stepsPerEpoch} (${step} in all)`;
}

/** All (anchor, positive, negative) of a P×K batch. */
function tripletsOfBatch({ recipe }: Workbench): number {
  const { classesPerBatch: p, imagesPerClass: k } = recipe.triplet as NonNullable<Recipe['triplet']>;
  return p * k * (k - 1) * (p - 1) * k;
}

/** The figures of a step or an epoch in a few words. */
export function figuresInWords(phase: PhaseName, figures: Record<string, number>, bench: Workbench): string {
  const loss = `loss ${(figures.loss ?? 0).toFixed(3)}`;
  switch (phase) {
    case 'classification':
      return `${loss}, accuracy ${(100 * (figures.accuracy ?? 0)).toFixed(0)} %`;
    case 'triplet':
      return `${loss}, ${((100 * (figures.active ?? 0)) / tripletsOfBatch(bench)).toFixed(1)} % active, d(a,p) ${(figures.positive ?? 0).toFixed(2)}, d(a,n) ${(figures.negative ?? 0).toFixed(2)}`;
  }
}

const MEASURES: Readonly<Record<Measure, string>> = { map_at_r: 'MAP@R', accuracy: 'accuracy' };

/** The line that stays on the terminal after an epoch. */
export function epochLine(
  phase: PhaseName,
  summary: EpochSummary,
  epochs: number,
  evaluation: EpochEvaluation & { readonly coverage: Coverage },
  bench: Workbench,
): string {
  const speed = `${summary.imagesPerSecond.toFixed(0)} images/s (${(100 * summary.waiting).toFixed(0)} % of the time waiting for them)`;
  const parts = [figuresInWords(phase, summary.figures, bench), speed];
  if (evaluation.validation !== null)
    parts.push(`validation ${MEASURES[evaluation.measure]} ${evaluation.validation.toFixed(3)}`);
  if (evaluation.held_out_accuracy !== null) parts.push(`held-out accuracy ${evaluation.held_out_accuracy.toFixed(3)}`);
  if (evaluation.held_out_recall_at_1 !== null) parts.push(`held-out R@1 ${evaluation.held_out_recall_at_1.toFixed(3)}`);
  const { drawn, of } = evaluation.coverage;
  // Rounded down: all is said where it is all.
  if (drawn < of) parts.push(`${Math.floor((100 * drawn) / of)} % of the images drawn`);
  if (summary.skipped === summary.steps) parts.push(`none of the ${summary.steps} batches held a triplet: nothing was learned`);
  else if (summary.skipped > 0) parts.push(`${summary.skipped} of ${summary.steps} batches without a triplet`);
  return `${label(phase, summary.epoch - 1, epochs)}: ${parts.join(', ')}`;
}

/** The line that says what begins to be trained in the middle of a phase. */
export function thawLine(phase: PhaseName, epoch: number, { variables, totals }: PhasePlan, thawed: readonly string[]): string {
  const fresh = new Set(thawed);
  const stages = [...new Set(variables.filter(({ name }) => fresh.has(name)).map(({ stage }) => stage))];
  const millions = (count: number) => (count / 1e6).toFixed(2);
  return `${phase}: from epoch ${epoch} on ${stages.join(', ')} ${stages.length === 1 ? 'is' : 'are'} trained too: ${millions(totals.trainable)} of ${millions(totals.parameters)} million parameters`;
}
