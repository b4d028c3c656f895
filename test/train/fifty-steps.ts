import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { NetworkName } from '../bench/network-names.js';
import { benchTraining } from '../bench/training.js';

interface Golden {
  network: NetworkName;
  until: string;
  rate: number;
  trainable: number;
  losses: number[];
}

const goldens = JSON.parse(readFileSync(new URL('../golden/fifty-steps.json', import.meta.url), 'utf8')) as Golden[];

/** Relative. The last digits of two orders of summation grow from step to step. */
const bound = (step: number) => (step < 10 ? 1e-5 : step < 20 ? 2e-4 : 1e-3);

/** Holds fifty steps of the goldens, every nth of them, to PyTorch's losses. */
export function holdToPyTorch(every: number): void {
  describe.each(goldens.filter((_, at) => at % every === 0))(
    '50 steps of $network, frozen: $until',
    ({ network, until, rate, trainable, losses }) => {
      it('give the losses of PyTorch', async () => {
        const training = await benchTraining({
          network,
          until,
          rate,
          batch: 8,
          side: 64,
          classes: 797,
          dropout: 0,
          maps: false,
          precision: 'fp32',
        });
        expect(training.trainable).toBe(trainable);
        for (const [step, loss] of losses.entries())
          expect(Math.abs((training.steps(step)[0] as number) / loss - 1), `loss at step ${step}`).toBeLessThan(bound(step));
        training.close();
        // There was something to hold it to: the loss has fallen far.
        expect(losses).toHaveLength(50);
        expect(losses.at(-1)).toBeLessThan(0.35 * (losses[0] as number));
      });
    },
  );
}
