import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { semiHard } from '../../src/miners/semi-hard.js';
import { createOptimizer, type OptimizerOptions } from '../../src/optimizers/registry.js';
import type { Engine } from '../../src/runtime/program.js';
import { classificationObjective, tripletObjective } from '../../src/train/objectives.js';
import { createTrainer } from '../../src/train/trainer.js';
import { denseHead, planPhase } from '../../src/transfer/plan.js';
import { BATCH, formulaHead, formulaNetwork, formulaPixels, formulaWeights, LABELS, SIDE } from './formula.js';

const form = vi.hoisted(() => ({ writtenFor: 'processor' as 'processor' | 'card', bitExact: false }));
vi.mock('../../src/runtime/written-for.js', () => form);

interface Golden {
  phase: 'classification' | 'triplet';
  optimizer: 'sgd' | 'adam' | 'adamw';
  batchNorm: 'frozen' | 'train';
  clipNorm: number | null;
  steps: { loss: number; kept: number }[];
  sums: Record<string, [sum: number, absolute: number]>;
}

const goldens = JSON.parse(readFileSync(new URL('../golden/train-step.json', import.meta.url), 'utf8')) as Golden[];

const optimizers: Record<Golden['optimizer'], OptimizerOptions> = {
  sgd: { name: 'sgd', momentum: 0.9 },
  adam: { name: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  adamw: { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
};

/** The golden's steps by one of our engines. */
function run(
  golden: Pick<Golden, 'phase' | 'optimizer' | 'batchNorm' | 'clipNorm'>,
  engine: Engine,
  { steps = 20, dropout = 0, base = 1e-2, xla = false } = {},
) {
  const network = formulaNetwork();
  const outputs = golden.phase === 'classification' ? 5 : 6;
  const head = formulaHead(outputs);
  const plan = planPhase(
    network,
    denseHead(8, outputs),
    golden.phase,
    {
      freeze: { until: 'conv1' },
      batchNorm: golden.batchNorm,
      rate: 1e-2,
      newLayers: 10,
      decay: 1,
      multipliers: [{ match: 'conv2_a*', by: 0.5 }],
      optimizer: { weightDecay: 5e-3 },
    },
    SIDE,
  );
  const { program, names } = createTrainer({
    engine,
    xla,
    network,
    plan,
    optimizer: createOptimizer(optimizers[golden.optimizer]),
    clipNorm: golden.clipNorm,
    objective:
      golden.phase === 'classification'
        ? classificationObjective({ dropout, smoothing: 0 })
        : tripletObjective({ miner: semiHard, margin: 0.2, distance: 'euclidean', reduction: 'kept' }),
    weights: formulaWeights(network, head),
    batch: BATCH,
    featureBatch: 4,
    side: SIDE,
  });
  let updates = 0;
  const history = Array.from({ length: steps }, (_, step) => {
    const result = program.run('step', {
      pixels: formulaPixels(step),
      labels: LABELS,
      rate: Float32Array.of(base * Math.min(1, (step + 1) / 2)),
      step: Float32Array.of(updates + 1),
      seed: Int32Array.of(7, step),
    });
    if (Number(result.kept?.[0] ?? 1) > 0) updates++;
    return { loss: Number(result.loss?.[0]), kept: result.kept === undefined ? -1 : Number(result.kept[0]) };
  });
  const values = program.read(names.all) as Record<string, Float32Array>;
  program.close();
  return { history, values, variables: names.variables };
}

const title = ({ phase, optimizer, batchNorm, clipNorm }: Golden) =>
  `${phase}, ${optimizer}, BatchNorm ${batchNorm}${clipNorm === null ? '' : `, clipped at ${clipNorm}`}`;

const forCards = [goldens.find(({ phase }) => phase === 'classification'), goldens.findLast(({ phase }) => phase === 'triplet')];

describe.each(goldens.map((golden) => ({ name: title(golden), golden })))('20 steps of $name', ({ golden }) => {
  /** Runs for a processor that were made already, by engine and rate. */
  const atRate = new Map<string, ReturnType<typeof run>>();
  afterEach(() => {
    Object.assign(form, { writtenFor: 'processor', bitExact: false });
  });

  it.each([
    ['traced', 'processor', ''],
    ['eager', 'processor', ''],
    // A golden of each phase: compiling takes seconds.
    ...(forCards.includes(golden)
      ? ([
          ['traced', 'card', ''],
          ['traced', 'card', 'deterministic'],
          ['traced', 'card', 'compiled by XLA'],
        ] as const)
      : []),
  ] as const)('give the losses, triplets and weights of PyTorch (%s, for a %s, %s)', (engine, writtenFor, how) => {
    Object.assign(form, { writtenFor, bitExact: how === 'deterministic' });
    const made = run(golden, engine, { xla: how === 'compiled by XLA' });
    if (writtenFor === 'processor') atRate.set(`${engine} 0.01`, made);
    const { history, values, variables } = made;
    for (const [step, { loss, kept }] of golden.steps.entries()) {
      expect(history[step]?.kept, `triplets at step ${step}`).toBe(kept);
      expect(Math.abs((history[step]?.loss as number) - loss), `loss at step ${step}`).toBeLessThan(2e-4 * Math.max(loss, 0.01));
    }
    for (const name of variables) {
      const [sum, absolute] = golden.sums[name] as [number, number];
      const own = (values[name] as Float32Array).reduce((total, value) => total + value, 0);
      expect(Math.abs(own - sum), name).toBeLessThan(5e-4 * absolute);
    }
  });

  it('are the same in both engines, loss by loss to 1e-5', () => {
    // Adam divides by the root of the squared gradient: at the golden's rate (0.1 for the head) the last bit of a gradient near 0
    // becomes a whole step, and any two orders of summation drift apart. At a rate that one trains with they must not.
    const base = golden.optimizer === 'sgd' ? 1e-2 : 1e-3;
    const of = (engine: Engine) => atRate.get(`${engine} ${base}`) ?? run(golden, engine, { base });
    const [traced, eager] = [of('traced'), of('eager')];
    for (const [step, { loss }] of eager.history.entries()) {
      expect(Math.abs((traced.history[step]?.loss as number) - loss), `loss at step ${step}`).toBeLessThanOrEqual(
        1e-5 * Math.max(Math.abs(loss), 1e-3),
      );
    }
    for (const [name, values] of Object.entries(eager.values)) {
      const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
      const apart = values.reduce(
        (most, value, at) => Math.max(most, Math.abs(value - (traced.values[name]?.[at] as number))),
        0,
      );
      expect(apart, name).toBeLessThanOrEqual(1e-5 * scale);
    }
  });
});

describe('a training step', () => {
  const sgd = { phase: 'classification', optimizer: 'sgd', batchNorm: 'frozen', clipNorm: null } as const;

  it('leaves every frozen variable and statistic as it was, to the last bit', () => {
    const { values } = run(sgd, 'traced', { steps: 3 });
    const network = formulaNetwork();
    for (const name of ['conv1/kernel', 'conv1/bias', 'conv2_a_bn/mean', 'conv2_a_bn/variance', 'conv3_dw_bn/mean']) {
      expect(values[name], name).toEqual(network.variables.get(name)?.values);
    }
    expect(values['conv2_a/kernel']).not.toEqual(network.variables.get('conv2_a/kernel')?.values);
  });

  it('drops the same features in both engines and others at the next step', () => {
    const [traced, eager] = [run(sgd, 'traced', { steps: 6, dropout: 0.5 }), run(sgd, 'eager', { steps: 6, dropout: 0.5 })];
    for (const [step, { loss }] of eager.history.entries()) expect(traced.history[step]?.loss).toBeCloseTo(loss, 5);
    const without = run(sgd, 'traced', { steps: 6 });
    expect(
      traced.history.filter(({ loss }, step) => Math.abs(loss - (without.history[step]?.loss as number)) > 1e-3),
    ).toHaveLength(6);
  });

  it('gives bit-equal weights when it is run again', () => {
    expect(run(sgd, 'traced', { steps: 8, dropout: 0.2 }).values).toEqual(run(sgd, 'traced', { steps: 8, dropout: 0.2 }).values);
  });

  it.each(['traced', 'eager'] as const)(
    "measures each stage's gradient and movement as a loop over the weights does (%s)",
    (engine) => {
      // SGD without momentum at rate 1 and no decay: the update is the gradient times the multiplier, so both can be read off.
      const { network, plan, program, feed, names } = stepOf(engine, { rate: 1 });
      const before = program.read(names.variables) as Record<string, Float32Array>;
      const outputs = program.run('step', feed);
      const after = program.read(names.variables) as Record<string, Float32Array>;
      program.close();
      for (const stage of ['conv2', 'conv3', 'head']) {
        const variables = plan.variables.filter(
          (variable) => variable.stage === stage && !variable.frozen && !variable.statistic,
        );
        const norm = (of: (name: string, at: number, multiplier: number) => number) =>
          Math.sqrt(
            variables
              .flatMap(({ name, multiplier }) =>
                Array.from(before[name] as Float32Array, (_, at) => of(name, at, multiplier) ** 2),
              )
              .reduce((sum, square) => sum + square, 0),
          );
        const moved = (name: string, at: number) => (after[name]?.[at] as number) - (before[name]?.[at] as number);
        const gradient = norm((name, at, multiplier) => moved(name, at) / multiplier);
        const ratio = norm(moved) / norm((name, at) => before[name]?.[at] as number);
        expect(gradient).toBeGreaterThan(1e-3);
        expect(Number(outputs[`stages/${stage}/gradient_norm`]?.[0]) / gradient).toBeCloseTo(1, 4);
        expect(Number(outputs[`stages/${stage}/update_ratio`]?.[0]) / ratio).toBeCloseTo(1, 4);
      }
      expect(Object.keys(outputs).filter((name) => name.startsWith('stages/conv1'))).toEqual([]);
      expect(network.stages).toContain('conv1');
    },
  );

  it.each(['traced', 'eager'] as const)('that meets NaN changes nothing, not even slots, and says so (%s)', (engine) => {
    const { program, feed, names } = stepOf(engine, { spoil: Number.NaN });
    const before = program.read(names.all);
    const outputs = program.run('step', feed);
    expect([Number(outputs.finite?.[0]), Number(outputs.loss?.[0])]).toEqual([0, Number.NaN]);
    expect(program.read(names.all)).toEqual(before);
    program.close();
  });

  it.each(['traced', 'eager'] as const)("tells how much the features' directions differ (%s)", (engine) => {
    const { program, feed } = stepOf(engine, {});
    const outputs = program.run('step', feed);
    // `features` takes four images at a time; the same network, before the step has moved it.
    const fresh = stepOf(engine, {}).program;
    const bytes = SIDE * SIDE * 3 * 4;
    const rows = [0, 1, 2].flatMap((part) => {
      const pixels = (feed.pixels as Uint8Array).slice(part * bytes, (part + 1) * bytes);
      const features = fresh.run('features', { pixels }).features as Float32Array;
      return [0, 1, 2, 3].map((row) => Array.from(features.subarray(row * 8, (row + 1) * 8)));
    });
    const unit = rows.map((row) => row.map((value) => value / Math.hypot(...row)));
    let squared = 0;
    for (const a of unit)
      for (const b of unit) squared += a.reduce((sum, value, at) => sum + (value - (b[at] as number)) ** 2, 0);
    expect(Number(outputs.spread?.[0])).toBeCloseTo(squared / 2 / BATCH ** 2, 5);
    expect(Number(outputs.spread?.[0])).toBeGreaterThan(1e-3);
    program.close();
    fresh.close();
  });
});

/** One step of SGD without momentum and decay, ready to be run; `spoil` is put into the head. */
function stepOf(engine: Engine, { rate = 1e-2, spoil }: { rate?: number; spoil?: number }) {
  const network = formulaNetwork();
  const head = formulaHead(5);
  if (spoil !== undefined) head.kernel[3] = spoil;
  const plan = planPhase(
    network,
    denseHead(8, 5),
    'classification',
    {
      freeze: { until: 'conv1' },
      batchNorm: 'frozen',
      rate: 1,
      newLayers: 2,
      decay: 1,
      multipliers: [],
      optimizer: { weightDecay: 0 },
    },
    SIDE,
  );
  const trainer = createTrainer({
    engine,
    network,
    plan,
    optimizer: createOptimizer({ name: 'sgd', momentum: 0.9 }),
    clipNorm: null,
    objective: classificationObjective({ dropout: 0, smoothing: 0 }),
    weights: formulaWeights(network, head),
    batch: BATCH,
    featureBatch: 4,
    side: SIDE,
  });
  const feed = {
    pixels: formulaPixels(0),
    labels: LABELS,
    rate: Float32Array.of(rate),
    step: Float32Array.of(1),
    seed: Int32Array.of(7, 0),
  };
  return { network, plan, feed, ...trainer };
}
