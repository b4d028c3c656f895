import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { differences } from './near.js';
import { runPython } from './python.js';

const GOLDEN = fileURLToPath(new URL('../golden/', import.meta.url));
const names = readdirSync(GOLDEN)
  .filter((file) => file.endsWith('.py'))
  .map((file) => file.slice(0, -'.py'.length));

/**
 * Where another processor's PyTorch differs by more in numbers near 0: sums over whole networks in float32, whose maps reach 6. The tests
 * that use this one allow 1e-5 of the largest. Of 50 steps in a row, the last losses in their fourth digit.
 */
const ABSOLUTE: Readonly<Record<string, number>> = { 'efficientnet-lite0': 1e-5, 'fifty-steps': 1e-3 };

describe('the golden', () => {
  it.each(names)('%s is what its generator writes', (name) => {
    const folder = mkdtempSync(join(tmpdir(), 'ft-golden-'));
    try {
      // In a folder of its own: generators write beside themselves, or to stdout.
      const own = join(folder, 'golden');
      mkdirSync(own);
      // One of them runs a script of the benchmark.
      symlinkSync(join(GOLDEN, '../bench'), join(folder, 'bench'));
      copyFileSync(join(GOLDEN, `${name}.py`), join(own, `${name}.py`));
      const output = runPython('bench', [`${name}.py`], { cwd: own, env: { KERAS_BACKEND: 'torch' } });
      const written = join(own, `${name}.json`);
      const fresh: unknown = JSON.parse(existsSync(written) ? readFileSync(written, 'utf8') : output);
      const committed: unknown = JSON.parse(readFileSync(join(GOLDEN, `${name}.json`), 'utf8'));
      expect(differences(committed, fresh, { relative: 1e-4, absolute: ABSOLUTE[name] ?? 1e-6 })).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('of every kind has its generator beside it', () => {
    const goldens = readdirSync(GOLDEN).filter((file) => file.endsWith('.json'));
    expect(goldens.map((file) => file.replace('.json', '')).sort()).toEqual([...names].sort());
  });
});
