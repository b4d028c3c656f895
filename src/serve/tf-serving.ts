/**
 * TensorFlow Serving's REST interface: status, metadata and predict of one model, version 1. Requests and answers are those of
 * tensorflow/serving, tensorflow_serving/g3doc/api_rest.md; so are the words of its errors, which clients match on.
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Parts } from './parts.js';
import { pixelsOfFile, pixelsOfRgb } from './pixels.js';
import { Refusal } from './refusal.js';
import { likeliest } from './rows.js';
import { metadataOf, type Signature, signaturesOf } from './tf-signatures.js';
import { rgbOf } from './tf-tensors.js';
import { fromBase64 } from './uploads.js';

/** The paths, for the description of the interface; NAME:predict cannot be a parameter of the router. */
export const MODEL_PATH = '/v1/models/:name';
const VERSION = '1';

export function addTfServing(app: FastifyInstance, parts: Parts): void {
  const { model } = parts;
  const known = (params: unknown) => {
    const { name, version } = params as { name: string; version?: string };
    if (name === model.name && (version === undefined || version === VERSION)) return;
    const asked = version === undefined ? `Latest(${name})` : `Specific(${name}, ${version})`;
    throw new Refusal(404, { what: `Servable not found for request: ${asked}` });
  };
  // TensorFlow Serving does not look at the content type, and `curl -d` sends that of a form.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => {
    try {
      done(null, JSON.parse(body as string));
    } catch {
      done(new Refusal(400, { what: 'JSON Parse error: the body is no JSON' }));
    }
  });
  for (const version of ['', '/versions/:version']) {
    app.get(`${MODEL_PATH}${version}`, async ({ params }) => {
      known(params);
      return {
        model_version_status: [{ version: VERSION, state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } }],
      };
    });
    app.get(`${MODEL_PATH}${version}/metadata`, async ({ params }) => {
      known(params);
      return metadataOf(model);
    });
    // What stands last holds the verb: NAME:predict, or 1:predict.
    app.post(`${MODEL_PATH}${version}`, async ({ params, body }, reply) => {
      const last = version === '' ? 'name' : 'version';
      const { [last]: text = '' } = params as Record<string, string>;
      const [, value, verb] = /^(.*):([a-z]+)$/.exec(text) ?? [];
      if (value === undefined || verb !== 'predict')
        throw new Refusal(404, { what: `Malformed request: POST ${MODEL_PATH.replace(':name', 'NAME')}:predict was expected` });
      known({ ...(params as object), [last]: value });
      return predict(parts, body, reply);
    });
  }
}

interface Request {
  readonly signature: Signature;
  readonly input: unknown;
  readonly where: 'instances' | 'inputs';
}

async function predict(parts: Parts, body: unknown, reply: FastifyReply) {
  const { signature, input, where } = requestOf(parts, body);
  const computed = await computedOf(parts, signature, input, where, reply);
  const { classes } = parts.model;
  if (signature.gives === 'embedding') {
    const rows = computed.map(({ embedding }) => Array.from(embedding));
    return where === 'instances' ? { predictions: rows } : { outputs: rows };
  }
  const labels = classes as readonly string[];
  const probabilities = computed.map((one) => Array.from(one.probabilities as Float32Array));
  const label = computed.map((one) => likeliest(one.probabilities as Float32Array, labels, 1)[0]?.class);
  // `labels` has no row for an image, so it has no place in rows.
  if (where === 'instances') return { predictions: probabilities.map((row, at) => ({ probabilities: row, label: label[at] })) };
  return { outputs: { probabilities, label, labels } };
}

function requestOf({ model }: Parts, body: unknown): Request {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Refusal(400, { what: 'Malformed request: the body is no JSON object' });
  const { signature_name: name = 'serving_default', instances, inputs } = body as Record<string, unknown>;
  const signatures = signaturesOf(model);
  const signature = typeof name === 'string' && name !== '' ? signatures.get(name) : signatures.get('serving_default');
  if (signature === undefined)
    throw new Refusal(400, {
      what: `Serving signature name: "${String(name).slice(0, 80)}" not found in signature def`,
      expected: [...signatures.keys()].join(', '),
    });
  if (instances !== undefined && inputs !== undefined)
    throw new Refusal(400, { what: "Not allowed: both 'inputs' and 'instances'" });
  if (instances === undefined && inputs === undefined) throw new Refusal(400, { what: "Missing 'inputs' or 'instances' key" });
  if (instances === undefined) return { signature, input: unnamed(inputs, signature.input), where: 'inputs' };
  if (!Array.isArray(instances) || instances.length === 0)
    throw new Refusal(400, { what: "'instances' is no list with something in it", where: 'instances' });
  return { signature, input: instances.map((one) => unnamed(one, signature.input)), where: 'instances' };
}

/** A tensor may stand under the name of its input; `{"b64": …}` is a value and no name. */
function unnamed(value: unknown, input: string): unknown {
  const named = typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, input);
  return named ? (value as Record<string, unknown>)[input] : value;
}

async function computedOf(parts: Parts, { input: kind }: Signature, input: unknown, where: string, reply: FastifyReply) {
  const { embedding, limits, model } = parts;
  const few = (count: number) => {
    if (count > limits.images)
      throw new Refusal(413, {
        what: 'too many images in one request',
        expected: `at most ${limits.images}`,
        found: String(count),
      });
  };
  if (kind === 'image') {
    if (Array.isArray(input)) few(input.length);
    const { images, height, width } = rgbOf(input, where, limits.pixels);
    return embedding.ofPixels(images.length, reply, () => images.map((rgb) => pixelsOfRgb(rgb, [height, width], model.side)));
  }
  const list = Array.isArray(input) ? input : [input];
  few(list.length);
  const files = list.map((one, at) => fromBase64((one as { b64?: unknown } | null)?.b64, `${where}[${at}].b64`));
  return embedding.ofPixels(files.length, reply, () =>
    files.map((bytes, at) => pixelsOfFile(bytes, model.side, limits.pixels, `${where}[${at}]`)),
  );
}
