import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { denseHead, type PhasePlan, type PlanOptions, planPhase } from '../../src/transfer/plan.js';
import { smallNetwork } from './small-network.js';

const base: PlanOptions = {
  freeze: { until: 'conv1' },
  batchNorm: 'frozen',
  rate: 0.01,
  newLayers: 10,
  multipliers: [],
  decay: 1,
  optimizer: { weightDecay: 5e-4 },
};

function plan(options: Partial<PlanOptions> = {}): PhasePlan {
  return planPhase(smallNetwork(), denseHead(8, 5), 'classification', { ...base, ...options }, 32);
}

const frozen = (phase: PhasePlan) => phase.layers.filter((layer) => layer.frozen).map((layer) => layer.name);
const rates = (phase: PhasePlan) =>
  Object.fromEntries(phase.layers.filter((layer) => layer.variables.length > 0).map((layer) => [layer.name, layer.rate]));
const variable = (phase: PhasePlan, name: string) => phase.variables.find((candidate) => candidate.name === name);

function faultsOf(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) return error.faults;
    throw error;
  }
  return [];
}

describe('the plan of a phase', () => {
  it('counts trained, frozen and statistic parameters as by hand', () => {
    // conv1 3·3·3·4 + 4 = 112; conv2_a 24 + bn 12 (+ 12 statistics); conv3: 54 + bn 12 (+ 12) + 48 + 48; head 8·5 + 5 = 45.
    expect(plan().totals).toEqual({
      parameters: 112 + 24 + 24 + 54 + 24 + 96 + 45,
      trainable: 24 + 12 + 54 + 12 + 96 + 45,
      frozen: 112,
      statistics: 24,
    });
  });

  it('gives the head ten times the rate, and the same rate to all that is not frozen', () => {
    expect(rates(plan())).toEqual({
      conv1: null,
      conv2_a: 0.01,
      conv2_a_bn: 0.01,
      conv3_dw: 0.01,
      conv3_dw_bn: 0.01,
      conv3_proj: 0.01,
      conv3_b: 0.01,
      head: 0.1,
    });
  });

  it('decays kernels alone, and nothing that is frozen', () => {
    const decays = plan()
      .variables.filter((candidate) => candidate.weightDecay > 0)
      .map((candidate) => candidate.name);
    expect(decays).toEqual(['conv2_a/kernel', 'conv3_dw/kernel', 'conv3_proj/kernel', 'conv3_b/kernel', 'head/kernel']);
    expect(variable(plan(), 'conv2_a/kernel')?.weightDecay).toBe(5e-4);
  });

  it('trains γ and β beside frozen statistics', () => {
    expect(variable(plan(), 'conv2_a_bn/gamma')).toMatchObject({
      frozen: false,
      multiplier: 1,
      weightDecay: 0,
      statistic: false,
    });
    expect(variable(plan(), 'conv2_a_bn/mean')).toMatchObject({ frozen: true, multiplier: 0, weightDecay: 0, statistic: true });
    expect(plan().layers.find((layer) => layer.name === 'conv2_a_bn')?.batchNorm).toBe('frozen');
  });

  it('lets statistics move, never by the optimizer, where BatchNorm is trained above the frozen part', () => {
    const trained = plan({ batchNorm: 'train', freeze: { until: 'conv2' } });
    expect(variable(trained, 'conv3_dw_bn/variance')).toMatchObject({ frozen: false, multiplier: 0, statistic: true });
    expect(variable(trained, 'conv2_a_bn/variance')).toMatchObject({ frozen: true });
    expect(trained.layers.map((layer) => layer.batchNorm).filter((mode) => mode !== null)).toEqual(['frozen', 'train']);
  });

  it('lowers the rate stage by stage from the highest', () => {
    const phase = plan({ decay: 0.5, freeze: { until: 'none' }, newLayers: 3 });
    expect(rates(phase)).toEqual({
      conv1: 0.0025,
      conv2_a: 0.005,
      conv2_a_bn: 0.005,
      conv3_dw: 0.01,
      conv3_dw_bn: 0.01,
      conv3_proj: 0.01,
      conv3_b: 0.01,
      head: 0.03,
    });
  });

  it('takes the first multiplier that matches, over decay and newLayers', () => {
    const multipliers = [
      { match: 'conv3_proj', by: 4 },
      { match: 'conv3', by: 2 },
      { match: '*_bn', by: 0.5 },
      { match: 'head', by: 7 },
    ];
    const phase = plan({ decay: 0.1, multipliers });
    const expected: Record<string, number> = {
      conv2_a: 0.1,
      conv2_a_bn: 0.5,
      conv3_dw: 2,
      conv3_dw_bn: 2,
      conv3_proj: 4,
      conv3_b: 2,
      head: 7,
    };
    for (const [layer, multiplier] of Object.entries(expected)) {
      const found = phase.variables.find((candidate) => candidate.layer === layer && !candidate.statistic);
      expect(found?.multiplier, layer).toBeCloseTo(multiplier, 12);
    }
  });

  it('shows shapes at the side that is trained at', () => {
    const shapes = Object.fromEntries(plan().layers.map((layer) => [layer.name, layer.outputShape]));
    expect(shapes).toMatchObject({
      input: [32, 32, 3],
      conv1: [16, 16, 4],
      pool1: [8, 8, 4],
      conv2_a: [8, 8, 6],
      conv3_dw: [4, 4, 6],
      conv3_add: [4, 4, 8],
      head: [5],
    });
  });
});

describe('freezing', () => {
  it('takes everything up to and including a stage', () => {
    expect(frozen(plan({ freeze: { until: 'conv2' } }))).toEqual([
      'input',
      'conv1',
      'pool1',
      'conv2_a',
      'conv2_a_bn',
      'conv2_a_relu',
    ]);
  });

  it('takes everything up to and including a layer, in topological order', () => {
    expect(frozen(plan({ freeze: { until: 'conv3_proj' } })).slice(-3)).toEqual(['conv3_dw', 'conv3_dw_bn', 'conv3_proj']);
    expect(plan({ freeze: { until: 'conv3_proj' } }).layers.find((layer) => layer.name === 'conv3_b')?.frozen).toBe(false);
  });

  it('can take nothing, or the whole backbone', () => {
    expect(frozen(plan({ freeze: { until: 'none' } }))).toEqual([]);
    expect(
      plan({ freeze: { until: 'all' } })
        .layers.filter((layer) => !layer.frozen)
        .map((layer) => layer.name),
    ).toEqual(['head']);
  });

  it('takes exactly what the names and globs of only match', () => {
    expect(frozen(plan({ freeze: { only: ['conv3_{dw,proj}', 'conv1'] } }))).toEqual(['conv1', 'conv3_dw', 'conv3_proj']);
  });

  it('refuses to freeze everything, the head too', () => {
    const [fault] = faultsOf(() => plan({ freeze: { only: ['*'] } }));
    expect(fault).toMatchObject({
      what: 'everything is frozen, the head too: nothing is left to train',
      where: 'classification.freeze',
    });
    expect(faultsOf(() => plan({ freeze: { until: 'head' } }))).toHaveLength(1);
  });

  it('names the choices and the nearest one for a boundary that does not exist', () => {
    const [fault] = faultsOf(() => plan({ freeze: { until: 'conv33' } }));
    expect(fault).toEqual({
      what: "there is no stage or layer 'conv33'",
      where: 'classification.freeze.until',
      expected:
        'none, all, a stage or a layer: a stage (conv1, conv2, conv3, head), a layer (input, conv1, pool1, conv2_a, conv2_a_bn, conv2_a_relu, ' +
        'conv3_dw, conv3_dw_bn, conv3_proj, conv3_b, conv3_add, head) or a glob over layer names',
      mend: "did you mean 'conv3'?",
    });
  });

  it('says that a glob is no boundary', () => {
    const [fault] = faultsOf(() => plan({ freeze: { until: 'conv3*' } }));
    expect(fault?.what).toBe("'conv3*' is a pattern, and a boundary is one place");
  });

  it('reports every selector that means nothing, of freezing and of rates, at once', () => {
    const faults = faultsOf(() =>
      plan({
        freeze: { only: ['conv9*', 'conv1', 'pool1'] },
        multipliers: [
          { match: 'conv2', by: 1 },
          { match: 'cnov3', by: 1 },
        ],
      }),
    );
    expect(faults.map((fault) => [fault.where, fault.what])).toEqual([
      ['classification.freeze.only', "no layer matches 'conv9*'"],
      ['classification.freeze.only', "'pool1' matches only layers without weights"],
      ['classification.multipliers.1.match', "there is no stage or layer 'cnov3'"],
    ]);
    expect(faults[2]?.mend).toBe("did you mean 'conv3'?");
  });

  it('refuses a layer whose stage the network does not list', () => {
    const network = { ...smallNetwork(), stages: ['conv1', 'conv2', 'conv4'] };
    const [fault] = faultsOf(() => planPhase(network, denseHead(8, 5), 'triplet', base, 32));
    expect(fault).toMatchObject({
      what: "unknown stage 'conv3'",
      where: "layer 'conv3_dw' of small",
      expected: 'conv1, conv2, conv4',
    });
  });
});
