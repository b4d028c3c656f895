import { choose } from '../errors.js';
import { cacheFolder } from '../runtime/folders.js';
import { type Card, readCard } from '../weights/cards.js';
import type { Backbone, Pulled, PullOptions } from './backbone.js';
import { efficientnetLite0 } from './efficientnet-lite0.js';
import { mobilenetV1 } from './mobilenet-v1.js';
import { resnet50Thin } from './resnet50-thin.js';

/** Backbones by name. Each has a card of the same name in `pretrained/`. */
export const backbones: ReadonlyMap<string, Backbone> = new Map(
  [resnet50Thin, mobilenetV1, efficientnetLite0].map((backbone) => [backbone.name, backbone]),
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
  const backbone = choose(backbones, name, 'backbone');
  const card = await readCard(name);
  return { ...(await backbone.pull(card, { ...options, cache: options.cache ?? weightsFolder() })), card };
}
