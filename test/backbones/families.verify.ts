import { readdirSync } from 'node:fs';
import { describe, it } from 'vitest';
import { compareForward, compareGradients, referenceNetwork } from './reference.js';

/** Every network of every publisher: what families.test.ts does for a few. */
const ALL = readdirSync(new URL('../golden/backbones/', import.meta.url))
  .map((file) => file.replace(/\.json$/, ''))
  .filter((key) => new RegExp(process.env.FT_BACKBONES ?? '').test(key));

describe.each(ALL)('%s', (key) => {
  it('gives the features, logits and gradients of the reference', () => {
    const reference = referenceNetwork(key);
    compareForward(key, reference);
    compareGradients(key, reference);
  });
});
