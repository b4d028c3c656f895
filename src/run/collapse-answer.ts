/** What is done about a collapse, and how it is said. */
import { UserError } from '../errors.js';
import type { OnCollapse } from '../recipe/schema.js';
import type { Collapse } from '../train/collapse.js';
import type { PhaseName } from '../transfer/plan.js';

/** A phase begun anew after a collapse. */
export interface Restart {
  readonly answer: Exclude<OnCollapse, 'stop'>;
  /** In words. */
  readonly reason: string;
  readonly epoch: number;
  readonly step: number;
}

/** How many times a phase is begun anew with a smaller rate, and what the rate is divided by. */
const SMALLER_TIMES = 2;
const SMALLER_BY = 10;

/** What the rate of a phase is multiplied by after its restarts. */
export function rateFactor(restarts: readonly Restart[]): number {
  return SMALLER_BY ** -restarts.filter(({ answer }) => answer === 'restart-smaller').length;
}

/** Whether the first epoch takes the easiest triplets. */
export function startsEasy(restarts: readonly Restart[]): boolean {
  return restarts.some(({ answer }) => answer === 'batch-easy');
}

/**
 * The restart that the recipe asks for.
 * @throws UserError where it asks to stop, or where restarts have not helped
 */
export function answerCollapse(
  phase: PhaseName,
  collapse: Collapse,
  { onCollapse, rate }: { readonly onCollapse: OnCollapse; readonly rate: number },
  restarts: readonly Restart[],
): Restart {
  const reason = collapseInWords(collapse);
  const { epoch, step } = collapse;
  const again = (answer: Restart['answer']): Restart => ({ answer, reason, epoch, step });
  switch (onCollapse) {
    case 'stop':
      break;
    case 'restart-smaller':
      if (restarts.length < SMALLER_TIMES) return again(onCollapse);
      break;
    case 'batch-easy':
      if (restarts.length === 0) return again(onCollapse);
      break;
  }
  const present = rate * rateFactor(restarts);
  const tried = restarts.length === 0 ? '' : `, after ${restarts.map(({ answer }) => answer).join(' and ')} too`;
  throw new UserError({
    what: `the ${phase} phase has collapsed${tried}: ${reason}`,
    where: `the ${phase} phase, epoch ${epoch}, step ${step} of the phase`,
    mend: [
      `start again with a lower rate, e.g. --set ${phase}.rate=${short(present / SMALLER_BY)}, or --set ${phase}.clipNorm=1`,
      ...(onCollapse === 'stop' ? [`--set ${phase}.onCollapse=restart-smaller lowers the rate by itself`] : []),
    ].join('; '),
  });
}

/** The line that says that a phase begins anew, and why. */
export function restartInWords(phase: PhaseName, { answer, reason, epoch, step }: Restart, rate: number): string {
  const how = answer === 'restart-smaller' ? `with the rate ${short(rate)}` : 'with batch-easy triplets in its first epoch';
  return `${phase}: collapsed in epoch ${epoch} (step ${step}): ${reason}. The phase starts again ${how}`;
}

function collapseInWords({ sign, value, steps }: Collapse): string {
  switch (sign) {
    case 'distances':
      return `all images get the same embedding (mean d(a,n) ${short(value)} for ${steps} steps), so the loss can only be the margin`;
    case 'features':
      return `the network gives the same features for every image (spread ${short(value)} for ${steps} steps)`;
    case 'rank':
      return `the embeddings of all images lie on one line (effective rank ${value.toFixed(2)})`;
    case 'chance':
      return `the loss stays at that of an even guess, log(classes) = ${value.toFixed(3)}`;
  }
}

function short(value: number): string {
  return Number(value.toPrecision(2)).toString();
}
