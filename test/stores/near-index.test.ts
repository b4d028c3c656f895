import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openIndex } from '../../src/stores/near-index.js';
import { DIMENSIONS, unit } from './rows.js';

it('an index has a way to every row, however often it is built', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ft-near-'));
  try {
    const keys = Array.from({ length: 100 }, (_, i) => i + 1);
    for (let round = 0; round < 40; round++) {
      const { index } = await openIndex(folder, DIMENSIONS, () => 0);
      index.add(
        keys,
        keys.map((key) => unit(1000 * round + key)),
      );
      const found = index.candidates(unit(7), keys.length);
      expect(found.sort((a, b) => a - b)).toEqual(keys);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
