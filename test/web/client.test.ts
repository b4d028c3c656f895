import { describe, expect, it } from 'vitest';
import { createClient } from '../../src/web/client.js';

interface Asked {
  readonly address: string;
  readonly method: string;
  readonly authorization: string | undefined;
}

/** A client whose requests are kept and get one answer. */
function clientWith(answer: () => Response | Promise<Response>, token: string | null = null) {
  const asked: Asked[] = [];
  const client = createClient(token, async (address, init) => {
    const headers = (init?.headers ?? {}) as Record<string, string>;
    asked.push({ address: String(address), method: init?.method ?? 'GET', authorization: headers.Authorization });
    return answer();
  });
  return { client, asked };
}

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });
const image = new Blob(['x'], { type: 'image/png' });

describe('the client', () => {
  it('asks relative addresses, so that a path of a proxy stays before them', async () => {
    const { client, asked } = clientWith(() => json([]));
    await client.info();
    await client.search(image, 12);
    await client.enrol('a & b/ü?', [image]);
    await client.remove('a & b/ü?');
    expect(asked.map(({ method, address }) => `${method} ${address}`)).toEqual([
      'GET info',
      'POST search?top=12',
      'POST enrol?class=a+%26+b%2F%C3%BC%3F',
      'DELETE enrol?class=a+%26+b%2F%C3%BC%3F',
    ]);
  });

  it('sends the token with every request, and none where there is none', async () => {
    const { client, asked } = clientWith(() => json({}), 'secret');
    await client.info();
    await client.verify(image, image);
    expect(asked.map(({ authorization }) => authorization)).toEqual(['Bearer secret', 'Bearer secret']);
    const without = clientWith(() => json({}));
    await without.client.info();
    expect(without.asked[0]?.authorization).toBeUndefined();
  });

  it('tells apart who is away, who wants a token, and who says no', async () => {
    const failure = async (answer: () => Response | Promise<Response>, token: string | null = null) => {
      const outcome = await clientWith(answer, token).client.info();
      return outcome.ok ? null : outcome.failure;
    };
    expect(await failure(() => Promise.reject(new TypeError('Failed to fetch')))).toEqual({ kind: 'away' });
    expect(await failure(() => json({ error: 'is ending' }, 503))).toEqual({ kind: 'away' });
    expect(await failure(() => json({ error: 'token' }, 401))).toEqual({ kind: 'token', given: false });
    expect(await failure(() => json({ error: 'token' }, 401), 'wrong')).toEqual({ kind: 'token', given: true });
    expect(await failure(() => json({ error: 'a: b', fault: { what: 'b', where: 'a' } }, 400))).toEqual({
      kind: 'refused',
      status: 400,
      fault: { what: 'b', where: 'a' },
    });
    expect(await failure(() => json({ error: 'one line' }, 404))).toEqual({
      kind: 'refused',
      status: 404,
      fault: { what: 'one line' },
    });
    expect(await failure(() => new Response('<h1>Not Found</h1>', { status: 404 }))).toEqual({
      kind: 'refused',
      status: 404,
      fault: { what: 'the server answered with status 404' },
    });
  });

  it('comes again to a full server when it says, and gives up after four times', async () => {
    const pauses: number[] = [];
    const full = () => new Response('{}', { status: 503, headers: { 'Retry-After': '2' } });
    const search = async (answers: Response[]) => {
      const client = createClient(
        null,
        async () => answers.shift() ?? full(),
        async (time) => void pauses.push(time),
      );
      const outcome = await client.search(image, 5);
      return outcome.ok ? outcome.value : outcome.failure;
    };
    expect(await search([full(), full(), json({ queries: [] })])).toEqual({ queries: [] });
    expect(pauses).toEqual([2000, 2000]);
    expect(await search([])).toEqual({ kind: 'away' });
    expect(pauses).toHaveLength(5);
  });

  it('waits for a map that is being drawn', async () => {
    expect(await clientWith(() => json({}, 202)).client.map()).toEqual({ ok: true, value: 'drawing' });
    expect(await clientWith(() => json([])).client.map()).toEqual({ ok: true, value: [] });
  });
});
