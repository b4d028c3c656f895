/** What the model says of images, and of itself. */
import type { FastifyInstance } from 'fastify';
import { nearest, verdictOf } from '../search/nearest.js';
import type { Classified, Embedded, Info, Searched, ThresholdPoint, Verified } from './api.js';
import type { Parts } from './parts.js';
import { Refusal } from './refusal.js';
import { answerOf, likeliest } from './rows.js';
import { nearestPoint, wanted } from './thresholds.js';

/** Classes beside each answer of a search. */
const CLASSES = 5;

export function addModelRoutes(app: FastifyInstance, { model, store, embedding, map, limits }: Parts): void {
  const { classes, thresholds, dimensions } = model;

  app.get('/info', async (): Promise<Info> => {
    const { name, hash, base, side, scores } = model;
    const [images, enrolled] = await Promise.all([store.count('image'), store.count('prototype')]);
    return { name, model: hash, base, dimensions, side, classes, gallery: { images, enrolled }, scores, limits };
  });

  app.get('/thresholds', async (): Promise<readonly ThresholdPoint[]> => thresholds);

  app.post('/embed', async (request, reply): Promise<Embedded> => {
    const { computed } = await embedding.ofRequest(request, reply);
    return { model: model.hash, dimensions, embeddings: computed.map((one) => Array.from(one.embedding)) };
  });

  app.post('/search', async (request, reply): Promise<Searched> => {
    const { top, far } = wanted(request.query);
    const { computed } = await embedding.ofRequest(request, reply);
    const threshold = nearestPoint(thresholds, far);
    const queries = await Promise.all(
      computed.map(async ({ embedding: query, probabilities }) => ({
        answers: (await store.nearest(query, top)).map((neighbour) => answerOf(neighbour, threshold)),
        classes: classes !== null && probabilities !== null ? likeliest(probabilities, classes, CLASSES) : null,
        place: map.place(query),
      })),
    );
    return { threshold, queries };
  });

  app.post('/verify', async (request, reply): Promise<Verified> => {
    const threshold = nearestPoint(thresholds, wanted(request.query).far);
    if (threshold === null)
      throw new Refusal(404, {
        what: 'this model has no threshold for "the same"',
        mend: 'serve the run, whose held-out images calibrate one, or an export that was made with one',
      });
    const { computed } = await embedding.ofRequest(request, reply, ['a', 'b']);
    const [a, b] = computed.map((one) => one.embedding) as [Float32Array, Float32Array];
    const similarity = nearest(b, dimensions, a, 1)[0]?.similarity as number;
    return {
      similarity,
      distance: 1 - similarity,
      same: similarity >= threshold.threshold,
      verdict: verdictOf(similarity, threshold),
      threshold,
    };
  });

  app.post('/classify', async (request, reply): Promise<Classified> => {
    const { top } = wanted(request.query);
    if (classes === null)
      throw new Refusal(404, {
        what: 'this model has no classifier',
        mend: 'POST /search answers with the classes of the nearest images; POST /enrol adds classes',
      });
    const { computed } = await embedding.ofRequest(request, reply);
    return { images: computed.map(({ probabilities }) => likeliest(probabilities as Float32Array, classes, top)) };
  });
}
