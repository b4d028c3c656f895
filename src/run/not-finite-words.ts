import { UserError } from '../errors.js';
import type { NonFinite } from '../train/non-finite.js';
import type { PhaseName } from '../transfer/plan.js';

/** The error that says where NaN or infinities came from and what to do about them. */
export function notFiniteError(
  phase: PhaseName,
  place: { readonly epoch: number; readonly step: number; readonly stepsPerEpoch: number; readonly rate: number },
  loss: number,
  found: NonFinite | null,
  kept: string | null,
): UserError {
  const smaller = Number((place.rate / 10).toPrecision(2));
  const lower = `lower the rate, e.g. --set ${phase}.rate=${smaller}, or --set ${phase}.clipNorm=1`;
  return new UserError({
    what: `training has diverged: ${whatOf(found)}`,
    where: `the ${phase} phase, epoch ${place.epoch}, step ${place.step} of the phase`,
    expected: 'finite numbers',
    found: [
      ...(found === null ? [] : [countOf(found)]),
      `loss ${loss}; the step was not applied`,
      ...(kept === null ? [] : [`the weights of ${kept}`]),
    ].join('; '),
    mend:
      found?.kind === 'weights' && place.step === 1 ? 'the weights that the phase starts from are broken: make them anew' : lower,
  });
}

function whatOf(found: NonFinite | null): string {
  if (found === null) return 'the gradients are too large for 32-bit numbers';
  const layer = `layer '${found.layer}' (${found.stage})`;
  switch (found.kind) {
    case 'weights':
      return `the weights of ${layer} were not finite before the step`;
    case 'output':
      return `the output of ${layer} is the first that is not finite`;
    case 'loss':
      return `the loss is not finite, while the output of every layer below ${layer} is`;
    case 'gradient':
      return `the gradient of ${layer} is the first on the way down that is not finite`;
  }
}

function countOf({ nan, infinite, size }: NonFinite): string {
  const parts = [...(nan > 0 ? [`${nan} NaN`] : []), ...(infinite > 0 ? [`${infinite} infinite`] : [])];
  return `${parts.join(' and ')} of ${size} ${size === 1 ? 'number' : 'numbers'}`;
}
