import { deriveSeed, randomStream } from '../data/random.js';
import type { Head } from '../heads/head.js';
import { pca } from '../heads/pca.js';
import { randomHead } from '../heads/random.js';
import type { StageFeatures, Whitening } from '../train/scoring.js';
import type { Workbench } from './workbench.js';

/** The classifier starts at random: an output for each training class. */
export function firstClassifier({ recipe, network, split }: Workbench): Head {
  const stream = randomStream(deriveSeed(recipe.seed, 'classifier'), 'derive');
  return randomHead(network.features, split.train.classes.length, () => stream.uniform());
}

/** Whether the first embedding head needs a whitening that is fitted to the features. */
export function needsWhitening({ recipe }: Workbench): boolean {
  return recipe.head.init === 'learned-whitening';
}

/** How the embedding head of the triplet phase starts. It sees training classes alone: the validation classes choose later. */
export function firstEmbedding(
  features: Pick<StageFeatures, 'train'>,
  whitening: Whitening | null,
  { recipe, network }: Workbench,
): Head {
  const { dimensions, init } = recipe.head;
  switch (init) {
    case 'learned-whitening':
      if (whitening === null) throw new Error('the whitening was not fitted');
      return whitening.choosing;
    case 'pca':
      return pca(features.train.values, features.train.dimensions, { outputs: dimensions });
    case 'random': {
      const stream = randomStream(deriveSeed(recipe.seed, 'head'), 'derive');
      return randomHead(network.features, dimensions, () => stream.uniform());
    }
  }
}
