import { expect, it } from 'vitest';
import { silent } from '../../src/progress.js';
import { loadRecipe } from '../../src/recipe/load.js';
import { memoryFault, phaseMemory } from '../../src/run/memory.js';
import { planPhases } from '../../src/run/plans.js';
import { topology } from '../bench/networks.js';
import { formulaNetwork } from '../train/formula.js';

const { recipe } = loadRecipe('smoke', {
  sets: ['data.side=512', 'classification.batch=512', 'classification.freeze={until: none}', 'head.dimensions=4', 'triplet=null'],
});
const network = formulaNetwork();
const [plan] = planPhases(recipe, network, 10);

it('refuses a batch that this machine has no memory for, and names one that fits', () => {
  const foreseen = phaseMemory(recipe, network, plan!);
  expect(memoryFault(recipe, network, plan!, foreseen)).toBeNull();
  // A forecast may be a little too high.
  expect(memoryFault(recipe, network, plan!, foreseen / 1.1)).toBeNull();
  const limit = foreseen / 2;
  const fault = memoryFault(recipe, network, plan!, limit);
  expect(fault).toMatchObject({
    where: 'classification.batch',
    expected: `at most ${(limit / 2 ** 30).toFixed(1)} GiB`,
    found: `about ${(foreseen / 2 ** 30).toFixed(1)} GiB for 512 images of 512 pixels`,
  });
  const fits = Number(/classification\.batch=(\d+)$/.exec(fault?.mend ?? '')?.[1]);
  const at = (batch: number) => phaseMemory({ ...recipe, classification: { ...recipe.classification!, batch } }, network, plan!);
  expect(at(fits)).toBeLessThanOrEqual(limit);
  expect(at(fits + 1)).toBeGreaterThan(limit);
});

it('names the recomputation of stages where that would fit', async () => {
  const resnet = await topology('resnet50', silent);
  const [all] = planPhases(recipe, resnet, 10);
  const less = phaseMemory({ ...recipe, checkpoint: 'stage' }, resnet, all!);
  expect(less).toBeLessThan(0.7 * phaseMemory(recipe, resnet, all!));
  expect(memoryFault(recipe, resnet, all!, less)?.mend).toMatch(
    /^--set checkpoint=stage, .*; or --set classification\.batch=\d+$/,
  );
  expect(memoryFault(recipe, resnet, all!, less - 1)?.mend).not.toContain('checkpoint');
  expect(memoryFault({ ...recipe, checkpoint: 'stage' }, resnet, all!, less)).toBeNull();
});

it('says what to do where no batch fits', () => {
  expect(memoryFault(recipe, network, plan!, 1e6)?.mend).toContain('freeze more');
});
