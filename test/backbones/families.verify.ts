import { readdirSync } from 'node:fs';
import { beforeAll, describe } from 'vitest';
import { isFresh } from './cells.js';
import { fills } from './fills.js';
import { compareForward, compareGradients, referenceNetwork } from './reference.js';
import { familyOf, variantAndLayout } from './rows.js';

/**
 * Every network of every publisher: what families.test.ts does for a few. FT_BACKBONES and FT_FAMILY choose among them, by a pattern and by
 * their family.
 */
const ALL = readdirSync(new URL('../golden/backbones/', import.meta.url))
  .map((file) => file.replace(/\.json$/, ''))
  .filter((key) => new RegExp(process.env.FT_BACKBONES ?? '').test(key))
  .filter((key) => new RegExp(`^(${process.env.FT_FAMILY ?? '.*'})$`).test(familyOf(variantAndLayout(key).variant).name));

describe.each(ALL)('%s', (key) => {
  const format = variantAndLayout(key).layout.name;
  const [forward, gradient] = (['forward', 'gradient'] as const).map((column) => ({ format, key, column }));
  let reference: ReturnType<typeof referenceNetwork>;
  beforeAll(() => {
    if (![forward, gradient].every((place) => isFresh(place!))) reference = referenceNetwork(key);
  });

  fills('gives the features and logits of the reference', forward!, () => compareForward(key, reference).toExponential(1));
  fills('has the gradient of every parameter', gradient!, () => compareGradients(key, reference).toExponential(1));
});
