import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Batcher, Clock, Places } from './batcher.js';
import type { Computed } from './model.js';
import { inTime, pixelsOfFile } from './pixels.js';
import { Refusal } from './refusal.js';
import { type Limits, readUploads } from './uploads.js';

/** From requests to what the model makes of their images. */
export interface Embedding {
  /**
   * The model's answers for the images of a request, in their order.
   * @param fields the names that they come under; with several, one image for each is expected, and they are given in this order
   * @throws Refusal
   */
  ofRequest(request: FastifyRequest, reply: FastifyReply, fields?: readonly string[]): Promise<OfRequest>;
  /** The same for images that are square pixels once `decode` has run; only with places in the queue is anything decoded. */
  ofPixels(count: number, reply: FastifyReply, decode: () => Promise<Uint8Array>[]): Promise<readonly Computed[]>;
}

export interface OfRequest {
  readonly files: readonly Uint8Array[];
  readonly computed: readonly Computed[];
}

export interface EmbeddingOptions {
  readonly batcher: Batcher<Uint8Array, Computed>;
  readonly side: number;
  readonly limits: Limits;
  /** Milliseconds a request has, from when its images are there. */
  readonly time: number;
  readonly clock: Clock;
}

export function createEmbedding({ batcher, side, limits, time, clock }: EmbeddingOptions): Embedding {
  async function ofPixels(count: number, reply: FastifyReply, decode: () => Promise<Uint8Array>[]) {
    const until = clock.now() + time;
    const places: Places<Uint8Array, Computed> = batcher.enter(count, until);
    const decoding = decode();
    // A place is taken for as long as something is decoded for it, or those who leave early could fill the memory.
    const leave = () => void Promise.allSettled(decoding).then(places.free);
    // Nobody listens any more: what is not computed yet need not be.
    reply.raw.once('close', leave);
    // It may have gone while its images were read.
    if (reply.raw.destroyed) leave();
    try {
      return await places.answer(await inTime(Promise.all(decoding), until, clock.now));
    } finally {
      reply.raw.off('close', leave);
      leave();
    }
  }
  return {
    ofPixels,
    async ofRequest(request, reply, fields = ['image']) {
      const uploads = await readUploads(request, limits, fields);
      const inOrder = fields.length === 1 ? uploads : onePerField(uploads, fields);
      const computed = await ofPixels(inOrder.length, reply, () =>
        inOrder.map(({ bytes, field }, at) =>
          pixelsOfFile(bytes, side, limits.pixels, fields.length === 1 ? `image ${at + 1}` : field),
        ),
      );
      return { files: inOrder.map(({ bytes }) => bytes), computed };
    },
  };
}

function onePerField(uploads: Awaited<ReturnType<typeof readUploads>>, fields: readonly string[]) {
  return fields.map((field) => {
    const [found, ...more] = uploads.filter((upload) => upload.field === field);
    if (found === undefined || more.length > 0)
      throw new Refusal(400, {
        what: `one image is wanted in the field '${field}'`,
        found: String(more.length + (found ? 1 : 0)),
      });
    return found;
  });
}
