import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { floats, type Golden, type Outline, readGolden } from '../backbones/reference.js';
import { GOLDEN, regenerate } from './generator.js';
import { differences } from './near.js';

const KEYS = readdirSync(join(GOLDEN, 'backbones')).map((file) => file.replace(/\.json$/, ''));

/**
 * Of a number itself, and of the norm of what it belongs to. In most the last digits come again too. Not in the logits of Keras, whose product
 * with the classifier's kernel is made in float32 and moves with the number of threads by 10⁻⁷ of the norm.
 */
const NEAR = { relative: 1e-4, absolute: 1e-6 };

/** Products may come near 0 in tensors that are far from it: as parts of the norm. */
function outline({ norm, product, values, ...exact }: Outline) {
  return { ...exact, norm, product: product / norm, values: [...floats(values)].map((value) => value / norm) };
}

/** The numbers of a golden, packed ones unpacked, so that they can be near: names, shapes and the draw stay to be the same. */
function numbers({ sizes, loss, gradients, ...exact }: Golden) {
  const first = sizes[0]!;
  return {
    ...exact,
    sizes: sizes.map(({ features, logits, ...size }) => ({
      ...size,
      features: outline(features),
      logits: logits && outline(logits),
    })),
    // A sum of products with the features and the logits.
    loss: loss / (first.logits ?? first.features).norm,
    // In pairs: the norm of a parameter's gradient, and a product with it.
    gradients: [...floats(gradients)].map((value, at, all) => (at % 2 === 0 ? value : value / all[at - 1]!)),
  };
}

/**
 * A process for each network: the largest takes a few GB, and gives them back. An image is drawn anew until it is far from kinks, and a draw
 * that is turned down is far beyond the bound or near it: another draw means another rule.
 */
describe('the golden of a network', () => {
  it.each(KEYS)('%s is what its generator draws and writes', (key) => {
    const fresh = regenerate('backbones', { kind: 'backbones', args: [key] }, (folder) => readGolden(key, folder));
    const committed = readGolden(key);
    expect(fresh.draw, 'the first image without a kink').toBe(committed.draw);
    expect(differences(numbers(committed), numbers(fresh), NEAR)).toEqual([]);
  });

  it('is there for every network that the generator knows, and for no other', () => {
    const known = regenerate('backbones', { kind: 'backbones', args: ['--names'] }, (_, printed) => printed.trim().split('\n'));
    expect(known.sort()).toEqual(KEYS.sort());
  });
});
