import { stat } from 'node:fs/promises';
import type { Network } from '../network/network.js';
import { networkUpTo } from '../network/up-to.js';
import type { Progress } from '../progress.js';
import type { GraphCard } from '../weights/cards.js';
import { cardNames, readCard } from '../weights/cards.js';
import { sha256OfVariables } from '../weights/fetch/checksum.js';
import { variants } from './families.js';
import { networkFromFile } from './from-file.js';
import { cardOf } from './own-folder.js';

/** What a backbone's name starts with when it is a file of weights of one's own. */
export const OWN_FILE = 'file:';

/** Weights of one's own: where they lie, and which network they are said to be. */
export interface OwnFile {
  readonly path: string;
  readonly variant: string | null;
}

/**
 * The file that a backbone's name and `from` mean: `file:PATH`; or a known network with a file as `from`. Null where they name published
 * weights: a folder beside the name of a card holds the published files.
 */
export async function ownFile(name: string, from: string | null): Promise<OwnFile | null> {
  if (name.startsWith(OWN_FILE)) return { path: name.slice(OWN_FILE.length), variant: null };
  if (from === null) return null;
  const isFile = await stat(from).then(
    (found) => found.isFile(),
    () => false,
  );
  const carded = (await cardNames()).includes(name);
  if (carded && !isFile) return null;
  const card = carded ? await readCard(name) : undefined;
  const variant = card !== undefined && 'network' in card ? card.network : name;
  return variants.has(variant) ? { path: from, variant } : null;
}

/** The network of such a file, with what a card would say of it. */
export async function loadOwnFile(
  { path, variant }: OwnFile,
  { progress, upTo }: { progress: Progress; upTo?: string },
): Promise<{ network: Network; card: GraphCard; sha256: string }> {
  const { network: whole } = await networkFromFile(path, { progress, ...(variant === null ? {} : { variant }) });
  const network = upTo === undefined ? whole : networkUpTo(whole, upTo, path);
  return { network, card: cardOf(network, path), sha256: sha256OfVariables(network) };
}
