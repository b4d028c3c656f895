import { join } from 'node:path';
import { expect, it } from 'vitest';
import { silent } from '../../src/progress.js';
import { loadRecipe } from '../../src/recipe/load.js';
import { fallenRank } from '../../src/run/fallen-rank.js';
import { pixelSource } from '../../src/run/pixel-source.js';
import { openWorkbench } from '../../src/run/workbench.js';
import { runFolder } from '../../src/train/run-folder.js';
import { weightsOf } from '../../src/train/trainer.js';
import { plain, put } from '../data/images.js';
import { sharedFolder, TINY } from './runs.js';

const root = sharedFolder();

/** What the classification phase of a tiny recipe makes of a rank after an epoch. */
async function verdicts(keys: readonly string[], ranks: readonly number[]) {
  const { recipe } = loadRecipe('smoke', { sets: [...TINY, 'triplet=null', 'head.dimensions=2', ...keys] });
  const bench = await openWorkbench(recipe, silent);
  const { source, close } = pixelSource(bench.decoded, bench.network.features, silent);
  const folder = runFolder(root);
  const context = { bench, source, folder, progress: silent, stopped: () => false, now: () => 0, freeOnCard: null };
  const answers = [];
  for (const rank of ranks) answers.push(await fallenRank('classification', rank, weightsOf(bench.network), context));
  close();
  return answers;
}

/** Photos of plain colours that hardly differ. */
async function alike(classes: number): Promise<string> {
  const folder = join(root, `alike-${classes}`);
  for (let number = 0; number < classes; number++)
    for (let image = 0; image < 4; image++)
      await put(
        folder,
        `${number}/${image}.png`,
        await plain(`rgb(${100 + number}, 120, ${130 + image})`)
          .png()
          .toBuffer(),
      );
  return folder;
}
const of = (folder: string) => ['data.source=folder', `data.folder=${folder}`, 'data.classes=null', 'data.validation=0'];

it('a rank near 1 is a collapse where the images used more directions before', async () => {
  expect(await verdicts([], [1.05, 1.11])).toEqual([1.05, null]);
});

it('is none where there are but three classes: they may lie on one line', async () => {
  expect(await verdicts(of(await alike(6)), [1.0001])).toEqual([null]);
});

it('is none where the images hardly differed to begin with, unless most of what they did is gone', async () => {
  // Their rank by the weights that the phase begins with is 1.2.
  expect(await verdicts(of(await alike(10)), [1.08, 1.001])).toEqual([null, 1.001]);
});
