/** A load of requests: clients that each send the next image as soon as the last is answered. */
import { setTimeout } from 'node:timers/promises';
import { Pool } from 'undici';

export interface Load {
  readonly clients: number;
  readonly seconds: number;
}

export interface Served {
  readonly images: number;
  readonly seconds: number;
  /** Milliseconds of each request, rising. */
  readonly latencies: Float64Array;
  /** Told to come again. */
  readonly refused: number;
  /** The largest difference of a number of an embedding from what it should be. */
  readonly largestDifference: number;
}

/**
 * Sends images to POST /embed for a time and compares every answer with what it should be.
 * @throws Error at a status other than 200 and 503, or an embedding that is off by more than `tolerance`
 */
export async function load(
  url: string,
  images: readonly Uint8Array[],
  expected: readonly Float32Array[],
  { clients, seconds }: Load,
  tolerance: number,
): Promise<Served> {
  const pool = new Pool(url, { connections: clients, pipelining: 1 });
  const latencies: number[] = [];
  let [next, refused, largestDifference] = [0, 0, 0];
  const began = performance.now();
  const until = began + seconds * 1000;
  const client = async () => {
    while (performance.now() < until) {
      const at = next++ % images.length;
      const sent = performance.now();
      const { statusCode, body } = await pool.request({
        method: 'POST',
        path: '/embed',
        headers: { 'content-type': 'image/jpeg' },
        body: images[at] as Uint8Array,
      });
      const answer = (await body.json()) as { embeddings?: number[][] };
      if (statusCode === 503) {
        refused++;
        await setTimeout(100);
        continue;
      }
      if (statusCode !== 200) throw new Error(`status ${statusCode}: ${JSON.stringify(answer)}`);
      latencies.push(performance.now() - sent);
      const difference = largestOf(answer.embeddings?.[0] ?? [], expected[at] as Float32Array);
      if (!(difference <= tolerance)) throw new Error(`image ${at}: an answer is off by ${difference}`);
      largestDifference = Math.max(largestDifference, difference);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const took = (performance.now() - began) / 1000;
  await pool.close();
  return { images: latencies.length, seconds: took, latencies: Float64Array.from(latencies).sort(), refused, largestDifference };
}

function largestOf(given: readonly number[], expected: Float32Array): number {
  if (given.length !== expected.length) return Number.NaN;
  return expected.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (given[i] as number))), 0);
}
