import { UserError } from '../errors.js';
import type { Network } from '../network/network.js';
import type { Progress } from '../progress.js';
import type { Card, GraphCard } from '../weights/cards.js';
import { sha256OfVariables } from '../weights/fetch/checksum.js';
import { readTfjsLayers } from '../weights/tfjs/layers.js';
import { loadOwnFile, ownFile } from './own-file.js';
import { loadOwnFolder, OWN_FOLDER } from './own-folder.js';
import { readPublished } from './published.js';
import { pullBackbone } from './pull.js';

export { backbones, pullBackbone, weightsFolder } from './pull.js';

export interface LoadOptions {
  progress: Progress;
  /** The layer to cut at: its output becomes the feature map. */
  upTo?: string | null | undefined;
  /** A file of weights in any format, or a folder that holds the published files, in place of the internet. */
  from?: string | null | undefined;
  /** The folder of the cache for weights, where it is not the usual one. */
  cache?: string;
}

export interface LoadedBackbone {
  network: Network;
  card: Card;
  /** SHA-256 over all the variables of `network`. */
  sha256: string;
}

function readGraph(
  folder: string,
  { name, side, preprocessing, stages, output }: GraphCard,
  cut: { upTo?: string },
): Promise<Network> {
  return readTfjsLayers(folder, { name, side, preprocessing, stages, output, ...cut });
}

/**
 * A backbone with its weights: from the cache, where it is pulled and converted first if it is absent or damaged. The name
 * is one of the cards, or of the networks of families with a file of weights as `from`; or `file:PATH` for weights of one's own in any
 * format, `tfjs:FOLDER` for a tfjs layers model with a card beside it.
 */
export async function loadBackbone(name: string, options: LoadOptions): Promise<LoadedBackbone> {
  const cut = options.upTo ? { upTo: options.upTo } : {};
  if (name.startsWith(OWN_FOLDER)) return loadOwnFolder(name.slice(OWN_FOLDER.length), { ...cut, progress: options.progress });
  const file = await ownFile(name, options.from ?? null);
  if (file !== null) return loadOwnFile(file, { ...cut, progress: options.progress });
  const { folder, card } = await pullBackbone(name, {
    progress: options.progress,
    ...(options.cache ? { cache: options.cache } : {}),
    ...(options.from ? { from: options.from } : {}),
  });
  const network = 'network' in card ? await readPublished(folder, card, cut) : await readGraph(folder, card, cut);
  const sha256 = sha256OfVariables(network);
  if (options.upTo == null && card.variablesSha256 !== undefined && card.variablesSha256 !== sha256) {
    throw new UserError({
      where: folder,
      what: `the weights '${name}' are not the ones of the card`,
      expected: card.variablesSha256,
      found: sha256,
      mend: `ft weights pull ${name} --again`,
    });
  }
  return { network, card, sha256 };
}
