import { EventEmitter } from 'node:events';
import { request as ask } from 'node:http';
import { connect } from 'node:net';
import { deflateSync } from 'node:zlib';
import type { FastifyReply } from 'fastify';
import { beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { createBatcher, systemClock } from '../../src/serve/batcher.js';
import { createBodies } from '../../src/serve/bodies.js';
import { createEmbedding } from '../../src/serve/embedding.js';
import type { Computed, Engine } from '../../src/serve/model.js';
import { Refusal } from '../../src/serve/refusal.js';
import { memoryStore } from '../../src/stores/memory.js';
import type { Store } from '../../src/stores/store.js';
import { arithmetic, computedOf, form, type Made, png, serverOf } from './served.js';

let made: Made;
beforeAll(async () => {
  made = await serverOf();
});
const post = (url: string, payload: Buffer | string, type: string, at: Made = made) =>
  at.server.app.inject({ method: 'POST', url, payload, headers: { 'content-type': type } });

/** An engine that computes when it is let. */
function gated(): { engine: Engine; open: () => void; calls: () => number } {
  let open = () => {};
  let calls = 0;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const run = async (images: readonly Uint8Array[]): Promise<Computed[]> => {
    calls++;
    await gate;
    return images.map(computedOf);
  };
  return { engine: { ...arithmetic, run }, open: () => open(), calls: () => calls };
}

/** A PNG of a few bytes that says it is as large as this. */
function bomb(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(data.length);
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(crcOf(body));
    return Buffer.concat([head, body, crc]);
  };
  const size = Buffer.alloc(13);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  size.set([8, 2, 0, 0, 0], 8);
  const data = deflateSync(Buffer.alloc(1000));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', size),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function crcOf(bytes: Buffer): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}

describe('what is too much', () => {
  it('is refused by its bytes, its images and its pixels, before anything is decoded or computed', async () => {
    const small = await png(1, 2, 3);
    const status = async (payload: Buffer | string, type: string) => (await post('/embed', payload, type)).statusCode;
    expect(await status(Buffer.alloc((1 << 20) + 1), 'image/png')).toBe(413);
    expect(await status(JSON.stringify({ images: ['A'.repeat(1 << 20)] }), 'application/json')).toBe(413);
    const many = form(...Array.from({ length: 5 }, () => ['image', small] as const));
    expect(await status(many.payload, many.headers['content-type'])).toBe(413);
    expect(await status(JSON.stringify({ images: Array(5).fill(small.toString('base64')) }), 'application/json')).toBe(413);
    const wide = form(['image', Buffer.alloc(700_000)], ['image', Buffer.alloc(700_000)]);
    expect(await status(wide.payload, wide.headers['content-type'])).toBe(413);
    const huge = await post('/embed', bomb(60_000, 60_000), 'image/png');
    expect([huge.statusCode, huge.json().fault]).toEqual([
      413,
      { what: 'the image has too many pixels', where: 'image 1', expected: 'at most 100,000' },
    ]);
    expect((await post('/embed', await png(1, 2, 3, 500, 201), 'image/png')).statusCode).toBe(413);
    expect((await post('/embed', await png(1, 2, 3, 500, 200), 'image/png')).statusCode).toBe(200);
  });

  it('of requests is told to come again, with when, and what was taken in is answered', async () => {
    const { engine, open } = gated();
    const busy = await serverOf({ engine, capacity: 4 });
    const image = await png(9, 0, 0);
    const two = form(['image', image], ['image', image]);
    const taken = [1, 2].map(() => post('/embed', two.payload, two.headers['content-type'], busy));
    await expect
      .poll(async () => (await busy.server.app.inject({ url: '/metrics' })).payload)
      .toContain('\nft_images_inside 4\n');
    const refused = await post('/embed', image, 'image/png', busy);
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '1']);
    open();
    expect((await Promise.all(taken)).map(({ statusCode }) => statusCode)).toEqual([200, 200]);
    expect((await post('/embed', image, 'image/png', busy)).statusCode).toBe(200);
  });

  it('of bodies is told to come again before it is read, and room comes back with each answer', async () => {
    const bodies = createBodies(10, 25);
    const leave = [bodies.enter(10), bodies.enter(undefined), bodies.enter(5)];
    expect(() => bodies.enter(1)).toThrow('busy');
    leave[2]?.();
    leave[2]?.();
    expect(() => bodies.enter(6)).toThrow('busy');
    bodies.enter(5)();
    for (const one of leave) one();
    // A body that announces too much is given up at the limit, and holds no more than that.
    bodies.enter(1e12);
    bodies.enter(10);
    expect(() => bodies.enter(10)).toThrow('busy');
    const { engine, open, calls } = gated();
    const image = await png(9, 0, 0);
    const small = await serverOf({ engine, limits: { bytes: image.length, pixels: 1000, images: 1 }, capacity: 99 });
    const held = Array.from({ length: 16 }, () => post('/embed', image, 'image/png', small));
    await expect.poll(calls).toBe(1);
    expect((await post('/embed', image, 'image/png', small)).statusCode).toBe(503);
    open();
    expect((await Promise.all(held)).map(({ statusCode }) => statusCode)).toEqual(Array(16).fill(200));
    expect((await post('/embed', image, 'image/png', small)).statusCode).toBe(200);
  });

  it('of time is told so, and the place is free again', async () => {
    const { engine } = gated();
    const slow = await serverOf({ engine, time: 50, capacity: 1 });
    const image = await png(9, 0, 0);
    expect((await post('/embed', image, 'image/png', slow)).statusCode).toBe(504);
    // Not 503: the place was given back.
    expect((await post('/embed', image, 'image/png', slow)).statusCode).toBe(504);
  });

  it('that arrives too slowly is answered with 408, and its room is free again', async () => {
    const image = await png(9, 0, 0);
    // Bodies of 16 times the limit fit: as many slow ones fill it.
    const slow = await serverOf({ arrival: 4000, limits: { bytes: image.length, pixels: 1000, images: 1 } });
    const port = await slow.server.listen(0);
    let heads = 0;
    slow.server.app.server.on('request', () => heads++);
    const dribble = async (head: string) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(head);
      const drop = setInterval(() => socket.writable && socket.write('x'), 100);
      let answer = '';
      for await (const part of socket) answer += part;
      clearInterval(drop);
      return answer;
    };
    const head = `POST /embed HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: ${image.length}\r\n\r\n`;
    const form = `POST /embed HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: ${image.length}\r\n\r\n--b\r\n`;
    const held = [...Array.from({ length: 8 }, () => head), ...Array.from({ length: 8 }, () => form)].map(dribble);
    const status = async () => (await post('/embed', image, 'image/png', slow)).statusCode;
    // Not before all are there: a request that is asked in between would take the room of one of them.
    await expect.poll(() => heads, { interval: 5, timeout: 3500 }).toBe(16);
    expect(await status()).toBe(503);
    // Nor does one that dribbles its head hold a connection for longer.
    held.push(dribble('POST /embed HTTP/1.1\r\nHost: localhost\r\nX-Slow: '));
    for (const answer of await Promise.all(held)) {
      const [first, ...lines] = answer.split('\r\n');
      expect(first).toBe('HTTP/1.1 408 Request Timeout');
      expect(JSON.parse(lines.at(-1) as string)).toEqual({
        error: 'the request did not arrive in time: send fewer or smaller images at once',
        fault: { what: 'the request did not arrive in time', mend: 'send fewer or smaller images at once' },
      });
    }
    expect(await status()).toBe(200);
    expect(await dribble('no HTTP\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*"what":"this is no HTTP request"/);
    expect(slow.said).toEqual([]);
  });

  it('of a model that has ended is said by every address of health and by each answer', async () => {
    const gone = new Refusal(503, { what: 'the model has ended' });
    const run = () => Promise.reject(gone);
    const dead = await serverOf({ engine: { ...arithmetic, run, alive: () => false } });
    for (const url of ['/health/live', '/health/ready', '/health']) {
      const answer = await dead.server.app.inject({ url });
      expect([url, answer.statusCode, answer.json().fault.what]).toEqual([url, 503, 'the model has ended']);
      expect((await made.server.app.inject({ url })).statusCode).toBe(200);
    }
    expect((await post('/embed', await png(1, 2, 3), 'image/png', dead)).statusCode).toBe(503);
  });

  it('is dropped where nobody listens any more', async () => {
    const { engine, open, calls } = gated();
    const left = await serverOf({ engine, capacity: 2 });
    const port = await left.server.listen(0);
    const image = await png(9, 0, 0);
    const first = post('/embed', image, 'image/png', left);
    await expect.poll(calls).toBe(1);
    const gone = ask({ port, path: '/embed', method: 'POST', headers: { 'content-type': 'image/png' } });
    gone.on('error', () => undefined);
    gone.end(image);
    const inside = async () => /ft_images_inside (\d+)/.exec((await left.server.app.inject({ url: '/metrics' })).payload)?.[1];
    await expect.poll(inside).toBe('2');
    gone.destroy();
    await expect.poll(inside).toBe('1');
    open();
    expect((await first).statusCode).toBe(200);
    expect(calls()).toBe(1);
  });
});

describe('a request whose sender went while its images were read', () => {
  it('takes no place in a batch', async () => {
    const computed: number[] = [];
    const compute = async (images: readonly Uint8Array[]) => {
      computed.push(images.length);
      return images.map(computedOf);
    };
    const batcher = createBatcher({ compute, largest: 4, sizes: null, capacity: 4, clock: systemClock });
    const limits = { bytes: 1, pixels: 1, images: 1 };
    const { ofPixels } = createEmbedding({ batcher, side: 1, limits, time: 1000, clock: systemClock });
    const reply = (destroyed: boolean) => ({ raw: Object.assign(new EventEmitter(), { destroyed }) }) as unknown as FastifyReply;
    const decode = () => [Promise.resolve(Uint8Array.of(1, 2, 3))];
    await expect(ofPixels(1, reply(true), decode)).rejects.toThrow(Refusal);
    expect([computed, batcher.inside]).toEqual([[], 0]);
    expect(await ofPixels(1, reply(false), decode)).toHaveLength(1);
    expect([computed, batcher.inside]).toEqual([[1], 0]);
  });
});

describe('what is not right', () => {
  it('gets a status from 400 on and says why, without a stack or a path of this machine', async () => {
    const json = (value: unknown) => [typeof value === 'string' ? value : JSON.stringify(value), 'application/json'] as const;
    const image = await png(1, 2, 3);
    const stranger = form(['picture', image]);
    const one = form(['a', image]);
    const twice = form(['a', image], ['a', image], ['b', image]);
    const empty = form();
    const hostile: readonly (readonly [string, Buffer | string, string, number])[] = [
      ['/embed', ...json('{'), 400],
      ['/embed', ...json('null'), 400],
      ['/embed', ...json([]), 400],
      ['/embed', ...json({ images: [] }), 400],
      ['/embed', ...json({ images: [7] }), 400],
      ['/embed', ...json({ images: ['<svg/>'] }), 400],
      ['/embed', ...json({ images: [null, { length: 1e9 }] }), 400],
      ['/embed', ...json('{"__proto__": {"images": ["aaaa"]}}'), 400],
      ['/embed', ...json(`${'['.repeat(50_000)}${']'.repeat(50_000)}`), 400],
      ['/embed', '', 'image/png', 400],
      ['/embed', 'no picture', 'image/png', 400],
      ['/embed', image.subarray(0, 60), 'image/png', 400],
      ['/embed', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', 'image/svg+xml', 415],
      ['/embed', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', 'image/png', 415],
      ['/embed', 'a=b', 'application/x-www-form-urlencoded', 415],
      ['/embed', 'x', 'multipart/form-data', 400],
      ['/embed', 'x', 'multipart/form-data; boundary=b', 400],
      ['/embed', stranger.payload, stranger.headers['content-type'], 400],
      ['/embed', empty.payload, empty.headers['content-type'], 400],
      ['/verify', one.payload, one.headers['content-type'], 400],
      ['/verify', twice.payload, twice.headers['content-type'], 400],
      ['/search?top=0', image, 'image/png', 400],
      ['/search?top=1e9', image, 'image/png', 400],
      ['/search?top=1&top=2', image, 'image/png', 400],
      ['/search?far=2', image, 'image/png', 400],
      ['/search?far=', image, 'image/png', 400],
      ['/enrol', image, 'image/png', 400],
      ['/enrol?class=%00', image, 'image/png', 400],
      [`/enrol?class=${'x'.repeat(201)}`, image, 'image/png', 400],
      ['/enrol?class=a&class=b', image, 'image/png', 400],
      ['/nothing', image, 'image/png', 404],
      ['/info', image, 'image/png', 404],
    ];
    for (const [url, payload, type, status] of hostile) {
      const answer = await post(url, payload, type);
      expect([url, String(payload).slice(0, 40), answer.statusCode]).toEqual([url, String(payload).slice(0, 40), status]);
      const { error, fault } = answer.json();
      expect(error).toMatch(/^[^\n]{5,}$/);
      expect(fault.what.length).toBeGreaterThan(4);
      expect(answer.payload).not.toMatch(/\/src\/|node_modules|\bat .*:\d+:\d+/);
    }
    expect(made.said).toEqual([]);
    // A black picture has no direction; nothing of it is learned.
    expect((await made.server.app.inject({ url: '/enrol' })).json()).toEqual([]);
  });

  it('of a store that is gone is answered with 503, and told to whoever runs the server alone', async () => {
    const store: Store = {
      ...memoryStore(3),
      nearest: async () => {
        throw new UserError({ what: 'the store does not answer', where: 'postgres://inner-host' });
      },
    };
    const broken = await serverOf({ store });
    const answer = await post('/search', await png(1, 2, 3), 'image/png', broken);
    expect([answer.statusCode, answer.payload.includes('inner-host')]).toEqual([503, false]);
    expect(broken.said).toEqual([expect.stringContaining('inner-host')]);
  });

  it('on our side is answered with 500 without a word of what, and told to whoever runs the server', async () => {
    const run = async () => {
      throw new Error('the secret path /root/x');
    };
    const broken = await serverOf({ engine: { ...arithmetic, run } });
    const answer = await post('/embed', await png(1, 2, 3), 'image/png', broken);
    expect([answer.statusCode, answer.json()]).toEqual([
      500,
      { error: 'the server failed to answer this', fault: { what: 'the server failed to answer this' } },
    ]);
    expect(broken.said).toEqual([expect.stringContaining('the secret path')]);
  });
});
