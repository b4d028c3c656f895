/** The rows of the table in docs/backbones.md: each family in each format that its weights come in. */
import { existsSync } from 'node:fs';
import { families, variantOf } from '../../src/backbones/families.js';
import type { Family, Variant } from '../../src/backbones/family.js';
import type { Layout } from '../../src/backbones/layout.js';

type Publisher = Layout['name'];

/** The formats that describe a network of their own, beside those that hold named tensors. */
export const GRAPHS = ['tfjs layers', 'tfjs graph', 'ONNX', 'SavedModel'] as const;
export type GraphFormat = (typeof GRAPHS)[number];

export interface Row {
  readonly family: Family;
  readonly format: Publisher | GraphFormat;
  /** `resnet18.torchvision`: every network that the row speaks of. */
  readonly keys: readonly string[];
  /** The one that is written to files and trained. */
  readonly smallest: string;
}

/** `resnet50.torchvision`; a variant's name may hold a point itself. */
export function variantAndLayout(key: string): { variant: Variant; layout: Layout } {
  const at = key.lastIndexOf('.');
  const variant = variantOf(key.slice(0, at), 'the test');
  const layout = variant.layouts.find(({ name }) => name === key.slice(at + 1));
  if (layout === undefined) throw new Error(`${key}: no such layout`);
  return { variant, layout };
}

export function familyOf(variant: Variant): Family {
  return families.find(({ variants }) => variants.some(({ name }) => name === variant.name)) as Family;
}

export function hasGolden(key: string): boolean {
  return existsSync(new URL(`../golden/backbones/${key}.json`, import.meta.url));
}

/** Numbers in the network below its classifier. */
function sizeOf({ topology }: Variant): number {
  const { layers, variables } = topology();
  const head = new Set(layers.filter(({ stage }) => stage === 'head').map(({ name }) => name));
  return variables.reduce((sum, { layer, shape }) => sum + (head.has(layer) ? 0 : shape.reduce((a, b) => a * b, 1)), 0);
}

function publisherRow(family: Family, format: Publisher): Row {
  const found = family.variants.filter(({ layouts }) => layouts.some(({ name }) => name === format));
  const key = ({ name }: Variant) => `${name}.${format}`;
  const compared = found.filter((variant) => hasGolden(key(variant)));
  const [smallest] = (compared.length > 0 ? compared : found).toSorted((a, b) => sizeOf(a) - sizeOf(b));
  return { family, format, keys: found.map(key), smallest: key(smallest as Variant) };
}

/** ONNX comes of PyTorch, TensorFlow's formats of Keras, where the family has such weights. */
function graphRow(family: Family, format: GraphFormat, publishers: readonly Row[]): Row {
  const order: readonly Publisher[] = format === 'ONNX' ? ['torchvision', 'timm', 'keras'] : ['keras', 'torchvision', 'timm'];
  const source = order.flatMap((name) => publishers.find((row) => row.format === name) ?? [])[0] as Row;
  return { family, format, keys: [source.smallest], smallest: source.smallest };
}

const PUBLISHERS: readonly Publisher[] = ['torchvision', 'timm', 'keras', 'efficientnet-pytorch'];

export const rows: readonly Row[] = families.flatMap((family) => {
  const publishers = PUBLISHERS.filter((name) =>
    family.variants.some(({ layouts }) => layouts.some((layout) => layout.name === name)),
  ).map((name) => publisherRow(family, name));
  return [...publishers, ...GRAPHS.map((format) => graphRow(family, format, publishers))];
});

export function isGraph(format: Row['format']): format is GraphFormat {
  return (GRAPHS as readonly string[]).includes(format);
}
