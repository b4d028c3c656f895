import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A part of the source, and the names of those that it may import; the lowest come first. */
export interface Layer {
  name: string;
  paths: string[];
  imports: string[];
}

/** The table of layers, which dependency-cruiser reads as well. */
export function readLayers(): Layer[] {
  const file = new URL('layers.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { layers: Layer[] }).layers;
}

/** A file of `src`, by its path below it with forward slashes. */
export interface Source {
  path: string;
  text: string;
  /** Paths below `src` that it imports, whether values or types. */
  imports: string[];
  /** Names of the packages that it imports values from. */
  packages: string[];
}

/** Every TypeScript file below `src`, those with markup as well. */
export function readSources(): Source[] {
  const src = join(ROOT, 'src');
  const names = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name));
  const paths = new Set(names.map((name) => name.replaceAll('\\', '/')));
  return [...paths].map((path) => {
    const source = readSource(path, readFileSync(join(src, path), 'utf8'));
    // A file with markup is imported by the name that it would have as JavaScript, as every other.
    return { ...source, imports: source.imports.map((name) => (paths.has(`${name}x`) ? `${name}x` : name)) };
  });
}

/** Finds the imports in a file's text: static, re-exported, dynamic, required, and files named to a worker by their address. */
export function readSource(path: string, text: string): Source {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const imports: string[] = [];
  const packages: string[] = [];
  const patterns = [
    /\b(?:import|export)\s+(type\s)?[^;'"]*?from\s*['"]([^'"]+)['"]/g,
    /\bimport\s*(type\s)?['"]([^'"]+)['"]/g,
    /\b(?:import|require)\s*\((type\s)?\s*['"]([^'"]+)['"]/g,
  ];
  for (const pattern of patterns) {
    for (const [, type, target] of code.matchAll(pattern)) {
      if (target === undefined) continue;
      if (target.startsWith('.')) imports.push(posix.join(dirname(path), target).replace(/\.js$/, '.ts'));
      else if (type === undefined) packages.push(target);
    }
  }
  return { path, text, imports, packages };
}
