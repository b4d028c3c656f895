import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GOLDEN, regenerate } from './generator.js';
import { differences } from './near.js';
import type { PythonKind } from './python.js';

/** Those of backbones.py are held to it by backbone-goldens.verify.ts. */
const names = readdirSync(GOLDEN)
  .filter((file) => file.endsWith('.py') && file !== 'backbones.py')
  .map((file) => file.slice(0, -'.py'.length));

/** Generators that want another environment than PyTorch's. */
const MADE_BY: Readonly<Record<string, PythonKind>> = {
  'keras-files': 'backbones',
  'onnx-files': 'backbones',
  'safetensors-files': 'backbones',
  'tensorflow-forms': 'verify',
  'tensorflow-graphs': 'verify',
};

/**
 * Where another processor's PyTorch differs by more in numbers near 0: sums over whole networks in float32, whose maps reach 6. The tests
 * that use this one allow 1e-5 of the largest. Of 50 steps in a row, the last losses in their fourth digit.
 */
const ABSOLUTE: Readonly<Record<string, number>> = { 'efficientnet-lite0': 1e-5, 'fifty-steps': 1e-3 };

describe('the golden', () => {
  it.each(names)('%s is what its generator writes', (name) => {
    const kind = MADE_BY[name] ?? 'bench';
    const env = { KERAS_BACKEND: kind === 'verify' ? 'tensorflow' : 'torch' };
    const fresh = regenerate(name, { kind, env }, (folder, printed): unknown => {
      const written = join(folder, `${name}.json`);
      return JSON.parse(existsSync(written) ? readFileSync(written, 'utf8') : printed);
    });
    const committed: unknown = JSON.parse(readFileSync(join(GOLDEN, `${name}.json`), 'utf8'));
    expect(differences(committed, fresh, { relative: 1e-4, absolute: ABSOLUTE[name] ?? 1e-6 })).toEqual([]);
  });

  it('of every kind has its generator beside it', () => {
    const goldens = readdirSync(GOLDEN).filter((file) => file.endsWith('.json'));
    expect(goldens.map((file) => file.replace('.json', '')).sort()).toEqual([...names].sort());
  });
});
