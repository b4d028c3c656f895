import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { silent } from '../../src/progress.js';
import { type DownloadOptions, download } from '../../src/weights/fetch/download.js';
import { sharedFolder } from '../run/runs.js';
import { u } from '../train/formula.js';

const FILE = Buffer.from(Uint8Array.from(u('a file', 300_000), (value) => (value + 0.5) * 256));
const sha256 = createHash('sha256').update(FILE).digest('hex');
const folder = sharedFolder();

type Handler = (request: IncomingMessage, response: ServerResponse, call: number) => void;
const open: { server: Server; sockets: Set<Socket> }[] = [];

/** A server of its own for a test, and the requests that it got. */
async function serve(handler: Handler): Promise<{ url: string; requests: IncomingMessage[]; server: Server }> {
  const requests: IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => handler(request, response, requests.push(request) - 1));
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({ server, sockets });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/weights.pth`, requests, server };
}

afterEach(() => {
  vi.unstubAllEnvs();
  for (const { server, sockets } of open.splice(0)) {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});

/** The whole file, or the range that is asked for, under an ETag. */
const honest: Handler = (request, response) => {
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
  const same = request.headers['if-range'] === undefined || request.headers['if-range'] === '"one"';
  const part = from !== undefined && same ? FILE.subarray(Number(from)) : FILE;
  response.writeHead(part === FILE ? 200 : 206, { etag: '"one"', 'content-length': part.length });
  response.end(part);
};

/** Half of what is asked for, then, as soon as it lies at `part`, the connection breaks. */
const breaking =
  (part: string): Handler =>
  (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const upTo = from + Math.ceil((FILE.length - from) / 2);
    response.writeHead(from > 0 ? 206 : 200, { etag: '"one"', 'content-length': FILE.length - from });
    response.write(FILE.subarray(from, upTo));
    const timer = setInterval(() => {
      if (!existsSync(part) || statSync(part).size < upTo) return;
      clearInterval(timer);
      response.destroy();
    }, 5);
  };

let count = 0;
function fetchInto(urls: readonly string[], more: Partial<DownloadOptions> = {}) {
  const path = join(folder, `${count++}`, 'weights.pth');
  const options = { urls, pin: { sha256 }, name: 'some weights', progress: silent, byHand: 'fetch it by hand', ...more };
  return { path, done: download(path, options) };
}
const whole = (path: string) =>
  readFileSync(path).equals(FILE) && !existsSync(`${path}.part`) && !existsSync(`${path}.part.from`);

describe('a download', () => {
  it('is the file, checked by SHA-256, the beginning of one, or MD5', async () => {
    const { url } = await serve(honest);
    const md5 = createHash('md5').update(FILE).digest('hex');
    for (const pin of [{ sha256 }, { sha256Starts: sha256.slice(0, 8) }, { md5 }]) {
      const { path, done } = fetchInto([url], { pin });
      await done;
      expect(whole(path)).toBe(true);
    }
  });

  it('goes on where a connection broke, as often as it takes', async () => {
    const part = join(folder, `${count}`, 'weights.pth.part');
    const { url, requests } = await serve((request, response, call) =>
      (call < 3 ? breaking(part) : honest)(request, response, call),
    );
    const { path, done } = fetchInto([url]);
    await done;
    expect(whole(path)).toBe(true);
    expect(requests.map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=150000-', 'bytes=225000-', 'bytes=262500-']);
  });

  it('goes on where an earlier call was killed, and begins anew where the file is another since', async () => {
    const { url, requests } = await serve(honest);
    for (const [validator, range] of [
      ['"one"', 'bytes=1000-'],
      ['"other"', 'bytes=1000-'],
    ]) {
      const path = join(folder, `${count}`, 'weights.pth');
      const { done: first } = fetchInto([url]);
      await first;
      // As a kill leaves it: the first bytes under the name of a part.
      writeFileSync(`${path}.part`, FILE.subarray(0, 1000));
      writeFileSync(`${path}.part.from`, JSON.stringify({ url, validator }));
      await download(path, { urls: [url], pin: { sha256 }, name: 'some weights', progress: silent, byHand: '' });
      expect(whole(path)).toBe(true);
      expect(requests.at(-1)?.headers.range).toBe(range);
    }
  });

  it('begins anew where the server has less than what lies here', async () => {
    const { url } = await serve((request, response, call) => {
      if (request.headers.range === undefined) honest(request, response, call);
      else response.writeHead(416).end();
    });
    const path = join(folder, `${count}`, 'weights.pth');
    await fetchInto([url]).done;
    writeFileSync(`${path}.part`, FILE);
    writeFileSync(`${path}.part.from`, JSON.stringify({ url, validator: '"one"' }));
    await download(path, { urls: [url], pin: { sha256 }, name: 'some weights', progress: silent, byHand: '' });
    expect(whole(path)).toBe(true);
  });

  it('follows a redirect, waits out a busy server, and takes the next address where one has nothing', async () => {
    const { url } = await serve(honest);
    const redirecting = await serve((_, response) => response.writeHead(302, { location: url }).end());
    const busy = await serve((request, response, call) => {
      if (call < 2) response.writeHead(503).end();
      else honest(request, response, call);
    });
    const gone = await serve((_, response) => response.writeHead(404).end());
    for (const urls of [[redirecting.url], [busy.url], [gone.url, url]]) {
      const { path, done } = fetchInto(urls);
      await done;
      expect(whole(path)).toBe(true);
    }
    expect(gone.requests).toHaveLength(1);
  });

  it('that is another file is refused, not kept, and fetched from the next address', async () => {
    const wrong = await serve((_, response) => response.end('not the weights'));
    const { path, done } = fetchInto([wrong.url]);
    await expect(done).rejects.toThrow(`another file than the card pins (SHA-256 ${sha256})`);
    expect([existsSync(path), existsSync(`${path}.part`)]).toEqual([false, false]);
    const { url } = await serve(honest);
    const second = fetchInto([wrong.url, url]);
    await second.done;
    expect(whole(second.path)).toBe(true);
  });

  it('says every address, its answer, and what to do by hand where none can be reached', async () => {
    const gone = await serve((_, response) => response.writeHead(404, 'Not Found').end());
    const closed = await serve(honest);
    await new Promise((resolve) => closed.server.close(resolve));
    const { done } = fetchInto([gone.url, closed.url]);
    const error = await done.catch((thrown: Error) => thrown.message);
    expect(error).toContain('some weights cannot be fetched from here');
    expect(error).toContain(`${gone.url}: the server answers 404 Not Found; ${closed.url}: connect ECONNREFUSED`);
    expect(error).toContain('do this:  fetch it by hand');
  });

  it('is given up where nothing comes any more, and what came is kept for the next call', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { etag: '"one"', 'content-length': FILE.length });
      response.write(FILE.subarray(0, 5000));
    });
    const { path, done } = fetchInto([url], { patience: 1000, attempts: 1 });
    await expect(done).rejects.toThrow(`${url}: nothing comes any more`);
    expect(readFileSync(`${path}.part`)).toHaveLength(5000);
  });

  it("goes through the person's proxy, but where NO_PROXY excepts it", async () => {
    const { url } = await serve(honest);
    const asked: string[] = [];
    const proxy = await serve((_, response) => response.writeHead(500).end());
    proxy.server.on('connect', (request: IncomingMessage, socket: Socket) => {
      asked.push(request.url as string);
      const [host, port] = (request.url as string).split(':') as [string, string];
      const through = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        through.pipe(socket).pipe(through);
      });
      through.on('error', () => socket.destroy());
    });
    vi.stubEnv('http_proxy', new URL(proxy.url).origin);
    vi.stubEnv('no_proxy', '');
    const proxied = fetchInto([url]);
    await proxied.done;
    expect([whole(proxied.path), asked]).toEqual([true, [new URL(url).host]]);
    vi.stubEnv('no_proxy', '127.0.0.1');
    await fetchInto([url]).done;
    expect(asked).toHaveLength(1);
  });
});
