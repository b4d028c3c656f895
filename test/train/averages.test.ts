import { describe, expect, it } from 'vitest';
import { createOptimizer, type OptimizerOptions } from '../../src/optimizers/registry.js';
import type { Engine } from '../../src/runtime/program.js';
import { averageName } from '../../src/train/averages.js';
import { classificationObjective } from '../../src/train/objectives.js';
import type { StepOptions } from '../../src/train/step.js';
import { createTrainer, type Weights } from '../../src/train/trainer.js';
import { denseHead, planPhase } from '../../src/transfer/plan.js';
import { BATCH, formulaHead, formulaNetwork, formulaPixels, formulaWeights, LABELS, SIDE } from './formula.js';

const SGD: OptimizerOptions = { name: 'sgd', momentum: 0.9 };
const ADAM: OptimizerOptions = { name: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-12 };
const ENGINES = ['traced', 'eager'] as const;

/** A classification phase of the small network, with everything trained but what is frozen until `until`. */
function phase(engine: Engine, options: StepOptions & { optimizer?: OptimizerOptions; until?: string; weights?: Weights } = {}) {
  const network = formulaNetwork();
  const head = formulaHead(5);
  const plan = planPhase(
    network,
    denseHead(8, 5),
    'classification',
    {
      freeze: { until: options.until ?? 'conv1' },
      batchNorm: 'train',
      rate: 1e-2,
      newLayers: 1,
      decay: 1,
      multipliers: [],
      optimizer: { weightDecay: 0 },
    },
    SIDE,
  );
  const { optimizer = SGD, ...rest } = options;
  const trainer = createTrainer({
    engine,
    network,
    plan,
    optimizer: createOptimizer(optimizer),
    clipNorm: null,
    objective: classificationObjective({ dropout: 0, smoothing: 0 }),
    batch: BATCH,
    featureBatch: 4,
    side: SIDE,
    ...rest,
    weights: { ...formulaWeights(network, head), ...options.weights },
  });
  const step = (at: number, rate = 1e-2) =>
    trainer.program.run('step', {
      pixels: formulaPixels(at),
      labels: LABELS,
      rate: Float32Array.of(rate),
      step: Float32Array.of(at + 1),
      seed: Int32Array.of(7, at),
    });
  const read = (...names: string[]) => trainer.program.read(names) as Weights;
  const moving = plan.variables.filter(({ frozen }) => !frozen).map(({ name }) => name);
  return { ...trainer, plan, step, read, moving };
}

const furthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a, (value, at) => Math.abs(value - (b[at] as number))).reduce((most, one) => Math.max(most, one), 0);

describe('the running average of the weights', () => {
  it.each(ENGINES)('is what a loop over the weights of each step makes of them, statistics too (%s)', (engine) => {
    // From the sixth step on (1 + t)/(10 + t) is above 0.4 and the decay itself holds.
    const decay = 0.4;
    const { program, moving, step, read } = phase(engine, { ema: decay });
    const own = Object.fromEntries(moving.map((name) => [name, Float64Array.from(read(name)[name] as Float32Array)]));
    expect(moving).toContain('conv3_dw_bn/variance');
    for (let at = 0; at < 9; at++) {
      step(at);
      const t = at + 1;
      const d = Math.min(decay, (1 + t) / (10 + t));
      const weights = read(...moving);
      for (const name of moving)
        own[name]?.forEach((value, i, all) => {
          all[i] = d * value + (1 - d) * (weights[name]?.[i] as number);
        });
    }
    const averages = read(...moving.map(averageName));
    for (const name of moving) {
      const average = averages[averageName(name)] as Float32Array;
      expect(furthest(average, own[name] as Float64Array), name).toBeLessThan(1e-5);
      expect(furthest(average, read(name)[name] as Float32Array), name).toBeGreaterThan(1e-5);
    }
    program.close();
  });

  it('changes nothing about the training itself, and none is kept of what is frozen', () => {
    const [without, kept] = [phase('traced'), phase('traced', { ema: 0.9 })];
    for (let at = 0; at < 4; at++) {
      const [{ loss }, other] = [without.step(at), kept.step(at)];
      expect(other.loss).toEqual(loss);
    }
    expect(kept.read(...kept.names.variables)).toEqual(without.read(...without.names.variables));
    const averages = kept.names.all.filter((name) => name.endsWith('/average'));
    expect(averages.sort()).toEqual(kept.moving.map(averageName).sort());
    expect(averages).not.toContain('conv1/kernel/average');
    without.program.close();
    kept.program.close();
  });

  it.each(ENGINES)('is what is judged: its features are those of a network that has the averages as weights (%s)', (engine) => {
    const { program, judged, names, step } = phase(engine, { ema: 0.9 });
    for (let at = 0; at < 4; at++) step(at);
    const weights = judged.read(names.variables) as Weights;
    expect(weights['head/kernel']).toEqual(program.read(['head/kernel/average'])['head/kernel/average']);
    const plain = phase(engine, { weights });
    const pixels = formulaPixels(1).slice(0, 4 * SIDE * SIDE * 3);
    const features = judged.run('features', { pixels }).features as Float32Array;
    expect(furthest(features, plain.program.run('features', { pixels }).features as Float32Array)).toBeLessThan(1e-6);
    const last = phase(engine, { weights: program.read(names.variables) as Weights });
    expect(furthest(features, last.program.run('features', { pixels }).features as Float32Array)).toBeGreaterThan(1e-4);
    for (const one of [program, plain.program, last.program]) one.close();
  });

  it.each(ENGINES)('stays where it is in a step that meets NaN (%s)', (engine) => {
    const head = formulaHead(5);
    head.kernel[0] = Number.NaN;
    const { program, names, step } = phase(engine, { ema: 0.9, weights: { 'head/kernel': head.kernel } });
    const before = program.read(names.all);
    expect(Number(step(0).finite?.[0])).toBe(0);
    expect(program.read(names.all)).toEqual(before);
    program.close();
  });

  it('starts at the weights of a layer that thaws, and goes on from its own values elsewhere', () => {
    const first = phase('traced', { ema: 0.9, until: 'conv2' });
    for (let at = 0; at < 3; at++) first.step(at);
    const state = first.read(...first.names.all);
    const second = phase('traced', { ema: 0.9, weights: state });
    // As a segment does: slots and averages that there are go on.
    const slots = second.names.all.filter((name) => !second.names.variables.includes(name) && state[name] !== undefined);
    second.program.write(Object.fromEntries(slots.map((name) => [name, state[name] as Float32Array])));
    const now = second.read(...second.names.all);
    expect(now['conv2_a/kernel/average']).toEqual(formulaNetwork().variables.get('conv2_a/kernel')?.values);
    expect(now['head/kernel/average']).toEqual(state['head/kernel/average']);
    expect(now['head/kernel/average']).not.toEqual(now['head/kernel']);
    first.program.close();
    second.program.close();
  });
});

describe('a variable that thaws under Adam', () => {
  it.each(ENGINES)(
    'takes a first step of its rate, as in a phase that begins; counted from the start it would leap (%s)',
    (engine) => {
      const updates = 2000;
      const moved = (trainedFrom: Record<string, number>) => {
        const { program, step, read } = phase(engine, { optimizer: ADAM, trainedFrom });
        const before = read('conv2_a/kernel', 'head/kernel');
        const gradient = step(updates, 1e-3);
        expect(Number(gradient.finite?.[0])).toBe(1);
        const after = read('conv2_a/kernel', 'head/kernel');
        program.close();
        const size = (name: string) => furthest(before[name] as Float32Array, after[name] as Float32Array);
        return [size('conv2_a/kernel'), size('head/kernel')];
      };
      // m̂/√v̂ of the first gradient is its sign; with t = 2001 instead of 1 it is 0.1/(1 − 0.9ᵗ) · √((1 − 0.999ᵗ)/0.001) times that.
      const leap = 1e-3 * (0.1 / (1 - 0.9 ** (updates + 1))) * Math.sqrt((1 - 0.999 ** (updates + 1)) / 0.001);
      const [thawed, old] = moved({ 'conv2_a/kernel': updates }) as [number, number];
      expect(thawed).toBeCloseTo(1e-3, 6);
      expect(old).toBeCloseTo(leap, 6);
      expect((moved({}) as [number, number])[0]).toBeCloseTo(leap, 6);
      expect(leap).toBeGreaterThan(2.9e-3);
    },
  );
});
