/** Exports as `ft serve` opens them, and what the run itself makes of the same photos. */
import { decodeImage } from '../../src/data/decode.js';
import { silent } from '../../src/progress.js';
import { openEmbedder } from '../../src/run/embedder.js';
import { openFinishedRun } from '../../src/run/finished.js';
import { exportPlace } from '../../src/run/serving/export-place.js';
import { openExportServed } from '../../src/run/serving/open-export.js';
import { form, serverOf } from '../serve/served.js';

/** Asks a server of an export for photos, without the thread between them; `ft serve` in a process of its own is test/cli/serve.test.ts. */
export async function servedExport(place: string, photos: readonly Uint8Array[]) {
  const opening = { argument: place, folder: '.', name: null, gallery: null, largest: 4, precision: 'fp32' } as const;
  const { model, compute } = await openExportServed(opening, exportPlace(place) as string);
  const run = async (images: readonly Uint8Array[]) => {
    const { embeddings, probabilities } = await compute(Buffer.concat(images), images.length);
    const row = (values: Float32Array, at: number) => {
      const length = values.length / images.length;
      return values.slice(at * length, (at + 1) * length);
    };
    return images.map((_, at) => ({
      embedding: row(embeddings, at),
      probabilities: probabilities === null ? null : row(probabilities, at),
    }));
  };
  const engine = { sizes: null, run, alive: () => true, close: async () => undefined };
  const { server } = await serverOf({ model, engine, limits: { bytes: 1 << 20, pixels: 100_000, images: 8 } });
  const post = async <T>(url: string) =>
    (await server.app.inject({ method: 'POST', url, ...form(...photos.map((photo) => ['image', photo] as const)) })).json() as T;
  return { post, model };
}

/** By the last run below a folder. */
export async function ownEmbeddings(folder: string, photos: readonly Uint8Array[]): Promise<Float32Array[]> {
  const { model } = await openFinishedRun('runs/latest', folder, silent);
  const embedder = openEmbedder(model, photos.length);
  for (const photo of photos) embedder.add(await decodeImage(photo, model.side));
  const values = embedder.finish().slice();
  embedder.close();
  const length = values.length / photos.length;
  return photos.map((_, at) => values.slice(at * length, (at + 1) * length));
}
