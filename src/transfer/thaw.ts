/** Gradual unfreezing: plans of one phase that follow each other. */
import { type Fault, UserError } from '../errors.js';
import type { Network } from '../network/network.js';
import { throwFaults } from './freeze.js';
import { type HeadLayer, type PhaseName, type PhasePlan, type PlanOptions, planPhase, type Thaw } from './plan.js';

/**
 * The plan of a phase of `epochs` epochs with what thaws in it. From a thaw on everything above its boundary is trained, at the
 * multipliers of the first plan; what was trained before stays so (ULMFiT's gradual unfreezing, Howard, Ruder 2018, §3.3).
 *
 * A thaw that would freeze what is trained already is refused: the optimizer's slots would wait and go on with a stale direction,
 * and it is far more often a mistake in the order than meant. So is one that thaws nothing, or that no epoch reaches.
 * @throws UserError with all faults of all the plans
 */
export function planThaw(
  network: Network,
  head: HeadLayer,
  phase: PhaseName,
  options: PlanOptions & { readonly epochs: number },
  side: number,
): PhasePlan {
  const faults: Fault[] = [];
  const attempt = (freeze: PlanOptions['freeze'], where: string): PhasePlan | undefined => {
    try {
      return planPhase(network, head, phase, { ...options, freeze }, side, where);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      // What is wrong with the rates is wrong in every plan alike.
      faults.push(
        ...error.faults.filter((fault) => !faults.some(({ where, what }) => where === fault.where && what === fault.what)),
      );
      return undefined;
    }
  };
  const first = attempt(options.freeze, `${phase}.freeze`);
  const thaw: Thaw[] = [];
  let before = { epoch: 1, plan: first, where: `${phase}.freeze` };
  for (const [index, { epoch, until }] of (options.thaw ?? []).entries()) {
    const where = `${phase}.thaw.${index}`;
    const plan = attempt({ until }, where);
    faults.push(...epochFaults(epoch, before.epoch, options.epochs, phase, where));
    if (plan !== undefined && before.plan !== undefined)
      faults.push(...orderFaults(plan, before.plan, until, where, before.where));
    if (plan !== undefined) thaw.push({ epoch, plan });
    before = { epoch, plan: plan ?? before.plan, where };
  }
  throwFaults(faults);
  return { ...(first as PhasePlan), thaw };
}

function epochFaults(epoch: number, before: number, epochs: number, phase: PhaseName, where: string): Fault[] {
  if (epoch > epochs)
    return [
      {
        what: 'the phase ends before this epoch',
        where: `${where}.epoch`,
        expected: `at most ${epochs}`,
        found: `${epoch}`,
        mend: `--set ${phase}.epochs=${epoch}, or thaw earlier`,
      },
    ];
  if (epoch > before) return [];
  return [
    {
      what: 'what thaws is listed in the order of the epochs',
      where: `${where}.epoch`,
      expected: `above ${before}`,
      found: `${epoch}`,
    },
  ];
}

function orderFaults(plan: PhasePlan, before: PhasePlan, until: string, where: string, earlier: string): Fault[] {
  const frozenBefore = new Set(weighted(before).map(({ name }) => name));
  const frozen = weighted(plan);
  const again = frozen.filter(({ name }) => !frozenBefore.has(name));
  const expected = `a boundary below that of ${earlier}`;
  if (again.length > 0)
    return [
      {
        what: `this would freeze ${some(again.map(({ name }) => name))}, which ${again.length === 1 ? 'is' : 'are'} trained before it`,
        where: `${where}.until`,
        expected,
        found: until,
        mend: 'list the boundaries from the highest to the lowest; two phases can freeze differently',
      },
    ];
  if (frozen.length < frozenBefore.size) return [];
  return [{ what: 'this thaws nothing', where: `${where}.until`, expected, found: until, mend: 'leave it out' }];
}

function weighted({ layers }: PhasePlan): PhasePlan['layers'] {
  return layers.filter(({ frozen, variables }) => frozen && variables.length > 0);
}

function some(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more layers`;
}
