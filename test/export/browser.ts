/** tfjs models in a headless Chromium, from a static page. */
import { createReadStream } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openBrowser } from '../report/browser.js';

const MODULES = fileURLToPath(new URL('../../node_modules/@tensorflow/', import.meta.url));

/** Scripts and modules of the page; all else is a file of the folder with the models. */
const LIBRARY: ReadonlyMap<string, string> = new Map(
  [
    'tfjs/dist/tf.min.js',
    ...[
      'tf-backend-wasm.min.js',
      'tfjs-backend-wasm.wasm',
      'tfjs-backend-wasm-simd.wasm',
      'tfjs-backend-wasm-threaded-simd.wasm',
    ].map((file) => `tfjs-backend-wasm/dist/${file}`),
  ].map((path) => [`/library/${basename(path)}`, join(MODULES, path)]),
);

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript',
  json: 'application/json',
  wasm: 'application/wasm',
};

const PAGE =
  '<!doctype html><meta charset="utf-8"><title>exports</title><script src="/library/tf.min.js"></script><script src="/library/tf-backend-wasm.min.js"></script>';

/** SwiftShader draws WebGL where there is no card. */
const SOFTWARE = ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'];

export interface BrowserModel {
  /** Its folder below the one that is served. */
  readonly name: string;
  readonly kind: 'graph' | 'layers';
}

export interface BrowserAnswer {
  readonly model: string;
  readonly backend: 'WASM' | 'WebGL';
  /** Of unit length. */
  readonly rows: readonly number[];
}

/** What each model makes of the images of the file `pixels`, on both of tfjs' backends for browsers. */
export async function inBrowser(
  folder: string,
  { count, side, models }: { readonly count: number; readonly side: number; readonly models: readonly BrowserModel[] },
): Promise<BrowserAnswer[]> {
  const server = await serve(folder);
  const browser = await openBrowser([], SOFTWARE);
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const answers: BrowserAnswer[] = [];
    for (const [backend, name] of [
      ['wasm', 'WASM'],
      ['webgl', 'WebGL'],
    ] as const)
      for (const model of models) {
        const rows = (await page.evaluate(`(${ANSWER})(${JSON.stringify({ backend, count, side, ...model })})`)) as number[];
        answers.push({ model: model.name, backend: name, rows });
      }
    return answers;
  } finally {
    await browser.close();
    server.close();
  }
}

/** Runs in the page, as text: the compiler of this repository knows no DOM. A model of layers ends before the unit length. */
const ANSWER = `async ({ backend, name, kind, count, side }) => {
  tf.wasm.setWasmPaths('/library/');
  if (!(await tf.setBackend(backend))) throw new Error('no backend ' + backend);
  await tf.ready();
  if (tf.getBackend() !== backend) throw new Error('it is ' + tf.getBackend());
  const bytes = new Uint8Array(await (await fetch('/pixels')).arrayBuffer());
  const url = '/' + encodeURIComponent(name) + '/model.json';
  const layers = kind === 'layers';
  const model = layers ? await tf.loadLayersModel(url) : await tf.loadGraphModel(url);
  const image = tf.tensor4d(layers ? Float32Array.from(bytes) : Int32Array.from(bytes), [count, side, side, 3], layers ? 'float32' : 'int32');
  const result = layers ? model.predict(image) : model.predict({ image });
  const rows = await result.array();
  image.dispose(); result.dispose(); model.dispose();
  return rows.flatMap((row) => { const length = layers ? Math.hypot(...row) : 1; return row.map((one) => one / length); });
}`;

function serve(folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    if (path === '/') {
      response.setHeader('content-type', 'text/html').end(PAGE);
      return;
    }
    const stream = createReadStream(LIBRARY.get(path) ?? join(folder, normalize(path)));
    response.setHeader('content-type', TYPES[path.split('.').at(-1) ?? ''] ?? 'application/octet-stream');
    stream.on('error', () => response.writeHead(404).end()).pipe(response);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}
