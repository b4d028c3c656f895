/** For whoever runs the server: is it well, how fast is it, what does it answer. */
import type { FastifyInstance } from 'fastify';
import { docsPage } from './docs-page.js';
import { describeApi } from './openapi.js';
import type { Parts } from './parts.js';
import { Refusal } from './refusal.js';

export function addOperationRoutes(app: FastifyInstance, { model, limits, metrics, ready, alive }: Parts): void {
  const description = describeApi(model, limits);
  const docs = docsPage(description);
  const wantAlive = () => {
    if (!alive()) throw new Refusal(503, { what: 'the model has ended', mend: 'start the server anew' });
  };
  app.get('/health/live', async () => {
    wantAlive();
    return { status: 'live' };
  });
  // The short one is what people type.
  for (const path of ['/health', '/health/ready'])
    app.get(path, async () => {
      wantAlive();
      if (!ready()) throw new Refusal(503, { what: 'the server is ending' });
      return { status: 'ready' };
    });
  app.get('/metrics', async (_, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()));
  app.get('/openapi.json', async () => description);
  app.get('/docs', async (_, reply) => reply.type('text/html; charset=utf-8').send(docs));
}
