import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { denseHead, type PhasePlan, type PlanOptions } from '../../src/transfer/plan.js';
import { planThaw } from '../../src/transfer/thaw.js';
import { smallNetwork } from './small-network.js';

const options = {
  freeze: { until: 'all' },
  batchNorm: 'train',
  rate: 1e-2,
  newLayers: 10,
  decay: 0.5,
  multipliers: [],
  optimizer: { weightDecay: 5e-4 },
  epochs: 5,
} as const;

const plan = (more: Partial<PlanOptions>): PhasePlan =>
  planThaw(smallNetwork(), denseHead(8, 9), 'classification', { ...options, ...more }, 32);
const trained = ({ layers }: PhasePlan) => layers.filter(({ rate }) => rate !== null).map(({ name, rate }) => [name, rate]);

function faultsOf(more: Partial<PlanOptions>): string[] {
  try {
    plan(more);
  } catch (error) {
    if (error instanceof UserError) return error.faults.map(({ where, what, found }) => `${where}: ${what} (${found})`);
    throw error;
  }
  return [];
}

describe('gradual unfreezing', () => {
  it('is one plan from each epoch on, each with the rates that a phase frozen so from the start would have', () => {
    const whole = plan({
      thaw: [
        { epoch: 2, until: 'conv2' },
        { epoch: 4, until: 'none' },
      ],
    });
    expect(trained(whole)).toEqual([['head', 0.1]]);
    expect(whole.thaw.map(({ epoch }) => epoch)).toEqual([2, 4]);
    for (const [index, until] of ['conv2', 'none'].entries())
      expect(whole.thaw[index]?.plan).toEqual(plan({ freeze: { until } }));
    expect(trained(whole.thaw[1]?.plan as PhasePlan)).toContainEqual(['conv1', 0.01 / 4]);
    // The statistics of BatchNorm begin to move with the layers that they belong to.
    const statistic = (of: PhasePlan) => of.variables.find(({ name }) => name === 'conv3_dw_bn/mean')?.frozen;
    expect([statistic(whole), statistic(whole.thaw[0]?.plan as PhasePlan)]).toEqual([true, false]);
  });

  it('goes on from a list of frozen layers too, where it thaws some of them and no others', () => {
    const only = { freeze: { only: ['conv1', 'conv2_a'] } };
    expect(plan({ ...only, thaw: [{ epoch: 3, until: 'conv1' }] }).thaw).toHaveLength(1);
    expect(faultsOf({ ...only, thaw: [{ epoch: 3, until: 'conv2' }] })).toEqual([
      'classification.thaw.0.until: this would freeze conv2_a_bn, which is trained before it (conv2)',
    ]);
  });

  it('is refused, all faults at once, where it freezes again, thaws nothing, names nothing, or comes in no order', () => {
    const thaw = [
      { epoch: 3, until: 'conv2' },
      { epoch: 3, until: 'conv3' },
      { epoch: 4, until: 'conv3' },
      { epoch: 2, until: 'conv9' },
      { epoch: 6, until: 'none' },
    ];
    expect(faultsOf({ freeze: { until: 'conv2' }, thaw })).toEqual([
      'classification.thaw.0.until: this thaws nothing (conv2)',
      'classification.thaw.1.epoch: what thaws is listed in the order of the epochs (3)',
      'classification.thaw.1.until: this would freeze conv3_dw, conv3_dw_bn and 2 more layers, which are trained before it (conv3)',
      'classification.thaw.2.until: this thaws nothing (conv3)',
      "classification.thaw.3.until: there is no stage or layer 'conv9' (undefined)",
      'classification.thaw.3.epoch: what thaws is listed in the order of the epochs (2)',
      'classification.thaw.4.epoch: the phase ends before this epoch (6)',
    ]);
  });

  it('says what is wrong with the rates once, not for each plan', () => {
    expect(faultsOf({ multipliers: [{ match: 'fc', by: 2 }], thaw: [{ epoch: 2, until: 'conv1' }] })).toHaveLength(1);
  });
});
