import { choose } from '../errors.js';
import { cacheFolder } from '../runtime/folders.js';
import { type Card, readCard } from '../weights/cards.js';
import type { Backbone, Pulled, PullOptions } from './backbone.js';
import { mobilenetV1 } from './mobilenet-v1.js';
import { pullPublished } from './published.js';
import { resnet50Thin } from './resnet50-thin.js';

/** Backbones that are converted by code of their own. Each has a card of the same name in `pretrained/`; all other cards name a network. */
export const backbones: ReadonlyMap<string, Backbone> = new Map(
  [resnet50Thin, mobilenetV1].map((backbone) => [backbone.name, backbone]),
);

/** Where weights lie on this machine. */
export function weightsFolder(): string {
  return cacheFolder('weights');
}

/** Brings the weights of a backbone into the cache, where they are not there yet. Needs no TensorFlow. */
export async function pullBackbone(
  name: string,
  options: Omit<PullOptions, 'cache'> & { cache?: string },
): Promise<Pulled & { card: Card }> {
  const card = await readCard(name);
  const full = { ...options, cache: options.cache ?? weightsFolder() };
  const pulled = 'network' in card ? pullPublished(card, full) : choose(backbones, name, 'backbone').pull(card, full);
  return { ...(await pulled), card };
}
