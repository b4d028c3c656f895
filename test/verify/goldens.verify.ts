import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { differences } from './near.js';
import { type PythonKind, runPython } from './python.js';

const GOLDEN = fileURLToPath(new URL('../golden/', import.meta.url));
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
/** Of the networks of families, which take minutes each, one. */
const NETWORK = 'resnet18.torchvision';

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
      const kind = MADE_BY[name] ?? 'bench';
      const env = { KERAS_BACKEND: kind === 'verify' ? 'tensorflow' : 'torch' };
      const output = runPython(kind, [`${name}.py`], { cwd: own, env });
      const written = join(own, `${name}.json`);
      const fresh: unknown = JSON.parse(existsSync(written) ? readFileSync(written, 'utf8') : output);
      const committed: unknown = JSON.parse(readFileSync(join(GOLDEN, `${name}.json`), 'utf8'));
      expect(differences(committed, fresh, { relative: 1e-4, absolute: ABSOLUTE[name] ?? 1e-6 })).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it(`of a network (${NETWORK}) is what its generator writes`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'ft-golden-'));
    try {
      const own = join(folder, 'golden');
      mkdirSync(join(own, 'backbones'), { recursive: true });
      symlinkSync(join(GOLDEN, '../bench'), join(folder, 'bench'));
      copyFileSync(join(GOLDEN, 'backbones.py'), join(own, 'backbones.py'));
      runPython('backbones', ['backbones.py', NETWORK], { cwd: own });
      const [fresh, committed] = [own, GOLDEN].map((place) =>
        JSON.parse(readFileSync(join(place, 'backbones', `${NETWORK}.json`), 'utf8')),
      );
      expect(differences(committed, fresh, { relative: 1e-4, absolute: 1e-6 })).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('of every kind has its generator beside it', () => {
    const goldens = readdirSync(GOLDEN).filter((file) => file.endsWith('.json'));
    expect(goldens.map((file) => file.replace('.json', '')).sort()).toEqual([...names].sort());
  });
});
