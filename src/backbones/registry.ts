import { choose, UserError } from '../errors.js';
import type { Network } from '../network/network.js';
import type { Progress } from '../progress.js';
import { cacheFolder } from '../runtime/folders.js';
import { type Card, readCard } from '../weights/cards.js';
import { sha256OfVariables } from '../weights/checksum.js';
import { readTfjsLayers } from '../weights/tfjs-layers.js';
import type { Backbone } from './backbone.js';
import { mobilenetV1 } from './mobilenet-v1.js';
import { loadOwnFolder, OWN_FOLDER } from './own-folder.js';
import { resnet50Thin } from './resnet50-thin.js';

/** Backbones by name. Each has a card of the same name in `pretrained/`. */
export const backbones: ReadonlyMap<string, Backbone> = new Map([resnet50Thin, mobilenetV1].map((backbone) => [backbone.name, backbone]));

/** Where weights lie on this machine. */
export function weightsFolder(): string {
  return cacheFolder('weights');
}

export interface LoadOptions {
  progress: Progress;
  /** The layer to cut at: its output becomes the feature map. */
  upTo?: string | null | undefined;
  /** A folder that holds the published files, in place of the network. */
  from?: string | null | undefined;
  cache?: string;
}

export interface LoadedBackbone {
  network: Network;
  card: Card;
  /** SHA-256 over all the variables of `network`. */
  sha256: string;
}

/**
 * A backbone with its weights: from the cache, where it is pulled and converted first if it is absent or damaged. The name
 * is one of `backbones`, or `tfjs:FOLDER` for a converted tfjs layers model of one's own.
 */
export async function loadBackbone(name: string, options: LoadOptions): Promise<LoadedBackbone> {
  const cut = options.upTo ? { upTo: options.upTo } : {};
  if (name.startsWith(OWN_FOLDER)) return loadOwnFolder(name.slice(OWN_FOLDER.length), { ...cut, progress: options.progress });
  const backbone = choose(backbones, name, 'backbone');
  const card = await readCard(name);
  const { folder } = await backbone.pull(card, {
    progress: options.progress,
    cache: options.cache ?? weightsFolder(),
    ...(options.from ? { from: options.from } : {}),
  });
  const network = await readTfjsLayers(folder, {
    name,
    side: card.side,
    preprocessing: card.preprocessing,
    stages: card.stages,
    output: card.output,
    ...cut,
  });
  const sha256 = sha256OfVariables(network);
  const whole = network.output === card.output;
  if (whole && card.variablesSha256 !== undefined && card.variablesSha256 !== sha256) {
    throw new UserError({ where: folder, what: `the weights '${name}' are not the ones of the card`, expected: card.variablesSha256, found: sha256, mend: `ft weights pull ${name} --again` });
  }
  return { network, card, sha256 };
}
