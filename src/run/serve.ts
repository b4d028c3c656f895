import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import type { Progress } from '../progress.js';
import type { Precision } from '../runtime/program.js';
import { isLoopback } from '../serve/access.js';
import { fillStore } from '../serve/fill-store.js';
import type { PageFiles } from '../serve/page.js';
import { createServer as createHttpServer, type Server } from '../serve/server.js';
import type { Store } from '../stores/store.js';
import { mapMaker } from './serving/map-maker.js';
import { startModel } from './serving/model.js';
import { openServedStore, servedFolder } from './serving/store.js';

export interface ServeOptions {
  /** A run or an export. */
  readonly argument: string;
  readonly folder: string;
  readonly name: string | null;
  /** What is searched, a whole path: a folder, a table, a file of vectors; null: only what is enrolled. */
  readonly gallery: string | null;
  /** Where its rows are kept, as `openStore` takes it; null: in the cache. */
  readonly store: string | null;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly token: string | null;
  /** Whether anybody who reaches the host may ask. */
  readonly noToken: boolean;
  readonly precision: Precision | 'auto';
  /** Images a batch, images inside at one time, images a request, at most. */
  readonly batch: number;
  readonly queue: number;
  readonly images: number;
  /** Of a request's body; pixels of an image. */
  readonly bytes: number;
  readonly pixels: number;
  /** Milliseconds a request has. */
  readonly time: number;
  /** The page, where there is one. */
  readonly page: (() => Promise<PageFiles>) | null;
}

export interface Serving {
  readonly url: string;
  readonly server: Server;
  /** Broken when the model is. */
  readonly broken: Promise<never>;
}

/** Opens a model and its gallery and serves them. @throws UserError, for instance where the port is taken */
export async function serve(options: ServeOptions, progress: Progress): Promise<Serving> {
  // What opens the model crosses to its thread; a function cannot.
  const { page, ...values } = options;
  const { host, port, token } = options;
  refuseOpenHost(options);
  // Known before a model is opened, which takes seconds.
  await tryPort(options);
  const files = page === null ? null : await page();
  const { model, engine, gallery, broken } = await startModel({ ...values, largest: options.batch }, progress);
  let store: Store | null = null;
  try {
    const record = { dimensions: model.dimensions, model: model.hash };
    const kept = servedFolder(record, options.gallery);
    store = await openServedStore(options.store, kept, record);
    if (gallery !== null) await fillStore(store, gallery);
    const server = await createHttpServer({
      model,
      engine,
      store,
      mapMaker,
      pictures: join(kept, 'enrolled'),
      page: files,
      // More than fit into the queue would be sent away for ever.
      limits: { bytes: options.bytes, pixels: options.pixels, images: Math.min(options.images, options.queue) },
      time: options.time,
      largest: options.batch,
      capacity: options.queue,
      token,
      host,
      say: (line) => progress.line(line),
    });
    const bound = await server.listen(port).catch(refusedPort(options));
    const name = host.includes(':') ? `[${host}]` : host;
    return { url: `http://${name}:${bound}`, server, broken };
  } catch (error) {
    await Promise.allSettled([engine.close(), store?.close()]);
    throw error;
  }
}

function refuseOpenHost({ host, token, noToken }: ServeOptions): void {
  if (isLoopback(host) || token !== null || noToken) return;
  throw new UserError({
    what: 'others than this machine could reach the server, and anybody may ask it',
    where: `--host ${host}`,
    expected: '--token TOKEN, or --no-token where that is meant',
    mend: `--token ${randomBytes(18).toString('base64url')}`,
  });
}

/** Listens for a moment. @throws UserError where that is not possible */
async function tryPort(options: ServeOptions): Promise<void> {
  const probe = createServer().listen(options.port, options.host);
  await once(probe, 'listening').catch(refusedPort(options));
  probe.close();
  await once(probe, 'close');
}

function refusedPort(options: ServeOptions) {
  return (error: NodeJS.ErrnoException): never => {
    throw inWords(error, options);
  };
}

function inWords(error: NodeJS.ErrnoException, { host, port }: ServeOptions): unknown {
  switch (error.code) {
    case 'EADDRINUSE':
      return new UserError({
        what: `port ${port} is taken`,
        where: '--port',
        mend: 'end what listens there, or name another port (0: any that is free)',
      });
    case 'EACCES':
      return new UserError({
        what: `port ${port} may not be listened on by you`,
        where: '--port',
        mend: 'name one from 1024 on',
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new UserError({ what: 'this machine has no such address', where: `--host ${host}`, mend: '--host 127.0.0.1' });
    default:
      return error;
  }
}
