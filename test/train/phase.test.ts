import { describe, expect, it } from 'vitest';
import type { Program } from '../../src/runtime/program.js';
import type { Values } from '../../src/runtime/session.js';
import { Collapsed, type CollapseWatch } from '../../src/train/collapse.js';
import { type EpochSummary, type PhaseLoop, type Position, runPhase, START } from '../../src/train/phase.js';

const STEPS = 5;

/** A program that keeps what it was fed; its loss is a function of the feed alone. */
function recorder(
  loss: (step: number) => number = (step) => 1 / (1 + step),
  kept?: (step: number) => number,
  more: (step: number) => Record<string, number> = () => ({}),
) {
  const feeds: Record<string, number[]>[] = [];
  const program = {
    run: (_: string, inputs: Record<string, Values>) => {
      const step = feeds.length;
      feeds.push(Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, [...values].map(Number)])));
      const figures = { loss: loss(step), ...(kept === undefined ? {} : { kept: kept(step) }), ...more(step) };
      return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Float32Array.of(value)]));
    },
  } as unknown as Program;
  return { program, feeds };
}

function loop(program: Program, over: Partial<PhaseLoop> = {}): { loop: PhaseLoop; epochs: EpochSummary[]; stops: Position[] } {
  const epochs: EpochSummary[] = [];
  const stops: Position[] = [];
  return {
    epochs,
    stops,
    loop: {
      name: 'classification',
      program,
      epochs: 3,
      stepsPerEpoch: STEPS,
      seed: 9,
      now: () => 0,
      labelOf: (sample) => sample % 4,
      batches: async function* (epoch, fromStep) {
        for (let step = fromStep; step < STEPS; step++)
          yield { pixels: Uint8Array.of(epoch, step), indices: Int32Array.of(epoch * 10 + step, step) };
      },
      rateAt: (step) => step / 8,
      watch: { margin: null, distance: 'euclidean', classes: 4 },
      onStep: () => {},
      onNotFinite: () => {
        throw new Error('every number is finite here');
      },
      onEpoch: async (summary) => void epochs.push(summary),
      stopped: () => false,
      onStop: async (position) => void stops.push(position),
      ...over,
    },
  };
}

describe('the loop of a phase', () => {
  it('feeds each step its bytes, classes, rate, number and seed', async () => {
    const { program, feeds } = recorder();
    expect(await runPhase(loop(program).loop, START)).toBe(true);
    expect(feeds).toHaveLength(15);
    expect(feeds[7]).toEqual({ pixels: [1, 2], labels: [12 % 4, 2], rate: [7 / 8], step: [8], seed: [9, 7] });
  });

  it('averages the figures over the steps of an epoch', async () => {
    const { program } = recorder((step) => step);
    const { loop: phase, epochs } = loop(program);
    await runPhase(phase, START);
    expect(epochs.map(({ epoch, steps, figures }) => [epoch, steps, figures.loss])).toEqual([
      [1, 5, 2],
      [2, 5, 7],
      [3, 5, 12],
    ]);
  });

  it.each([1, 4, 5, 6, 9, 12])('goes on after a stop at step %i as if it had never stopped', async (stop) => {
    const whole = recorder();
    await runPhase(loop(whole.program).loop, START);
    const parts = recorder();
    let taken = 0;
    const first = loop(parts.program, { onStep: () => void taken++, stopped: () => taken === stop });
    expect(await runPhase(first.loop, START)).toBe(false);
    const second = loop(parts.program);
    expect(await runPhase(second.loop, JSON.parse(JSON.stringify(first.stops[0])) as Position)).toBe(true);
    expect(parts.feeds).toEqual(whole.feeds);
    expect([...first.epochs, ...second.epochs].map(({ figures }) => figures)).toEqual(
      [0, 1, 2].map((epoch) => ({
        loss: expect.closeTo([0, 1, 2, 3, 4].reduce((sum, step) => sum + 1 / (1 + epoch * 5 + step), 0) / 5, 6),
      })),
    );
  });

  it('counts a batch without a triplet and does not count it as an update', async () => {
    const { program, feeds } = recorder(
      () => 0.5,
      (step) => (step % 5 === 1 ? 0 : 3),
    );
    const { loop: phase, epochs } = loop(program);
    await runPhase(phase, START);
    expect(epochs.map(({ skipped }) => skipped)).toEqual([1, 1, 1]);
    // `step` is the number of the update (Adam's t): it stands still after a skipped batch.
    expect(feeds.slice(0, 8).map(({ step }) => step?.[0])).toEqual([1, 2, 2, 3, 4, 5, 6, 6]);
  });

  it('hands a step that met NaN to whoever finds out why, with its feed, and does not count it', async () => {
    const { program, feeds } = recorder(
      (step) => (step === 6 ? Number.NaN : 1),
      undefined,
      (step) => (step === 6 ? { finite: 0 } : { finite: 1 }),
    );
    const told: unknown[] = [];
    const { loop: phase } = loop(program, {
      onNotFinite: ({ epoch, stepOfEpoch, step }, feed, { loss }) => {
        told.push([epoch, stepOfEpoch, step, [...(feed.step as Float32Array)], loss]);
        throw new Error('found');
      },
    });
    await expect(runPhase(phase, START)).rejects.toThrow('found');
    expect(told).toEqual([[1, 1, 6, [7], Number.NaN]]);
    expect(feeds).toHaveLength(7);
  });

  it("looks at the stages' figures in every eighth step of an epoch and averages over those", async () => {
    const asked: boolean[] = [];
    const program = {
      run: (_: string, __: unknown, wanted: (output: string) => boolean) => {
        const look = wanted('stages/conv4/gradient_norm');
        asked.push(look);
        const step = asked.length - 1;
        const figures = { loss: Float32Array.of(1), finite: Float32Array.of(1) };
        if (!look) return figures;
        const stages = { 'stages/conv4/gradient_norm': [step], 'stages/conv4/update_ratio': [step / 4], 'stages/head/x': [2] };
        return { ...figures, ...stages };
      },
    } as unknown as Program;
    const { loop: phase, epochs } = loop(program, {
      epochs: 2,
      stepsPerEpoch: 10,
      batches: async function* (_, fromStep) {
        for (let step = fromStep; step < 10; step++) yield { pixels: Uint8Array.of(0), indices: Int32Array.of(0) };
      },
    });
    await runPhase(phase, START);
    expect(asked.flatMap((look, step) => (look ? [step] : []))).toEqual([0, 8, 10, 18]);
    expect(epochs.map(({ stages, figures }) => [stages.conv4, figures])).toEqual([
      [{ gradient_norm: 4, update_ratio: 1 }, { loss: 1 }],
      [{ gradient_norm: 14, update_ratio: 3.5 }, { loss: 1 }],
    ]);
  });

  describe('that collapses', () => {
    const collapsedFrom = (first: number) =>
      recorder(
        () => 0.2,
        () => 1,
        (step) => ({ negative: step < first ? 1 : 0.001, spread: 0.5 }),
      );
    const watch: CollapseWatch = { margin: 0.2, distance: 'euclidean', classes: null };

    it('is stopped after as many steps in a row as tell it, over the border of an epoch too', async () => {
      const { program, feeds } = collapsedFrom(3);
      const failed = await runPhase(loop(program, { watch }).loop, START).catch((error: unknown) => error);
      expect(failed).toBeInstanceOf(Collapsed);
      expect((failed as Collapsed).collapse).toEqual({
        sign: 'distances',
        value: expect.closeTo(0.001),
        steps: 5,
        epoch: 2,
        step: 8,
      });
      expect(feeds).toHaveLength(8);
    });

    it('is recognised at the same step where it was stopped and went on in between', async () => {
      const { program } = collapsedFrom(3);
      let taken = 0;
      const first = loop(program, { watch, onStep: () => void taken++, stopped: () => taken === 6 });
      await runPhase(first.loop, START);
      const again = runPhase(loop(program, { watch }).loop, JSON.parse(JSON.stringify(first.stops[0])) as Position);
      expect(((await again.catch((error: unknown) => error)) as Collapsed).collapse.step).toBe(8);
    });

    it('for a few steps alone goes on', async () => {
      const { program } = recorder(
        () => 0.2,
        () => 1,
        (step) => ({ negative: step % 5 === 0 ? 1 : 0.001, spread: 0.5 }),
      );
      expect(await runPhase(loop(program, { watch }).loop, START)).toBe(true);
    });
  });
});
