/** The description of the interface, as OpenAPI 3.1. */
import type { ServedModel } from './model.js';
import { list, record, ref, schemas } from './openapi-schemas.js';
import { signaturesOf } from './tf-signatures.js';
import type { Limits } from './uploads.js';

type Schema = Readonly<Record<string, unknown>>;

export interface Operation {
  readonly summary: string;
  readonly [key: string]: unknown;
}

export interface ApiDescription {
  readonly info: { readonly title: string; readonly description: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly [key: string]: unknown;
}

const query = (name: string, description: string, schema: Schema, required = false) => ({
  name,
  in: 'query',
  required,
  description,
  schema,
});
const far = query('far', 'false-accept rate; the nearest calibrated one is taken', {
  type: 'number',
  exclusiveMinimum: 0,
  exclusiveMaximum: 1,
  default: 0.01,
});
const top = query('top', 'how many', { type: 'integer', minimum: 1, maximum: 1000, default: 5 });
const className = query('class', 'the name of the class', { type: 'string', minLength: 1, maxLength: 200 }, true);

const answer = (description: string, content: Schema) => ({ description, content });
const json = (schema: Schema) => ({ 'application/json': { schema } });
const faults = (...statuses: readonly number[]) =>
  Object.fromEntries(
    [...statuses, 500].map((status) => [String(status), answer(WORDS.get(status) ?? '', json(ref('ApiError')))]),
  );
const WORDS: ReadonlyMap<number, string> = new Map([
  [400, 'the request is not right'],
  [401, 'a token is wanted'],
  [404, 'there is none'],
  [413, 'too large, too many pixels, or too many images'],
  [415, 'not of a kind that is read'],
  [500, 'a fault of the server'],
  [503, 'busy (Retry-After says for how long), or ending'],
  [504, 'the time is over'],
]);
const COMPUTING = [400, 401, 413, 415, 503, 504];

/** A body of images: several under one field, or one under each of several. */
function images(fields: readonly string[]) {
  const file = { type: 'string', contentMediaType: 'application/octet-stream' };
  const base64 = { type: 'string', contentEncoding: 'base64' };
  const one = fields.length === 1;
  return {
    required: true,
    content: {
      'multipart/form-data': {
        schema: record(Object.fromEntries(fields.map((field) => [field, one ? list(file) : file]))),
      },
      'application/json': {
        schema: one ? record({ images: list(base64) }) : record(Object.fromEntries(fields.map((field) => [field, base64]))),
      },
      ...(one ? { 'image/*': { schema: file } } : {}),
    },
  };
}

const get = (summary: string, schema: Schema, more: Schema = {}): Operation => ({
  summary,
  responses: { 200: answer('OK', json(schema)), ...faults(401, 503) },
  ...more,
});
const post = (
  summary: string,
  schema: Schema,
  body: Schema,
  parameters: readonly Schema[],
  also: readonly number[] = [],
): Operation => ({
  summary,
  parameters,
  requestBody: body,
  responses: { 200: answer('OK', json(schema)), ...faults(...COMPUTING, ...also) },
});
const plain = (summary: string, type: string): Operation => ({
  summary,
  responses: { 200: answer('OK', { [type]: { schema: { type: 'string' } } }), ...faults(401) },
});
const state = record({ status: { type: 'string' } });

/** @param model what is served: its name stands in the paths of TensorFlow Serving's interface */
export function describeApi(model: ServedModel, { bytes, pixels, images: most }: Limits): ApiDescription {
  const image = images(['image']);
  return {
    openapi: '3.1.0',
    info: {
      title: `ft serve: ${model.name}`,
      version: '1',
      description:
        `Images go in as multipart/form-data, as the bytes of one file, or as JSON with base64. At most ${most} images, ` +
        `${Math.floor(bytes / 2 ** 20)} MiB a request and ${(pixels / 1e6).toFixed(0)} million pixels an image.`,
    },
    components: {
      schemas,
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'where the server was started with --token' } },
    },
    security: [{}, { token: [] }],
    paths: {
      '/info': { get: get('The model, its gallery, the limits', ref('Info')) },
      '/embed': { post: post('Images as vectors of unit length', ref('Embedded'), image, []) },
      '/search': { post: post('The nearest images of the gallery', ref('Searched'), image, [top, far]) },
      '/verify': {
        post: post('Whether two images show the same', ref('Verified'), images(['a', 'b']), [far], [404]),
      },
      '/classify': { post: post("The classifier's answer", ref('Classified'), image, [top], [404]) },
      '/enrol': {
        post: post('Learn a class from a few photos, without training', ref('Enrolled'), image, [className]),
        get: get('The classes that were enrolled', list(ref('Enrolled'))),
        delete: {
          summary: 'Remove an enrolled class',
          parameters: [className],
          responses: { 200: answer('what was removed', json(ref('Enrolled'))), ...faults(400, 401, 404, 503) },
        },
      },
      '/thresholds': { get: get('Thresholds for "the same" by falling rate', list(ref('ThresholdPoint'))) },
      '/map': {
        get: {
          summary: 'The gallery in the plane',
          responses: {
            200: answer('the points', json(list(ref('MapPoint')))),
            202: answer('it is being drawn: ask again', json(list(ref('MapPoint')))),
            ...faults(401, 503),
          },
        },
      },
      '/pictures/{id}': {
        get: {
          summary: 'A small picture of a row of the gallery',
          parameters: [
            { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
            query('side', 'pixels of the longer side', { type: 'integer', minimum: 16, maximum: 1024, default: 132 }),
          ],
          responses: { 200: answer('OK', { 'image/jpeg': { schema: { type: 'string' } } }), ...faults(400, 401, 404, 503) },
        },
      },
      '/health/live': { get: { ...get('The process and its model run', state), security: [{}] } },
      '/health/ready': { get: { ...get('It takes requests', state), security: [{}] } },
      '/health': { get: { ...get('The same as /health/ready', state), security: [{}] } },
      '/metrics': { get: plain("Prometheus' text", 'text/plain') },
      '/openapi.json': { get: get('This description', { type: 'object' }) },
      '/docs': { get: plain('This description, for people', 'text/html') },
      ...tfServing(model),
    },
  };
}

/** Source of the shapes: tensorflow/serving, tensorflow_serving/g3doc/api_rest.md. */
function tfServing(model: ServedModel): ApiDescription['paths'] {
  const body = {
    required: true,
    content: json({
      type: 'object',
      description:
        'either `instances` (rows) or `inputs` (columns): uint8 images [batch, height, width, 3], or {"b64": …} for from_bytes',
      properties: { signature_name: { enum: [...signaturesOf(model).keys()] }, instances: { type: 'array' }, inputs: {} },
    }),
  };
  return Object.fromEntries(
    ['', '/versions/1'].flatMap((version) => {
      const path = `/v1/models/${model.name}${version}`;
      return [
        [path, { get: get("TensorFlow Serving's status", { type: 'object' }) }],
        [`${path}/metadata`, { get: get("TensorFlow Serving's metadata", { type: 'object' }) }],
        [`${path}:predict`, { post: post("TensorFlow Serving's predict", { type: 'object' }, body, []) }],
      ];
    }),
  );
}
