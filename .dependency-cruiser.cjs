/**
 * Import rules: a folder may import from the layers below it and from nowhere else (docs/architecture.md).
 * `test/structure` runs the same table through its own scan, so that a rule that matches nothing is found.
 */
const { layers } = require('./test/structure/layers.json');

const source = (layer) => layer.paths.map((path) => `^src/${path}${path.endsWith('.ts') ? '$' : '/'}`);
const allowed = (layer) => [layer, ...layers.filter((other) => layer.imports.includes(other.name))].flatMap(source);

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(tsx/esm/api|csv-parse/sync|h5wasm)$' },
    },
    {
      name: 'one-import-of-tensorflow',
      comment: 'src/runtime/tensorflow.ts alone imports the binding: it sets the environment before the library is loaded',
      severity: 'error',
      from: { pathNot: '^src/runtime/tensorflow\\.ts$' },
      to: { path: 'node_modules/@tensorflow/tfjs-node-gpu', pathNot: '/dist/proto/', dependencyTypesNot: ['type-only'] },
    },
    ...layers.map((layer) => ({
      name: `${layer.name}-imports-downward`,
      severity: 'error',
      from: { path: source(layer) },
      to: { path: '^src/', pathNot: allowed(layer) },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json'],
      conditionNames: ['import', 'require', 'node', 'default'],
      exportsFields: ['exports'],
    },
  },
};
