/** A server with the shapes of src/serve/api.ts, no model, and a made-up gallery: what the page is tested against. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verdictOf } from '../../src/search/nearest.js';
import type { ApiError, Enrolled, Info, MapPoint, Searched, ThresholdPoint, Verified } from '../../src/serve/api.js';
import type { PageFiles } from '../../src/serve/page.js';
import { CLASSES, cosine, DIMENSIONS, embeddingOf, GALLERY, type Row, THRESHOLDS, unit } from './stub-gallery.js';

/** What a test may change while the page is open. */
export interface Stub {
  readonly address: string;
  token: string | null;
  gallery: readonly Row[];
  thresholds: readonly ThresholdPoint[];
  classifier: boolean;
  /** How often /map still says that it is being drawn. */
  drawing: number;
  /** The answer to the next request by POST. */
  refusal: { readonly status: number; readonly body: ApiError } | null;
  /** While true, connections are closed without an answer. */
  away: boolean;
  enrolled: Enrolled[];
  /** Paths that were asked for, with their method. */
  readonly asked: string[];
  reset(): void;
  close(): Promise<void>;
}

const USUAL = () => ({
  token: null,
  gallery: GALLERY,
  thresholds: THRESHOLDS,
  classifier: true,
  drawing: 0,
  refusal: null,
  away: false,
  enrolled: [],
});

/** The policy of src/serve/page.ts. */
export const POLICY =
  "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export async function startStub(page: PageFiles): Promise<Stub> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    if (stub.away) return request.socket.destroy();
    asked.push(`${request.method} ${request.url}`);
    void answer(stub, page, request, response).catch((error) => send(response, 500, { error: String(error) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stub: Stub = {
    ...USUAL(),
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    reset() {
      Object.assign(stub, USUAL());
      asked.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return stub;
}

async function answer(stub: Stub, page: PageFiles, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', stub.address);
  const files: Readonly<Record<string, readonly [string, string]>> = {
    '/': ['text/html; charset=utf-8', page.html],
    '/page.js': ['text/javascript; charset=utf-8', page.js],
    '/page.css': ['text/css; charset=utf-8', page.css],
  };
  const file = files[pathname];
  if (file !== undefined) {
    response.writeHead(200, { 'Content-Type': file[0], 'Content-Security-Policy': POLICY }).end(file[1]);
    return;
  }
  if (stub.token !== null && request.headers.authorization !== `Bearer ${stub.token}`)
    return send(response, 401, { error: 'a token is wanted' });
  if (request.method === 'POST' && stub.refusal !== null) {
    const { status, body } = stub.refusal;
    stub.refusal = null;
    return send(response, status, body);
  }
  switch (`${request.method} ${pathname}`) {
    case 'GET /info':
      return send(response, 200, infoOf(stub));
    case 'GET /thresholds':
      return send(response, 200, stub.thresholds);
    case 'GET /enrol':
      return send(response, 200, stub.enrolled);
    case 'GET /map':
      if (stub.drawing > 0) {
        stub.drawing--;
        return send(response, 202, { state: 'drawing' });
      }
      return send(response, 200, mapOf(stub.gallery));
    case 'POST /search': {
      const [image] = await imagesOf(request, 'image');
      return send(response, 200, searched(stub, image ?? '', Number(searchParams.get('top') ?? 5)));
    }
    case 'POST /verify': {
      const form = await formOf(request);
      const [a, b] = [form.get('a'), form.get('b')].map((one) => embeddingOf((one as File).name));
      const similarity = cosine(a ?? [], b ?? []);
      const threshold = stub.thresholds[2] as ThresholdPoint;
      const verified: Verified = {
        similarity,
        distance: 1 - similarity,
        same: similarity >= threshold.threshold,
        verdict: verdictOf(similarity, threshold),
        threshold,
      };
      return send(response, 200, verified);
    }
    case 'POST /enrol':
      return send(response, 200, enrol(stub, searchParams.get('class') ?? '', await imagesOf(request, 'image')));
    case 'DELETE /enrol': {
      const name = searchParams.get('class');
      const gone = stub.enrolled.find((one) => one.class === name);
      if (gone === undefined) return send(response, 404, { error: `no enrolled class '${name}'` });
      stub.enrolled = stub.enrolled.filter((one) => one !== gone);
      stub.gallery = stub.gallery.filter((row) => row.kind === 'image' || row.class !== name);
      return send(response, 200, gone);
    }
    default:
      if (pathname.startsWith('/pictures/')) {
        response.writeHead(200, { 'Content-Type': 'image/svg+xml' }).end(drawingOf(pathname.slice('/pictures/'.length)));
        return;
      }
      return send(response, 404, { error: `there is no ${pathname}` });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

async function formOf(request: IncomingMessage): Promise<FormData> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers = { 'Content-Type': request.headers['content-type'] ?? '' };
  return new Response(Buffer.concat(chunks), { headers }).formData();
}

async function imagesOf(request: IncomingMessage, field: string): Promise<string[]> {
  return (await formOf(request)).getAll(field).map((one) => (one as File).name);
}

function infoOf({ gallery, classifier, enrolled }: Stub): Info {
  return {
    name: 'groceries',
    model: '3f9a0c17d2e84b5566aa01b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f6',
    base: 'resnet50-thin',
    dimensions: DIMENSIONS,
    side: 160,
    classes: classifier ? CLASSES : null,
    gallery: { images: gallery.filter(({ kind }) => kind === 'image').length, enrolled: enrolled.length },
    scores: { recall_at_1: { value: 0.955, low: 0.94, high: 0.968 }, map_at_r: { value: 0.513, low: 0.49, high: 0.535 } },
    limits: { bytes: 5_000_000, pixels: 50_000_000, images: 8 },
  };
}

/** Every row by its cosine, the highest first. */
export function ranked(gallery: readonly Row[], file: string): { row: Row; similarity: number }[] {
  const query = embeddingOf(file);
  return gallery.map((row) => ({ row, similarity: cosine(query, row.embedding) })).sort((a, b) => b.similarity - a.similarity);
}

function searched({ gallery, classifier, thresholds }: Stub, file: string, top: number): Searched {
  const all = ranked(gallery, file);
  const threshold = thresholds[2] ?? null;
  const likely = CLASSES.map((name) => ({
    class: name,
    weight: Math.exp(8 * cosine(embeddingOf(`${name}-0.jpg`), embeddingOf(file))),
  }));
  const sum = likely.reduce((total, { weight }) => total + weight, 0);
  const first = all[0]?.row;
  return {
    threshold,
    queries: [
      {
        answers: all.slice(0, top).map(({ row, similarity }) => ({
          id: row.id,
          file: row.file,
          class: row.class,
          kind: row.kind,
          images: row.images,
          similarity,
          distance: 1 - similarity,
          verdict: threshold === null ? null : verdictOf(similarity, threshold),
          picture: `/pictures/${row.id}`,
        })),
        classes: classifier
          ? likely
              .map((one) => ({ class: one.class, probability: one.weight / sum }))
              .sort((a, b) => b.probability - a.probability)
              .slice(0, 5)
          : null,
        place: first === undefined ? null : placeOf(first),
      },
    ],
  };
}

function enrol(stub: Stub, name: string, files: readonly string[]): Enrolled {
  const embeddings = files.map(embeddingOf);
  const prototype = unit(Array.from({ length: DIMENSIONS }, (_, at) => embeddings.reduce((sum, one) => sum + (one[at] ?? 0), 0)));
  const cosines = embeddings.map((one) => cosine(one, prototype));
  const enrolled: Enrolled = {
    class: name,
    images: files.length,
    agreement: { smallest: Math.min(...cosines), mean: cosines.reduce((sum, one) => sum + one, 0) / cosines.length },
    picture: `/pictures/enrolled-${encodeURIComponent(name)}`,
  };
  stub.enrolled = [...stub.enrolled, enrolled];
  const row: Row = {
    id: `enrolled-${name}`,
    file: name,
    class: name,
    kind: 'prototype',
    images: files.length,
    embedding: prototype,
  };
  stub.gallery = [...stub.gallery, row];
  return enrolled;
}

/** Classes on a circle, their images around them. */
function placeOf({ class: name, embedding }: Row): { x: number; y: number } {
  const at = CLASSES.indexOf(name ?? '');
  const angle = (2 * Math.PI * at) / CLASSES.length;
  return { x: 3 * Math.cos(angle) + (embedding[0] ?? 0), y: 3 * Math.sin(angle) + (embedding[1] ?? 0) };
}

function mapOf(gallery: readonly Row[]): MapPoint[] {
  return gallery.map((row) => ({
    ...placeOf(row),
    id: row.id,
    class: row.class,
    file: row.file,
    picture: `/pictures/${row.id}`,
  }));
}

function drawingOf(id: string): string {
  const at = CLASSES.findIndex((name) => id.includes(name));
  const hue = at === -1 ? 0 : at * 45;
  const turn = (Number(id.at(-1)) || 0) * 12;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="132" height="132" viewBox="0 0 132 132"><rect width="132" height="132" fill="hsl(${hue} 40% 92%)"/><g transform="rotate(${turn} 66 66)" fill="hsl(${hue} 60% 45%)"><rect x="36" y="36" width="60" height="60" rx="${(at + 1) * 4}"/><circle cx="66" cy="30" r="14"/></g></svg>`;
}
