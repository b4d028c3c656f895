import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { stored } from '../weights/fetch/store.js';
import { copyTfjsModel, downloadTfjsModel } from '../weights/tfjs/fetch.js';
import type { Backbone } from './backbone.js';

/** MobileNet v1 1.0 224, published as a tfjs layers model: fetched from its address or copied from a folder, as it is. */
export const mobilenetV1: Backbone = {
  name: 'mobilenet-v1',
  async pull(card, options) {
    const { source } = card;
    if (source.kind !== 'tfjs')
      throw new UserError({ where: `the card of ${card.name}`, what: `its source is '${source.kind}'`, expected: 'tfjs' });
    const folder = join(options.cache, card.name);
    const { from } = options;
    const manifest = await stored(folder, {
      key: `tfjs ${source.files['model.json'] ?? source.url}`,
      progress: options.progress,
      // A folder that is named may have what the cache lacks.
      again: ({ missing }) =>
        options.again === true || (from !== undefined && missing.some((file) => existsSync(join(from, file)))),
      fill: async (temporary) => {
        if (from === undefined) return downloadTfjsModel(source, card.name, temporary, options.progress);
        const missing = await copyTfjsModel(source, from, temporary);
        if (missing.length > 0)
          options.progress.line(`${from} lacks ${missing.join(', ')}: the network can only be used cut below it (backbone.upTo)`);
        return missing;
      },
    });
    return { folder, missing: manifest.missing };
  },
};
