import { request as ask } from 'node:http';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { describeApi } from '../../src/serve/openapi.js';
import { arithmetic, computedOf, form, type Made, MODEL, png, serverOf } from './served.js';

const LIMITS = { bytes: 1 << 20, pixels: 100_000, images: 4 };
const description = describeApi(MODEL, LIMITS);
let made: Made;
beforeAll(async () => {
  made = await serverOf();
});

describe('the description', () => {
  it('is valid OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(structuredClone(description) as unknown as Record<string, unknown>);
    expect([valid, errors]).toEqual([true, undefined]);
  });

  it('names every address that is served, and no other', () => {
    const tree = made.server.app.printRoutes({ commonPrefix: false });
    // Of the router's tree: the whole path of each line, by its depth.
    const found = new Set<string>();
    const trail: string[] = [];
    for (const line of tree.split('\n').filter((text) => text !== '')) {
      const [, indent = '', rest = ''] = /^([│\s]*)[├└]── (.*)$/.exec(line) ?? [];
      const depth = indent.length / 4;
      const [, part = '', methods] = /^(.*?)(?: \(([A-Z, ]+)\))?$/.exec(rest) ?? [];
      trail.splice(depth, trail.length, part);
      for (const method of methods?.split(', ') ?? []) found.add(`${method} ${trail.join('')}`);
    }
    const asRoute = (method: string, path: string) => {
      const route = path
        .replace('/v1/models/colours', '/v1/models/:name')
        .replace('/versions/1', '/versions/:version')
        .replace(':predict', '')
        .replace('{id}', ':id');
      return `${method.toUpperCase()} ${route}`;
    };
    const described = Object.entries(description.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => asRoute(method, path)),
    );
    expect([...found].filter((route) => route !== 'GET /').sort()).toEqual([...new Set(described)].sort());
  });

  it('describes the answers as they are', async () => {
    const ajv = new Ajv2020({ strict: false });
    ajv.addSchema({ $id: 'api', ...(description as object) });
    const holds = (name: string, value: unknown) => {
      const check = ajv.getSchema(`api#/components/schemas/${name}`);
      if (check === undefined) throw new Error(`no schema ${name}`);
      expect([name, check(value), check.errors]).toEqual([name, true, null]);
      if (typeof value === 'object' && value !== null && name !== 'ApiError')
        for (const key of Object.keys(value)) expect(check({ ...value, [key]: { not: 'this' } })).toBe(false);
    };
    const image = form(['image', await png(9, 80, 7)]);
    const post = async (url: string, body = image) => (await made.server.app.inject({ method: 'POST', url, ...body })).json();
    const get = async (url: string) => (await made.server.app.inject({ url })).json();
    holds('Info', await get('/info'));
    holds('Embedded', await post('/embed'));
    holds('Searched', await post('/search'));
    holds('Classified', await post('/classify'));
    holds('Verified', await post('/verify', form(['a', await png(1, 2, 3)], ['b', await png(3, 2, 1)])));
    holds('Enrolled', await post('/enrol?class=x'));
    holds('Enrolled', (await get('/enrol'))[0]);
    holds('ThresholdPoint', (await get('/thresholds'))[0]);
    await get('/map');
    await expect.poll(async () => (await get('/map')).length).toBe(5);
    holds('MapPoint', (await get('/map'))[0]);
    holds('ApiError', await get('/nothing'));
    expect(await get('/openapi.json')).toEqual(JSON.parse(JSON.stringify(description)));
    const docs = await made.server.app.inject({ url: '/docs' });
    for (const path of Object.keys(description.paths)) expect(docs.payload).toContain(` ${path}</code>`);
    expect(docs.payload).not.toMatch(/(src|href)="(https?:)?\/\//);
  });
});

describe('the page', () => {
  it('is served with its two files under a policy that lets nothing else in, or names the addresses where there is none', async () => {
    const page = { html: '<p>page', js: 'run()', css: 'p{}' };
    const { server } = await serverOf({ page });
    const shown = await server.app.inject({ url: '/' });
    expect([shown.payload, shown.headers['content-type']]).toEqual(['<p>page', 'text/html; charset=utf-8']);
    const policy = String(shown.headers['content-security-policy']);
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    const script = await server.app.inject({ url: '/page.js' });
    expect([script.payload, script.headers['content-type']]).toEqual(['run()', 'text/javascript; charset=utf-8']);
    expect((await server.app.inject({ url: '/page.css' })).headers['content-type']).toBe('text/css; charset=utf-8');
    const plain = await made.server.app.inject({ url: '/' });
    expect(plain.payload).toContain('href="docs"');
    expect((await made.server.app.inject({ url: '/page.js' })).statusCode).toBe(404);
  });
});

describe('the figures for Prometheus', () => {
  it('count requests by route and status, and images by batch', async () => {
    const { server } = await serverOf();
    const image = await png(9, 80, 7);
    await server.app.inject({ method: 'POST', url: '/embed', ...form(['image', image], ['image', image], ['image', image]) });
    await server.app.inject({ method: 'POST', url: '/search?top=x', ...form(['image', image]) });
    await server.app.inject({ url: '/pictures/none' });
    await server.app.inject({ url: '/some/thing' });
    const { payload, headers } = await server.app.inject({ url: '/metrics' });
    expect(headers['content-type']).toContain('text/plain; version=0.0.4');
    for (const line of [
      'ft_requests_total{route="/embed",status="200"} 1',
      'ft_requests_total{route="/search",status="400"} 1',
      'ft_requests_total{route="/pictures/:id",status="404"} 1',
      'ft_requests_total{route="none",status="404"} 1',
      'ft_request_seconds_count{route="/embed"} 1',
      'ft_batch_images_bucket{le="2"} 0',
      'ft_batch_images_bucket{le="4"} 1',
      'ft_batch_images_sum 3',
      'ft_model_seconds_count 1',
      'ft_images_waiting 0',
      'ft_images_inside 0',
    ])
      expect(payload.split('\n')).toContain(line);
  });
});

describe('the end', () => {
  it('answers what is there, is not ready meanwhile, and lets go of the model last', async () => {
    const order: string[] = [];
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const engine = {
      ...arithmetic,
      run: async (images: readonly Uint8Array[]) => {
        order.push('computing');
        await gate;
        return images.map(computedOf);
      },
      close: async () => void order.push('closed'),
    };
    const { server } = await serverOf({ engine });
    const port = await server.listen(0);
    const image = await png(200, 0, 0);
    const send = (path: string, body?: Buffer) =>
      new Promise<{ status: number; body: string }>((resolve, reject) => {
        const method = body === undefined ? 'GET' : 'POST';
        const sent = ask({ port, path, method, headers: { 'content-type': 'image/png' } }, (answer) => {
          let text = '';
          answer.on('data', (part) => (text += part)).on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }));
        });
        sent.on('error', reject);
        sent.end(body);
      });
    expect((await send('/health/ready')).status).toBe(200);
    expect(await send('/health')).toEqual(await send('/health/ready'));
    const last = send('/embed', image);
    await expect.poll(() => order).toEqual(['computing']);
    const stopped = server.stop().then(() => order.push('stopped'));
    for (const url of ['/health/ready', '/health']) {
      const late = await server.app.inject({ url }).catch(() => null);
      if (late !== null) expect(late.statusCode).toBe(503);
    }
    await expect(send('/info')).rejects.toThrow('ECONNREFUSED');
    open();
    expect((await last).status).toBe(200);
    await stopped;
    expect(order).toEqual(['computing', 'closed', 'stopped']);
  });
});
