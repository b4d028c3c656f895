/** Runs whose steps render their views, cut off, moved to the host, compiled, and in bfloat16. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { apart, LARGE, rendered, SMALL, VARIED } from './rendered-runs.js';
import { onlyRun, sharedFolder } from './runs.js';

vi.mock('../../src/runtime/written-for.js', () => ({ writtenFor: 'card', bitExact: false }));

const root = sharedFolder();
const train = rendered(root);

describe('views that a step renders', () => {
  let whole: Awaited<ReturnType<typeof train>>;
  beforeAll(async () => {
    whole = await train('whole', VARIED);
  });

  const stopped = async (name: string, sitting = {}) => {
    await expect(train(name, VARIED, { killed: 7, saveEvery: 0, ...sitting })).rejects.toThrow('killed');
    return onlyRun(join(root, name));
  };

  it('do not keep a killed run from going on to the same bits', async () => {
    const resumed = await train('killed', VARIED, { resume: await stopped('killed') });
    expect(resumed).toEqual(whole);
  });

  it('are gone on with on the host where the card has no room any more, which is said and written down', async () => {
    const moved = await train('moved', VARIED, { resume: await stopped('moved'), freeOnCard: SMALL });
    expect(moved.views).toEqual([
      expect.stringMatching(
        /^classification: views: rendered on the host \(0\.\d MiB of images, 1\.0 GiB free on the card\); until here on the card, whose bytes may differ by a level$/,
      ),
    ]);
    expect(moved.rendered.map(({ on }: { on: string }) => on)).toEqual(['card', 'host']);
    expect(apart(whole.weights, moved.weights)).toBeLessThan(1e-4);
  });

  it('stay on the host where a run was begun there', async () => {
    const host = await train('host', [...VARIED, 'data.augmentOn=host']);
    const begun = await stopped('begun', { freeOnCard: SMALL });
    const resumed = await train('begun', VARIED, { resume: begun, freeOnCard: LARGE });
    expect(resumed.views).toEqual(['classification: views: rendered on the host (as before this run was stopped)']);
    expect(resumed.weights).toEqual(host.weights);
    expect(resumed.rendered).toEqual([{ epoch: 1, on: 'host' }]);
  });

  it.each([
    ['xla=true', 1e-4],
    ['precision=bf16', 1e-3],
  ])('give nearly the weights of the host with %s', async (key, bound) => {
    const [card, host] = [
      await train(`card-${key}`, [...VARIED, key]),
      await train(`host-${key}`, [...VARIED, key, 'data.augmentOn=host']),
    ];
    expect([card.rendered, host.rendered]).toEqual([[{ epoch: 1, on: 'card' }], [{ epoch: 1, on: 'host' }]]);
    expect(apart(host.weights, card.weights)).toBeLessThan(bound);
  });
});
