/** The gallery: classes that are enrolled and removed, the map, the pictures. */
import { stat } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { jpegThumbnail } from '../page/thumbnail.js';
import type { Enrolled } from './api.js';
import { classNameOf } from './enrolment.js';
import type { Parts } from './parts.js';
import { Refusal } from './refusal.js';
import { numberOf } from './thresholds.js';

const SIDE = { usual: 132, least: 16, most: 1024 };

export function addGalleryRoutes(app: FastifyInstance, { store, embedding, enrolment, map }: Parts): void {
  app.post('/enrol', async (request, reply): Promise<Enrolled> => {
    const name = classNameOf(request.query);
    const { files, computed } = await embedding.ofRequest(request, reply);
    return enrolment.enrol(
      name,
      files,
      computed.map((one) => one.embedding),
    );
  });

  app.get('/enrol', async () => enrolment.list());

  app.delete('/enrol', async (request) => enrolment.remove(classNameOf(request.query)));

  app.get('/map', async (_, reply) => {
    const points = map.points();
    if (points === null) return reply.code(202).header('Retry-After', '1').send([]);
    return points;
  });

  app.get('/pictures/:id', async (request, reply) => {
    const { id } = request.params as { id: string };
    const expected = `a whole number from ${SIDE.least} to ${SIDE.most}`;
    const allowed = (value: number) => Number.isInteger(value) && value >= SIDE.least && value <= SIDE.most;
    const side = numberOf((request.query as { side?: unknown }).side, 'side', SIDE.usual, expected, allowed);
    // The id is a key of the store and never part of a path: only files of its rows are shown.
    const path = (await store.get(id))?.path ?? null;
    const file = path === null ? null : await stat(path).catch(() => null);
    if (path === null || file === null || !file.isFile())
      throw new Refusal(404, { what: 'there is no such picture', where: id.slice(0, 80) });
    const tag = `"${Math.trunc(file.mtimeMs)}-${file.size}-${side}"`;
    reply.header('ETag', tag).header('Cache-Control', 'private, max-age=3600').header('Content-Disposition', 'inline');
    if (request.headers['if-none-match'] === tag) return reply.code(304).send();
    const bytes = await jpegThumbnail(path, side).catch(() => {
      throw new Refusal(404, { what: 'this picture cannot be shown any more', where: id });
    });
    return reply.type('image/jpeg').send(bytes);
  });
}
