import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import type { Program } from '../../src/runtime/program.js';
import type { Values } from '../../src/runtime/session.js';
import { type EpochSummary, type PhaseLoop, type Position, runPhase, START } from '../../src/train/phase.js';

const STEPS = 5;

/** A program that keeps what it was fed; its loss is a function of the feed alone. */
function recorder(loss: (step: number) => number = (step) => 1 / (1 + step), kept?: (step: number) => number) {
  const feeds: Record<string, number[]>[] = [];
  const program = {
    run: (_: string, inputs: Record<string, Values>) => {
      const step = feeds.length;
      feeds.push(Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, [...values].map(Number)])));
      return { loss: Float32Array.of(loss(step)), ...(kept === undefined ? {} : { kept: Float32Array.of(kept(step)) }) };
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
      onStep: () => {},
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

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('ends with an error that says where when the loss is %d', async (loss) => {
    const { program } = recorder((step) => (step === 6 ? loss : 1));
    const failed = await runPhase(loop(program).loop, START).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(UserError);
    expect((failed as UserError).message).toContain('epoch 2, step 7 of the phase');
    expect((failed as UserError).message).toContain('classification.rate');
  });
});
