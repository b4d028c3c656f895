/** The shapes of api.ts as JSON Schema (2020-12, that of OpenAPI 3.1). A test holds real answers to them. */
type Schema = Readonly<Record<string, unknown>>;

const number: Schema = { type: 'number' };
const count: Schema = { type: 'integer', minimum: 0 };
const text: Schema = { type: 'string' };
const flag: Schema = { type: 'boolean' };
export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
export const list = (items: Schema): Schema => ({ type: 'array', items });
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
/** All keys are there, unless they are named as optional. */
export const record = (properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((key) => !optional.includes(key)),
});

const verdict: Schema = { enum: ['same', 'not the same', 'near the threshold'] };
const cosine: Schema = { type: 'number', description: 'cosine, −1 to 1' };

export const schemas: Readonly<Record<string, Schema>> = {
  Info: record({
    name: text,
    model: { type: 'string', description: 'SHA-256 of weights and head: vectors of one model can be compared' },
    base: text,
    dimensions: count,
    side: count,
    classes: orNull(list(text)),
    gallery: orNull(record({ images: count, enrolled: count })),
    scores: orNull({ type: 'object', additionalProperties: record({ value: number, low: number, high: number }) }),
    limits: record({ bytes: count, pixels: count, images: count }),
  }),
  Embedded: record({ model: text, dimensions: count, embeddings: list(list(number)) }),
  ThresholdPoint: record({
    asked: { type: 'number', description: 'the false-accept rate that was asked for' },
    threshold: cosine,
    low: number,
    high: number,
    far: number,
    tar: number,
    resolved: { type: 'boolean', description: 'false: the pairs are too few for the rate, the threshold is a lower bound' },
  }),
  ClassProbability: record({ class: text, probability: number }),
  Answer: record({
    id: text,
    file: text,
    class: orNull(text),
    kind: { enum: ['image', 'prototype'] },
    images: count,
    similarity: cosine,
    distance: { type: 'number', description: '1 − similarity' },
    verdict: orNull(verdict),
    picture: orNull(text),
  }),
  Searched: record({
    threshold: orNull(ref('ThresholdPoint')),
    queries: list(
      record({
        answers: list(ref('Answer')),
        classes: orNull(list(ref('ClassProbability'))),
        place: orNull(record({ x: number, y: number })),
      }),
    ),
  }),
  Verified: record({ similarity: cosine, distance: number, same: flag, verdict, threshold: ref('ThresholdPoint') }),
  Classified: record({ images: list(list(ref('ClassProbability'))) }),
  Enrolled: record({
    class: text,
    images: count,
    agreement: orNull(record({ smallest: number, mean: number })),
    picture: orNull(text),
  }),
  MapPoint: record({ id: text, x: number, y: number, class: orNull(text), file: text, picture: orNull(text) }),
  ApiError: record(
    {
      error: text,
      fault: record({ what: text, where: text, expected: text, found: text, mend: text }, ['where', 'expected', 'found', 'mend']),
    },
    ['fault'],
  ),
};
