import type { FastifyRequest } from 'fastify';
import type { Info } from './api.js';
import { Refusal } from './refusal.js';

/** The bytes of one image file of a request. */
export interface Upload {
  /** The field that it came in: `image`, `a`, `b`. */
  readonly field: string;
  readonly bytes: Uint8Array;
}

export type Limits = Info['limits'];

/** What a request's images may come as. */
export const BODIES = 'multipart/form-data, the bytes of one image (Content-Type: image/*), or JSON { "images": ["base64", …] }';

/**
 * The images of a request, in their order, as multipart/form-data, as the bytes of one file, or as JSON.
 * @param fields the names that images may come under; the first is that of `images` in JSON and of a body that is one file
 * @throws Refusal 400, 413 or 415
 */
export async function readUploads(request: FastifyRequest, limits: Limits, fields: readonly string[]): Promise<Upload[]> {
  const uploads = await (request.isMultipart() ? multipart(request, limits, fields) : whole(request, limits, fields));
  if (uploads.length === 0) throw new Refusal(400, { what: 'the request holds no image', expected: BODIES });
  return uploads;
}

async function multipart(request: FastifyRequest, limits: Limits, fields: readonly string[]): Promise<Upload[]> {
  try {
    return await parts(request, limits, fields);
  } catch (error) {
    if (error instanceof Refusal || typeof (error as { statusCode?: unknown }).statusCode === 'number') throw error;
    // The reader's own words: no boundary, an end before the end.
    throw new Refusal(400, { what: 'the form cannot be read', found: (error as Error).message.split('\n', 1)[0] as string });
  }
}

async function parts(request: FastifyRequest, limits: Limits, fields: readonly string[]): Promise<Upload[]> {
  const uploads: Upload[] = [];
  let left = limits.bytes;
  // One more than may come, so that it is we who say what is wrong.
  for await (const part of request.parts({
    limits: { fileSize: limits.bytes, files: limits.images + 1, fields: 8, fieldSize: 1024 },
  })) {
    if (part.type !== 'file') continue;
    if (!fields.includes(part.fieldname)) {
      part.file.resume();
      throw new Refusal(400, {
        what: `no image is read from the field '${part.fieldname.slice(0, 40)}'`,
        expected: `the field ${fields.join(', ')}`,
      });
    }
    const bytes = await part.toBuffer();
    left -= bytes.length;
    if (left < 0) throw tooLarge(limits);
    if (uploads.length === limits.images) throw tooMany(limits);
    uploads.push({ field: part.fieldname, bytes });
  }
  return uploads;
}

function whole({ body }: FastifyRequest, limits: Limits, fields: readonly string[]): Upload[] {
  const [field = 'image'] = fields;
  if (Buffer.isBuffer(body)) return [{ field, bytes: body }];
  const found = fields.length > 1 ? named(body, fields) : listed(body, field);
  if (found.length > limits.images) throw tooMany(limits);
  return found;
}

/** `{ "images": ["base64", …] }`. */
function listed(body: unknown, field: string): Upload[] {
  const images = (body as { images?: unknown } | null | undefined)?.images;
  if (!Array.isArray(images)) throw new Refusal(400, { what: 'the request holds no image', expected: BODIES });
  return images.map((text: unknown, at) => ({ field, bytes: fromBase64(text, `images[${at}]`) }));
}

/** `{ "a": "base64", "b": "base64" }`. */
function named(body: unknown, fields: readonly string[]): Upload[] {
  const given = (body ?? {}) as Record<string, unknown>;
  return fields
    .filter((field) => Object.hasOwn(given, field))
    .map((field) => ({ field, bytes: fromBase64(given[field], field) }));
}

/** The bytes of base64 text, standard or for URLs; a data URI's head is passed over. */
export function fromBase64(text: unknown, where: string): Uint8Array {
  const data = typeof text === 'string' ? text.replace(/^data:[^,]{0,100};base64,/, '') : '';
  if (data === '' || !/^[A-Za-z0-9+/_\-\s]+={0,2}\s*$/.test(data))
    throw new Refusal(400, { what: 'this is no base64', where, expected: 'the bytes of an image file in base64' });
  return Buffer.from(data, 'base64');
}

function tooLarge({ bytes }: Limits): Refusal {
  return new Refusal(413, { what: 'the images are too large', expected: `at most ${Math.floor(bytes / 2 ** 20)} MiB a request` });
}

function tooMany({ images }: Limits): Refusal {
  return new Refusal(413, { what: 'too many images in one request', expected: `at most ${images}` });
}
