import { describe, expect, it } from 'vitest';
import { createAccess, isLoopback } from '../../src/serve/access.js';
import type { Refusal } from '../../src/serve/refusal.js';
import { form, png, serverOf } from './served.js';

function status(
  access: ReturnType<typeof createAccess>,
  headers: Record<string, string>,
  method = 'GET',
  path = '/info',
): number {
  try {
    access.check({ method, path, headers });
    return 200;
  } catch (error) {
    return (error as Refusal).status;
  }
}

describe('who may ask', () => {
  it('without a token is who calls the server by an address, localhost, or the name it was bound to', () => {
    const access = createAccess({ token: null, host: 'studio.lan' });
    const of = (host: string) => status(access, { host });
    for (const host of [
      '127.0.0.1:8501',
      'localhost',
      'LOCALHOST:1',
      'a.localhost:80',
      '[::1]:8501',
      '192.168.1.7',
      'studio.lan:8501',
    ])
      expect([host, of(host)]).toEqual([host, 200]);
    for (const host of [
      'evil.example',
      'evil.example:8501',
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      '',
      '[::1].evil.example',
    ])
      expect([host, of(host)]).toEqual([host, 403]);
  });

  it('changes and computes nothing for a page of another origin', () => {
    const access = createAccess({ token: null, host: '127.0.0.1' });
    const of = (origin: string, method = 'POST') => status(access, { host: '127.0.0.1:8501', origin }, method);
    expect(of('http://127.0.0.1:8501')).toBe(200);
    for (const origin of ['http://evil.example', 'http://127.0.0.1:8502', 'null', 'http://localhost:8501', ''])
      expect([origin, of(origin), of(origin, 'DELETE')]).toEqual([origin, 403, 403]);
    expect(of('http://evil.example', 'GET')).toBe(200);
  });

  it('with a token is who sends it, or the cookie that it was exchanged for; the page and health are open', () => {
    const access = createAccess({ token: 'sesame-sesame', host: '0.0.0.0' });
    const of = (headers: Record<string, string>, path = '/info') => status(access, { host: 'any.name', ...headers }, 'GET', path);
    expect(of({ authorization: 'Bearer sesame-sesame' })).toBe(200);
    for (const authorization of ['Bearer sesame', 'Bearer sesame-sesame-', 'Basic sesame-sesame', 'sesame-sesame', 'Bearer ', ''])
      expect([authorization, of({ authorization })]).toEqual([authorization, 401]);
    expect(of({})).toBe(401);
    const cookie = access.cookieFor('sesame-sesame') as string;
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain('sesame');
    const [pair = ''] = cookie.split(';');
    expect(of({ cookie: `other=1; ${pair}` })).toBe(200);
    expect(of({ cookie: `${pair.slice(0, -1)}` })).toBe(401);
    expect(of({ cookie: 'ft-serve=sesame-sesame' })).toBe(401);
    expect(access.cookieFor('wrong')).toBeNull();
    for (const path of ['/', '/page.js', '/page.css', '/health', '/health/live', '/health/ready']) expect(of({}, path)).toBe(200);
    for (const path of ['/metrics', '/docs', '/page.js/', '//', '/health/', '/health/live/x'])
      expect([path, of({}, path)]).toEqual([path, 401]);
  });

  it('tells addresses of this machine alone from others', () => {
    expect(['127.0.0.1', '127.1.2.3', 'localhost', '::1'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '::', '192.168.0.1', '127.evil.example', ''].some(isLoopback)).toBe(false);
  });

  it('is asked of every address of a server, known or not', async () => {
    const { server } = await serverOf({ token: 'sesame-sesame' });
    const open = ['/', '/health', '/health/live', '/health/ready'];
    const addresses = [
      '/info',
      '/thresholds',
      '/map',
      '/enrol',
      '/pictures/x',
      '/metrics',
      '/openapi.json',
      '/docs',
      '/none',
      '/v1/models/colours',
    ];
    for (const url of open) expect((await server.app.inject({ url })).statusCode).toBe(200);
    for (const url of addresses) {
      const { statusCode, headers } = await server.app.inject({ url });
      expect([url, statusCode, headers['www-authenticate']]).toEqual([url, 401, 'Bearer']);
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
    const image = form(['image', await png(1, 2, 3)]);
    for (const url of ['/embed', '/search', '/v1/models/colours:predict', '/enrol?class=x'])
      expect((await server.app.inject({ method: 'POST', url, ...image })).statusCode).toBe(401);
    const allowed = { ...image, headers: { ...image.headers, authorization: 'Bearer sesame-sesame' } };
    expect((await server.app.inject({ method: 'POST', url: '/embed', ...allowed })).statusCode).toBe(200);
    const exchanged = await server.app.inject({ url: '/?token=sesame-sesame' });
    expect([exchanged.statusCode, exchanged.headers.location]).toEqual([303, './']);
    const cookie = String(exchanged.headers['set-cookie']).split(';')[0] as string;
    expect((await server.app.inject({ url: '/info', headers: { cookie } })).statusCode).toBe(200);
    expect((await server.app.inject({ url: '/?token=wrong-wrong' })).statusCode).toBe(401);
  });
});
