import { describe, expect, it } from 'vitest';
import { readLayers, readSource, readSources } from './sources.js';

const layers = readLayers();
const sources = readSources();

function layerOf(path: string) {
  return layers.find((layer) => layer.paths.some((own) => path === own || path.startsWith(`${own}/`)));
}

describe('the structure of the source', () => {
  it('gives every file exactly one layer', () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(sources.filter((source) => layerOf(source.path) === undefined).map((source) => source.path)).toEqual([]);
  });

  it('lets no layer name one that does not lie below it', () => {
    const below = new Set<string>();
    for (const layer of layers) {
      expect(layer.imports.filter((name) => !below.has(name))).toEqual([]);
      below.add(layer.name);
    }
  });

  it('imports downward only', () => {
    const upward = sources.flatMap((source) => {
      const own = layerOf(source.path);
      return source.imports
        .filter((target) => {
          const other = layerOf(target);
          return other !== undefined && other !== own && !own?.imports.includes(other.name);
        })
        .map((target) => `${source.path} imports ${target}`);
    });
    expect(upward).toEqual([]);
  });

  it('has no cycle of imports', () => {
    const imports = new Map(sources.map((source) => [source.path, source.imports]));
    const finished = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, trail: string[]) => {
      if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      else if (!finished.has(path)) {
        for (const target of imports.get(path) ?? []) visit(target, [...trail, path]);
        finished.add(path);
      }
    };
    for (const path of imports.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });

  it('imports TensorFlow in one file alone', () => {
    // The messages in `dist/proto` are plain JavaScript that loads nothing.
    const binding = /^@tensorflow\/tfjs(-core|-layers|-node|-node-gpu)?(?!\/dist\/proto\/)(\/|$)/;
    const importers = sources.filter((source) => source.packages.some((name) => binding.test(name)));
    expect(importers.map((source) => source.path)).toEqual(['runtime/tensorflow.ts']);
  });

  it('keeps every file below 300 lines', () => {
    const long = sources.filter((source) => source.text.split('\n').length > 301).map((source) => source.path);
    expect(long).toEqual([]);
  });

  it('finds every way to import', () => {
    const text = [
      "import { a } from './a.js';",
      "import type { B } from '../b.js';",
      "export { c } from './c.js';",
      "const d = await import('./d.js');",
      "import 'package-e';",
      "const f = require('package-f');",
      "import type { G } from 'package-g';",
      "// import { h } from './h.js';",
      'import {\n  i,\n} from "./i.js";',
    ].join('\n');
    const { imports, packages } = readSource('x/y.ts', text);
    expect(imports.sort()).toEqual(['b.ts', 'x/a.ts', 'x/c.ts', 'x/d.ts', 'x/i.ts']);
    expect(packages.sort()).toEqual(['package-e', 'package-f']);
  });
});
