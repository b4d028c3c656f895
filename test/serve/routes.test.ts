import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { sharp } from '../../src/data/image-library.js';
import { direction, dot, folder, form, GALLERY, type Made, MODEL, png, serverOf } from './served.js';

let made: Made;
beforeAll(async () => {
  made = await serverOf();
});
type Body = { payload: Buffer; headers: Record<string, string> };
const post = async (url: string, body: Body) => {
  const { statusCode, json } = await made.server.app.inject({ method: 'POST', url, ...body });
  return { status: statusCode, body: json() };
};
const get = async (url: string) => {
  const { statusCode, json } = await made.server.app.inject({ url });
  return { status: statusCode, body: json() };
};

describe('what the model says', () => {
  it('embeds images that come as a form, as one file and as base64, all the same', async () => {
    const [red, grey] = [await png(200, 10, 0), await png(90, 90, 90)];
    const inForm = await post('/embed', form(['image', red], ['image', grey]));
    expect(inForm.status).toBe(200);
    expect(inForm.body).toMatchObject({ model: MODEL.hash, dimensions: 3 });
    const [first, second] = inForm.body.embeddings as [number[], number[]];
    direction(200, 10, 0).forEach((value, at) => expect(first[at]).toBeCloseTo(value, 6));
    direction(1, 1, 1).forEach((value, at) => expect(second[at]).toBeCloseTo(value, 6));
    const asFile = await post('/embed', { payload: red, headers: { 'content-type': 'image/png' } });
    expect(asFile.body.embeddings).toEqual([first]);
    const json = { images: [red.toString('base64'), `data:image/png;base64,${grey.toString('base64')}`] };
    const asJson = await post('/embed', {
      payload: Buffer.from(JSON.stringify(json)),
      headers: { 'content-type': 'application/json' },
    });
    expect(asJson.body.embeddings).toEqual([first, second]);
  });

  it('finds what a loop over the gallery finds, says same or not, and how likely each class is', async () => {
    const colour = [220, 40, 30] as const;
    const { body } = await post('/search?top=4&far=0.01', form(['image', await png(...colour)]));
    const expected = Object.entries(GALLERY)
      .map(([file, rgb]) => ({ file, similarity: dot(direction(...colour), direction(...rgb)) }))
      .sort((a, b) => b.similarity - a.similarity)
      .slice(0, 4);
    expect(body.threshold).toEqual(MODEL.thresholds[1]);
    expect(body.queries[0].answers.map(({ file }: { file: string }) => file)).toEqual(expected.map(({ file }) => file));
    for (const [at, answer] of body.queries[0].answers.entries()) {
      const { similarity } = expected[at] as { similarity: number };
      expect(answer.similarity).toBeCloseTo(similarity, 6);
      expect(answer.distance).toBeCloseTo(1 - similarity, 6);
      expect(answer.verdict).toBe(similarity > 0.81 ? 'same' : similarity < 0.79 ? 'not the same' : 'near the threshold');
      expect(answer).toMatchObject({ class: answer.file.split('/')[0], kind: 'image', images: 1, picture: null });
    }
    expect(body.queries[0].classes).toEqual([
      { class: 'red', probability: expect.closeTo(220 / 250, 6) },
      { class: 'blue', probability: expect.closeTo(30 / 250, 6) },
    ]);
  });

  it('takes the calibrated threshold that is nearest to the rate asked for, by ratio', async () => {
    const image = await png(1, 2, 3);
    const asked = async (far: string) => (await post(`/search?far=${far}`, form(['image', image]))).body.threshold.asked;
    expect([await asked('0.01'), await asked('0.03'), await asked('0.04'), await asked('0.000001'), await asked('0.9')]).toEqual([
      0.01, 0.01, 0.1, 0.001, 0.1,
    ]);
  });

  it('verifies two images by cosine at the threshold', async () => {
    const [a, b] = [
      [255, 100, 0],
      [255, 0, 0],
    ] as const;
    const { body } = await post('/verify?far=0.001', form(['b', await png(...b)], ['a', await png(...a)]));
    const similarity = dot(direction(...a), direction(...b));
    expect(body.similarity).toBeCloseTo(similarity, 6);
    expect(body).toMatchObject({ same: similarity >= 0.95, verdict: 'not the same', threshold: { asked: 0.001 } });
    expect(similarity).toBeLessThan(0.94);
    expect((await post('/verify?far=0.01', form(['a', await png(...a)], ['b', await png(...b)]))).body.same).toBe(true);
  });

  it('classifies, the likeliest first, no more than were asked for', async () => {
    const { body } = await post('/classify?top=1', form(['image', await png(10, 0, 90)]));
    expect(body).toEqual({ images: [[{ class: 'blue', probability: expect.closeTo(0.9, 6) }]] });
  });

  it('says what it is and what it takes', async () => {
    expect((await get('/info')).body).toEqual({
      ...{ name: 'colours', model: MODEL.hash, base: 'arithmetic', dimensions: 3, side: 8, classes: ['red', 'blue'] },
      ...{ gallery: { images: 5, enrolled: 0 }, scores: MODEL.scores, limits: { bytes: 1 << 20, pixels: 100_000, images: 4 } },
    });
    expect((await get('/thresholds')).body).toEqual(MODEL.thresholds);
  });

  it('of a model without classifier or thresholds says what there is in their place', async () => {
    const bare = await serverOf({ model: { ...MODEL, classes: null, thresholds: [] } });
    const ask = async (url: string, body: ReturnType<typeof form>) => bare.server.app.inject({ method: 'POST', url, ...body });
    const image = await png(9, 9, 9);
    expect((await ask('/classify', form(['image', image]))).statusCode).toBe(404);
    expect((await ask('/verify', form(['a', image], ['b', image]))).statusCode).toBe(404);
    const { threshold, queries } = (await ask('/search', form(['image', image]))).json();
    expect([threshold, queries[0].classes, queries[0].answers[0].verdict]).toEqual([null, null, null]);
  });
});

describe('the gallery', () => {
  it('learns a class from photos, finds it, says so, shows it, and forgets it', async () => {
    const photos = [await png(240, 240, 0), await png(255, 200, 0)];
    const enrolled = await post('/enrol?class=yel%20low', form(['image', photos[0] as Buffer], ['image', photos[1] as Buffer]));
    const sum = direction(240, 240, 0).map((value, at) => value + (direction(255, 200, 0)[at] as number));
    const prototype = direction(...(sum as [number, number, number]));
    const cosines = [dot(prototype, direction(240, 240, 0)), dot(prototype, direction(255, 200, 0))];
    expect(enrolled.body).toEqual({
      class: 'yel low',
      images: 2,
      agreement: { smallest: expect.closeTo(Math.min(...cosines), 6), mean: expect.closeTo(dot(cosines, [0.5, 0.5]), 6) },
      picture: expect.stringMatching(/^pictures\/p[0-9a-f]+$/),
    });
    expect((await get('/enrol')).body).toEqual([enrolled.body]);
    expect((await get('/info')).body.gallery).toEqual({ images: 5, enrolled: 1 });
    const { body } = await post('/search?top=1', form(['image', await png(250, 220, 0)]));
    expect(body.queries[0].answers[0]).toMatchObject({ kind: 'prototype', class: 'yel low', images: 2, verdict: 'same' });
    const picture = await made.server.app.inject({ url: `/${enrolled.body.picture}?side=20` });
    expect(picture.headers['content-type']).toBe('image/jpeg');
    expect(await sharp(picture.rawPayload).metadata()).toMatchObject({ format: 'jpeg', width: 20 });
    const removed = await made.server.app.inject({ method: 'DELETE', url: '/enrol?class=yel%20low' });
    expect(removed.json()).toEqual({ ...enrolled.body, picture: null });
    expect((await get('/enrol')).body).toEqual([]);
    expect((await get(`/${enrolled.body.picture}`)).status).toBe(404);
    const again = await made.server.app.inject({ method: 'DELETE', url: '/enrol?class=yel%20low' });
    expect(again.statusCode).toBe(404);
  });

  it('draws the map once it is asked for, and puts a query among its nearest', async () => {
    const mapped = await serverOf();
    const ask = async (image: Buffer) =>
      (await mapped.server.app.inject({ method: 'POST', url: '/search', ...form(['image', image]) })).json().queries[0].place;
    expect(await ask(await png(255, 0, 0))).toBeNull();
    expect((await mapped.server.app.inject({ url: '/map' })).statusCode).toBe(202);
    await expect.poll(async () => (await mapped.server.app.inject({ url: '/map' })).statusCode).toBe(200);
    const points = (await mapped.server.app.inject({ url: '/map' })).json() as { file: string; x: number; y: number }[];
    expect(points.map(({ file }) => file).sort()).toEqual(Object.keys(GALLERY).sort());
    const red = points.find(({ file }) => file === 'red/full.png') as { x: number; y: number };
    const place = await ask(await png(255, 0, 0));
    expect(place.x).toBeCloseTo(red.x, 3);
    expect(place.y).toBeCloseTo(red.y, 3);
    // Between: the mean of all five, each weighed by one over its distance.
    const query = [255, 0, 255] as const;
    const weights = points.map(
      ({ file }) => 1 / (1 - dot(direction(...query), direction(...(GALLERY[file] as [number, number, number]))) + 1e-6),
    );
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const x = points.reduce((sum, point, at) => sum + point.x * (weights[at] as number), 0) / total;
    expect((await ask(await png(...query))).x).toBeCloseTo(x, 4);
  });

  it('shows pictures of its own rows alone, and of those only what is still an image', async () => {
    const at = folder();
    const paths = Object.fromEntries(Object.keys(GALLERY).map((file) => [file, join(at, file.replace('/', '-'))]));
    writeFileSync(paths['red/full.png'] as string, await png(255, 0, 0, 300, 100));
    writeFileSync(paths['blue/full.png'] as string, 'no picture');
    const { server } = await serverOf({}, paths);
    const pictureOf = async (r: number, g: number, b: number) => {
      const found = await server.app.inject({ method: 'POST', url: '/search?top=1', ...form(['image', await png(r, g, b)]) });
      return `/${found.json().queries[0].answers[0].picture}`;
    };
    const red = await pictureOf(255, 0, 0);
    const shown = await server.app.inject({ url: `${red}?side=60` });
    expect(await sharp(shown.rawPayload).metadata()).toMatchObject({ width: 60, height: 20, format: 'jpeg' });
    const kept = await server.app.inject({ url: `${red}?side=60`, headers: { 'if-none-match': String(shown.headers.etag) } });
    expect([kept.statusCode, kept.payload]).toEqual([304, '']);
    const status = async (url: string) => (await server.app.inject({ url })).statusCode;
    expect(await status(await pictureOf(0, 0, 255))).toBe(404);
    expect(await status(await pictureOf(0, 255, 0))).toBe(404);
    expect(await status(`/pictures/${encodeURIComponent('../../../../etc/passwd')}`)).toBe(404);
    expect(await status(`/pictures/${encodeURIComponent(paths['red/full.png'] as string)}`)).toBe(404);
    expect(await status('/pictures/..%2f..%2fetc%2fpasswd')).toBe(404);
    expect(await status(`${red}?side=5000`)).toBe(400);
    expect(await status(`${red}?side=x`)).toBe(400);
  });
});
