import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Network } from '../network/network.js';
import type { Progress } from '../progress.js';
import { type GraphCard, parseGraphCard } from '../weights/cards.js';
import { sha256OfVariables } from '../weights/fetch/checksum.js';
import { readTfjsLayers } from '../weights/tfjs/layers.js';
import { MINUS_ONE_TO_ONE } from './layout.js';

/** What a backbone's name starts with when it is a folder of one's own. */
export const OWN_FOLDER = 'tfjs:';

/**
 * A tfjs layers model from any folder. Beside its `model.json` may lie a `card.yaml` in the form of `pretrained/`; without one
 * the input is taken as `(rgb − 127.5) / 127.5`, the feature map as what the global pooling takes, and the stages by
 * resolution, and it is said so.
 */
export async function loadOwnFolder(
  folder: string,
  options: { progress: Progress; upTo?: string },
): Promise<{ network: Network; card: GraphCard; sha256: string }> {
  const path = join(folder, 'card.yaml');
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const cut = options.upTo === undefined ? {} : { upTo: options.upTo };
  if (text !== undefined) {
    const card = parseGraphCard(text, path);
    const network = await readTfjsLayers(folder, {
      name: card.name,
      side: card.side,
      preprocessing: card.preprocessing,
      stages: card.stages,
      output: card.output,
      ...cut,
    });
    return { network, card, sha256: sha256OfVariables(network) };
  }
  options.progress.line(`${folder} has no card.yaml: input taken as (rgb − 127.5) / 127.5, stages by resolution`);
  const name = `${OWN_FOLDER}${folder}`;
  const network = await readTfjsLayers(folder, { name, side: 224, preprocessing: MINUS_ONE_TO_ONE, ...cut });
  return { network, card: cardOf(network, folder), sha256: sha256OfVariables(network) };
}

/** What is known of a network of one's own. */
export function cardOf(network: Network, folder: string): GraphCard {
  return {
    name: network.name,
    title: 'weights of your own',
    what: 'Weights without a card.',
    source: { kind: 'folder', folder: resolve(folder) },
    licence: { name: 'not known', of: 'its maker' },
    parameters: [...network.variables.values()].reduce((sum, variable) => sum + variable.values.length, 0),
    side: network.side,
    published: 'not known',
    preprocessing: { mean: [...network.preprocessing.mean], std: [...network.preprocessing.std] },
    output: network.output,
    features: network.features,
    stages: Object.fromEntries(
      network.stages.map((stage) => [stage, network.layers.filter((layer) => layer.stage === stage).map((layer) => layer.name)]),
    ),
    measured: [],
  };
}
