import multipart from '@fastify/multipart';
import fastify, { type FastifyInstance } from 'fastify';
import type { Store } from '../stores/store.js';
import { createAccess } from './access.js';
import { type Clock, createBatcher, systemClock } from './batcher.js';
import { createBodies } from './bodies.js';
import { createEmbedding } from './embedding.js';
import { createEnrolment } from './enrolment.js';
import { addGalleryRoutes } from './gallery-routes.js';
import { createMap, type MapMaker } from './map.js';
import { createMetrics } from './metrics.js';
import type { Engine, ServedModel } from './model.js';
import { addModelRoutes } from './model-routes.js';
import { addOperationRoutes } from './operation-routes.js';
import { addPage, type PageFiles } from './page.js';
import type { Parts } from './parts.js';
import { answerTo, Refusal } from './refusal.js';
import { addTfServing } from './tf-serving.js';
import { answerUnread } from './unread.js';
import type { Limits } from './uploads.js';

export interface ServerOptions {
  readonly model: ServedModel;
  readonly engine: Engine;
  readonly store: Store;
  readonly mapMaker: MapMaker;
  /** Where the pictures of enrolled classes are kept. */
  readonly pictures: string;
  /** Null: the page that names the addresses. */
  readonly page: PageFiles | null;
  readonly limits: Limits;
  /** Milliseconds that a request has once it is here. */
  readonly time: number;
  /** Images a batch, at most. */
  readonly largest: number;
  /** Images that are inside at one time, at most. */
  readonly capacity: number;
  readonly token: string | null;
  readonly host: string;
  /** Is told of what was our fault. */
  readonly say: (line: string) => void;
  readonly clock?: Clock;
  /** Milliseconds in which a request has to be here whole, unless told {@link ARRIVAL}. */
  readonly arrival?: number;
}

export interface Server {
  readonly app: FastifyInstance;
  /** @returns the port, where 0 was asked for. @throws NodeJS.ErrnoException */
  listen(port: number): Promise<number>;
  /** Says that it is not ready, takes no new requests, answers those that are there, and then ends. */
  stop(): Promise<void>;
}

/** A request that arrives more slowly than this is given up (408): milliseconds. */
const ARRIVAL = 60_000;
/** How often connections are looked over for such, at most: milliseconds. */
const LOOK = 5000;
/** How many of the largest bodies are in memory at one time, or as many bytes of smaller ones. */
const BODIES = 16;
/** Of a name in a path. */
const LONGEST_NAME = 300;

export async function createServer(options: ServerOptions): Promise<Server> {
  const { model, engine, store, limits, time, largest, capacity, token, host, say, clock = systemClock } = options;
  const { arrival = ARRIVAL } = options;
  let stopping = false;
  const metrics = createMetrics(() => batcher);
  const batcher = createBatcher({
    compute: (images: readonly Uint8Array[]) => engine.run(images),
    largest: Math.min(largest, engine.sizes?.at(-1) ?? largest),
    sizes: engine.sizes,
    capacity,
    clock,
    onBatch: (images, milliseconds) => metrics.batch(images, milliseconds / 1000),
  });
  const parts: Parts = {
    model,
    store,
    embedding: createEmbedding({ batcher, side: model.side, limits, time, clock }),
    enrolment: createEnrolment(store, options.pictures),
    map: createMap(store, options.mapMaker, (error) => say(`the map cannot be drawn: ${String(error)}`)),
    metrics,
    batcher,
    limits,
    ready: () => !stopping,
    alive: engine.alive,
  };
  const app = fastify({
    bodyLimit: limits.bytes,
    requestTimeout: arrival,
    http: { headersTimeout: arrival, connectionsCheckingInterval: Math.min(LOOK, arrival / 4) },
    clientErrorHandler: answerUnread,
    routerOptions: { maxParamLength: LONGEST_NAME },
    // Idle connections do not hold up the end; ours says 503 in its own words.
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: false,
  });
  hardened(app, options);
  const bodies = createBodies(limits.bytes, BODIES * limits.bytes);
  const access = createAccess({ token, host });
  app.addHook('onRequest', async (request, reply) => {
    const path = request.url.split('?', 1)[0] as string;
    reply.headers({ 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store' });
    access.check({ method: request.method, path, headers: request.headers });
    if (stopping && path !== '/health/live')
      throw new Refusal(503, { what: 'the server is ending' }, { Connection: 'close', 'Retry-After': '5' });
    const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
    if (coding !== undefined || Number(length) > 0)
      reply.raw.once('close', bodies.enter(coding === undefined ? Number(length) : undefined));
  });
  // A connection that is kept for the next request would hold up the end.
  app.addHook('onSend', async (_, reply) => {
    if (stopping) reply.header('Connection', 'close');
  });
  app.addHook('onResponse', async (request, reply) =>
    metrics.answered(request.routeOptions.url ?? 'none', reply.statusCode, reply.elapsedTime / 1000),
  );
  await app.register(multipart);
  app.addContentTypeParser(/^image\//, { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  addModelRoutes(app, parts);
  addGalleryRoutes(app, parts);
  addOperationRoutes(app, parts);
  addPage(app, options.page, access, model.name);
  await app.register(async (inner) => addTfServing(inner, parts));
  return {
    app,
    async listen(port) {
      await app.listen({ port, host });
      return (app.server.address() as { port: number }).port;
    },
    async stop() {
      stopping = true;
      await app.close();
      await engine.close();
      await store.close();
    },
  };
}

/** Every fault as an `ApiError`; a stack is shown to nobody. */
function hardened(app: FastifyInstance, { say }: Pick<ServerOptions, 'say'>): void {
  app.setErrorHandler((error, request, reply) => {
    const { status, body, headers, ours } = answerTo(error);
    if (ours) say(`${request.method} ${request.routeOptions.url ?? ''}: ${(error as Error).stack ?? String(error)}`);
    return reply.code(status).headers(headers).type('application/json').send(body);
  });
  app.setNotFoundHandler((request) => {
    throw new Refusal(404, {
      what: 'there is nothing at this address',
      found: `${request.method} ${request.url.split('?', 1)[0]?.slice(0, 100)}`,
      mend: 'GET /docs lists what there is',
    });
  });
}
