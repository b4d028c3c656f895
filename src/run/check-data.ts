import type { Dataset } from '../data/dataset.js';
import { cachePixels, type DecodedDataset } from '../data/pixel-cache.js';
import { type Split, splitDataset } from '../data/split.js';
import { Interrupted, UserError } from '../errors.js';
import type { Progress } from '../progress.js';
import type { Recipe } from '../recipe/schema.js';
import { type CheckOptions, checkImages, type DataCheck } from './check-images.js';
import { openDataset, splitRule } from './images.js';

/**
 * Checks the images that a recipe names, split as it says. Changes nothing.
 * @throws Interrupted where the person asked to stop
 */
export async function checkData(recipe: Recipe, options: CheckOptions, progress: Progress): Promise<DataCheck> {
  const decoded = await decode(recipe, options.stopped, progress);
  return checkImages(decoded, trySplit(decoded.dataset, recipe), recipe, options, progress);
}

async function decode(recipe: Recipe, stopped: () => boolean, progress: Progress): Promise<DecodedDataset> {
  const dataset = await openDataset(recipe.data, progress);
  const abort = new AbortController();
  // Decoding asks the signal before every image; whether Ctrl-C was pressed is asked through the bar's calls.
  const watched: Progress = {
    line: (text) => progress.line(text),
    bar: (label, total, unit) => {
      const bar = progress.bar(label, total, unit);
      return {
        ...bar,
        advance: (count, note) => {
          if (stopped()) abort.abort(new Interrupted('stopped while images were decoded; nothing was written'));
          bar.advance(count, note);
        },
      };
    },
  };
  return cachePixels(dataset, { side: recipe.data.side, progress: watched, signal: abort.signal });
}

function trySplit(dataset: Dataset, recipe: Recipe): Split | UserError {
  try {
    return splitDataset(dataset, splitRule(recipe));
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}
