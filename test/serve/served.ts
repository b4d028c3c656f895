/** A server whose model is arithmetic: what an image becomes can be said without it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { ThresholdPoint } from '../../src/serve/api.js';
import { fillStore } from '../../src/serve/fill-store.js';
import type { Computed, Engine, ServedModel } from '../../src/serve/model.js';
import { createServer, type Server, type ServerOptions } from '../../src/serve/server.js';
import { memoryStore } from '../../src/stores/memory.js';
import { plain } from '../data/images.js';

export const SIDE = 8;

const point = (asked: number, threshold: number): ThresholdPoint => ({
  ...{ asked, threshold, low: threshold - 0.01, high: threshold + 0.01 },
  ...{ far: asked, tar: 1 - asked, resolved: true },
});

export const MODEL: ServedModel = {
  name: 'colours',
  hash: 'c0'.repeat(32),
  base: 'arithmetic',
  dimensions: 3,
  side: SIDE,
  classes: ['red', 'blue'],
  scores: { recall_at_1: { value: 0.5, low: 0.4, high: 0.6 } },
  thresholds: [point(0.1, 0.6), point(0.01, 0.8), point(0.001, 0.95)],
};

/** The mean colour as a direction, and how red it is beside blue. */
export function computedOf(pixels: Uint8Array): Computed {
  const sums = [1e-9, 1e-9, 1e-9];
  pixels.forEach((value, at) => (sums[at % 3] = (sums[at % 3] as number) + value));
  const [red = 0, , blue = 0] = sums;
  const length = Math.hypot(...sums);
  return {
    embedding: Float32Array.from(sums, (sum) => sum / length),
    probabilities: Float32Array.of(red / (red + blue), blue / (red + blue)),
  };
}

/** The embedding of a picture of one colour. */
export const direction = (r: number, g: number, b: number) => Array.from([r, g, b], (value) => value / Math.hypot(r, g, b));

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, value, at) => sum + value * (b[at] as number), 0);
}

export const arithmetic: Engine = {
  sizes: null,
  run: async (images) => images.map(computedOf),
  alive: () => true,
  close: async () => undefined,
};

export const png = (r: number, g: number, b: number, width = 24, height = 16): Promise<Buffer> =>
  plain(`rgb(${r},${g},${b})`, width, height).png().toBuffer();

/** What the gallery holds: the colours of its files. */
export const GALLERY: Readonly<Record<string, readonly [number, number, number]>> = {
  'red/full.png': [255, 0, 0],
  'red/dark.png': [120, 20, 0],
  'green/full.png': [0, 255, 0],
  'blue/full.png': [0, 0, 255],
  'blue/light.png': [80, 90, 255],
};

export interface Made {
  readonly server: Server;
  readonly said: string[];
}

export async function serverOf(
  options: Partial<ServerOptions> = {},
  paths: Readonly<Record<string, string>> = {},
): Promise<Made> {
  const said: string[] = [];
  const store = options.store ?? memoryStore(3);
  const files = Object.keys(GALLERY);
  await fillStore(store, {
    files,
    classes: files.map((file) => file.split('/')[0] as string),
    paths: Object.keys(paths).length === 0 ? null : files.map((file) => paths[file] as string),
    values: Float32Array.from(files.flatMap((file) => direction(...(GALLERY[file] as [number, number, number])))),
    dimensions: 3,
  });
  const server = await createServer({
    model: MODEL,
    engine: arithmetic,
    store,
    mapMaker: {
      choose: (classes) => classes.map((_, at) => at),
      layOut: async (vectors) => Array.from({ length: vectors.length / 3 }, (_, at) => [at / 10, 1 - at / 10] as const),
    },
    pictures: folder(),
    page: null,
    limits: { bytes: 1 << 20, pixels: 100_000, images: 4 },
    time: 5000,
    largest: 8,
    capacity: 16,
    token: null,
    host: '127.0.0.1',
    say: (line) => said.push(line),
    ...options,
  });
  servers.push(server);
  return { server, said };
}

const servers: Server[] = [];
const folders: string[] = [];

/** A folder that is gone after the tests of the file. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'ft-serve-'));
  folders.push(path);
  return path;
}

afterAll(async () => {
  for (const { app } of servers) await app.close();
  for (const path of folders) rmSync(path, { recursive: true, force: true });
});

/** A multipart body, as FormData would write it. */
export function form(...parts: readonly (readonly [field: string, bytes: Uint8Array])[]) {
  const boundary = 'a-boundary';
  const payload = Buffer.concat([
    ...parts.flatMap(([field, bytes]) => [
      Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; name="${field}"; filename="x.png"\r\nContent-Type: image/png\r\n\r\n`,
      ),
      bytes,
      Buffer.from('\r\n'),
    ]),
    Buffer.from(`--${boundary}--\r\n`),
  ]);
  return { payload, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } };
}
