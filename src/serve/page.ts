import type { FastifyInstance } from 'fastify';
import { html, page } from '../page/shell.js';
import type { Access } from './access.js';
import { Refusal } from './refusal.js';

/** The page that people use, as text; `js` and `css` are served as `page.js` and `page.css`. */
export interface PageFiles {
  readonly html: string;
  readonly js: string;
  readonly css: string;
}

const POLICY = [
  "default-src 'self'",
  "img-src 'self' blob: data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves the page at `/`. `/?token=` exchanges a token for a cookie, so that an address can be handed on and does not stay in the bar. */
export function addPage(app: FastifyInstance, files: PageFiles | null, access: Access, name: string): void {
  const shown = files?.html ?? plainPage(name);
  app.get('/', async (request, reply) => {
    const { token } = request.query as { token?: unknown };
    if (typeof token === 'string') {
      const cookie = access.cookieFor(token);
      if (cookie === null) throw new Refusal(401, { what: 'the token is not right' });
      return reply.header('Set-Cookie', cookie).redirect('./', 303);
    }
    if (files !== null) reply.header('Content-Security-Policy', POLICY);
    return reply.type('text/html; charset=utf-8').send(shown);
  });
  if (files === null) return;
  app.get('/page.js', async (_, reply) => reply.type('text/javascript; charset=utf-8').send(files.js));
  app.get('/page.css', async (_, reply) => reply.type('text/css; charset=utf-8').send(files.css));
}

function plainPage(name: string): string {
  return page({
    title: 'ft serve',
    body: html`<main><h1>${name}</h1><p><a href="docs">What this server answers</a></p></main>`,
  });
}
