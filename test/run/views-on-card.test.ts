/** Runs whose graphs are written for a card, and whose steps render their views themselves. */
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { UserError } from '../../src/errors.js';
import { silent } from '../../src/progress.js';
import { loadRecipe } from '../../src/recipe/load.js';
import type { Recipe } from '../../src/recipe/schema.js';
import { checkViews, obstacleTo } from '../../src/run/views-on-card.js';
import { openWorkbench, type Workbench } from '../../src/run/workbench.js';
import { type Feed, Session } from '../../src/runtime/session.js';
import type { PhasePlan } from '../../src/transfer/plan.js';
import { apart, LARGE, PLAIN, rendered, VARIED } from './rendered-runs.js';
import { sharedFolder, TINY } from './runs.js';

vi.mock('../../src/runtime/written-for.js', () => ({ writtenFor: 'card', bitExact: false }));

const train = rendered(sharedFolder());

afterEach(() => {
  vi.restoreAllMocks();
});

describe('views that a step renders', () => {
  it('give the numbers of the host to the last bit where images are trained on as they are, and cross once', async () => {
    const keys = [...PLAIN, 'data.augment=none', 'frozenMaps=off', 'classification.evaluateEvery=1'];
    const host = await train('plain-host', [...keys, 'data.augmentOn=host']);
    const feeds: Extract<Feed, { values: unknown }>[] = [];
    const run = Session.prototype.run;
    vi.spyOn(Session.prototype, 'run').mockImplementation(function (this: Session, given, outputs) {
      for (const feed of given) if ('values' in feed) feeds.push(feed);
      return run.call(this, given, outputs);
    });
    const card = await train('plain-card', keys);
    expect(card.weights).toEqual(host.weights);
    expect(card.epochs).toEqual(host.epochs);
    expect(card.epochs.length).toBe(2);
    expect(card.views).toEqual([
      expect.stringMatching(/^classification: views: 0\.1 MiB of images, taken as they are, on the card$/),
    ]);
    expect(host.views).toEqual(['classification: views: rendered on the host (data.augmentOn: host)']);
    expect([host.rendered, card.rendered]).toEqual([[{ epoch: 1, on: 'host' }], [{ epoch: 1, on: 'card' }]]);
    const fed = (name: string) => feeds.filter((feed) => feed.name === name);
    expect(Math.max(...feeds.filter(({ name }) => name.startsWith('step/in/')).map(({ values }) => values.byteLength))).toBe(
      8 * 4,
    );
    // What is looked at between epochs is fed by its places too, and put in with the rest.
    expect(fed('features/in/pixels').some(({ values }) => values instanceof Int32Array)).toBe(true);
    expect(Math.max(...fed('table/decoded/to').map(({ values }) => values[0] as number))).toBe(48);
    expect(fed('step/in/pixels').reduce((sum, { values }) => sum + values.length, 0)).toBeGreaterThan(16);
  });

  it('are the same ones, and give nearly the same weights, where images are varied and mixed', async () => {
    const host = await train('varied-host', [...VARIED, 'data.augmentOn=host']);
    const card = await train('varied-card', VARIED);
    expect(apart(host.weights, card.weights)).toBeLessThan(1e-4);
    expect(card.views).toEqual([expect.stringMatching(/^classification: views: \d\.\d MiB of images, rendered on the card$/)]);
    card.epochs.forEach(({ loss }, at) => {
      expect(Math.abs(loss - host.epochs[at].loss)).toBeLessThan(1e-4);
    });
  });

  it('are looked into where a step is not finite', async () => {
    const message = async (name: string, augmentOn: string) => {
      const keys = [...VARIED, `data.augmentOn=${augmentOn}`, 'classification.rate=100', 'classification.newLayers=1e33'];
      const error = await train(name, keys).catch((caught) => caught);
      expect(error).toBeInstanceOf(UserError);
      return (error as UserError).message.replace(/\S*\/checkpoints/g, '');
    };
    const found = await message('nan-card', 'card');
    expect(found).toMatch(/not finite/);
    expect(found).toBe(await message('nan-host', 'host'));
  });
});

describe('what keeps a card from rendering views', () => {
  let bench: Workbench;
  beforeAll(async () => {
    bench = await openWorkbench(loadRecipe('smoke', { sets: [...TINY, 'frozenMaps=off'] }).recipe, silent);
  });
  const found = (change: (recipe: Recipe) => Recipe, free: number | null = LARGE.card, mapped = false) => {
    const changed = { ...bench, recipe: change(bench.recipe) };
    const plan = bench.plans.get('classification') as PhasePlan;
    return obstacleTo(changed, { phase: 'classification', plan, free, maps: false, mapped })?.found ?? null;
  };
  const varied = (augment: object) => (recipe: Recipe) =>
    ({ ...recipe, data: { ...recipe.data, augment: { ...(recipe.data.augment as object), ...augment } } }) as Recipe;

  it('is said in a few words', () => {
    const same = (recipe: Recipe) => recipe;
    expect(found(same)).toBeNull();
    expect(found(same, null)).toBe('graphs are written for a processor');
    expect(found((recipe) => ({ ...recipe, engine: 'eager' }))).toBe('engine: eager');
    expect(found((recipe) => ({ ...recipe, devices: [0, 1] }))).toBe('devices: [0, 1]');
    expect(found(varied({ blur: { probability: 1, sigma: [1, 2] } }))).toBe('data.augment has blur');
    expect(found(same, LARGE.card, true)).toBe('data.views: 0, of which frozen maps are kept');
    expect(found(same, 2 ** 30)).toMatch(/^0\.\d MiB of images, 1\.0 GiB free on the card$/);
    // More rows than a table can have, on a card that had room for them.
    expect(found((recipe) => ({ ...recipe, data: { ...recipe.data, side: 2 ** 14 } }), 2 ** 60)).toMatch(/ GiB of images, /);
  });

  it('ends a run that wants the card, before anything is trained', () => {
    const wants = (recipe: Recipe): Workbench => ({
      ...bench,
      recipe: { ...recipe, data: { ...recipe.data, augmentOn: 'card' } },
    });
    expect(() => checkViews(wants(bench.recipe), ['classification', 'triplet'], LARGE.card)).not.toThrow();
    expect(() => checkViews(wants(bench.recipe), [], null)).not.toThrow();
    expect(() => checkViews(bench, ['classification'], null)).not.toThrow();
    const message = (() => {
      try {
        checkViews(wants({ ...bench.recipe, engine: 'eager' }), ['classification', 'triplet'], LARGE.card);
      } catch (error) {
        return error instanceof UserError ? error.message : '';
      }
    })();
    expect(message).toBe(
      ['classification', 'triplet']
        .map(
          (phase) =>
            `data.augmentOn: the card cannot render the views of the ${phase} phase\n` +
            '  expected: one card that the images fit on, and changes that a step renders\n' +
            '  found:    engine: eager\n' +
            '  do this:  --set engine=traced; or --set data.augmentOn=auto',
        )
        .join('\n'),
    );
  });
});
