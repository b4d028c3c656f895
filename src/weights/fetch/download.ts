import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { getProxyForUrl } from 'proxy-from-env';
import { Agent, fetch, ProxyAgent, type Response } from 'undici';
import { UserError } from '../../errors.js';
import type { Progress } from '../../progress.js';
import { matchesPin, type Pin, pinInWords } from './pin.js';

export interface DownloadOptions {
  /** Addresses of the same file; each is tried until one gives it. */
  readonly urls: readonly string[];
  readonly pin: Pin;
  /** What an error and the bar call it. */
  readonly name: string;
  readonly progress: Progress;
  /** What to do by hand where no address can be reached. */
  readonly byHand: string;
  /** Milliseconds without a byte after which a connection is given up. */
  readonly patience?: number;
  /** Attempts at an address that breaks off; each goes on where the last one ended. */
  readonly attempts?: number;
}

/** A refusal that another attempt would meet again. */
class Refused extends Error {}

/** Responses that a later attempt may not get. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Fetches a file to `path`, where it appears whole and checked or not at all. What a broken connection, or a killed call, has left is gone on
 * with (HTTP ranges, where the server still has the same file). The person's proxy settings (HTTP_PROXY, HTTPS_PROXY, NO_PROXY) hold.
 * @throws UserError with every address and its answer, and what to do by hand
 */
export async function download(path: string, options: DownloadOptions): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const part = `${path}.part`;
  const answers: string[] = [];
  for (const url of options.urls) {
    const answer = await attempts(url, part, options);
    if (answer !== null) {
      answers.push(`${url}: ${answer}`);
      continue;
    }
    if (await matchesPin(part, options.pin)) {
      await rename(part, path);
      await rm(`${part}.from`, { force: true });
      return;
    }
    answers.push(`${url}: another file than the card pins (${pinInWords(options.pin)})`);
    await discard(part);
  }
  throw new UserError({
    what: `${options.name} cannot be fetched from here`,
    found: answers.join('; '),
    expected: pinInWords(options.pin),
    mend: options.byHand,
  });
}

/** Null where the whole file lies in `part`; else what went wrong last. */
async function attempts(url: string, part: string, { attempts: most = 5, ...options }: DownloadOptions): Promise<string | null> {
  let problem = '';
  for (let attempt = 0; attempt < most; attempt++) {
    try {
      await attemptOnce(url, part, options);
      return null;
    } catch (error) {
      problem = reasonOf(error);
      if (error instanceof Refused) return problem;
    }
  }
  return problem;
}

async function attemptOnce(url: string, part: string, { name, progress, patience = 60_000 }: DownloadOptions): Promise<void> {
  const have = await resumable(url, part);
  const proxy = getProxyForUrl(url);
  const patient = { bodyTimeout: patience, headersTimeout: patience, connectTimeout: patience };
  const dispatcher = proxy === '' ? new Agent(patient) : new ProxyAgent({ uri: proxy, ...patient });
  try {
    const response = await fetch(url, {
      dispatcher,

      headers: have === null ? {} : { range: `bytes=${have.bytes}-`, 'if-range': have.validator },
    });
    if (response.status === 416) {
      await discard(part);
      throw new Error('the server has another file now');
    }
    if (!response.ok) {
      const words = `the server answers ${response.status} ${response.statusText}`.trimEnd();
      throw PASSING.has(response.status) ? new Error(words) : new Refused(words);
    }
    await receive(response, url, part, response.status === 206 ? (have?.bytes ?? 0) : 0, { name, progress });
  } finally {
    await dispatcher.destroy();
  }
}

async function receive(
  response: Response,
  url: string,
  part: string,
  from: number,
  { name, progress }: { name: string; progress: Progress },
): Promise<void> {
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  const validator = response.headers.get('etag') ?? response.headers.get('last-modified');
  if (from === 0) {
    await discard(part);
    if (validator !== null) await writeFile(`${part}.from`, JSON.stringify({ url, validator }));
  }
  const bar = progress.bar(`fetching ${name}`, Number.isNaN(length) ? 0 : (from + length) / 1e6, 'MB');
  bar.advance(from / 1e6);
  let received = 0;
  const file = await open(part, from > 0 ? 'a' : 'w');
  try {
    if (response.body === null) throw new Error('the server sends nothing');
    // Without streams between, whose queues a broken connection would throw away: what has come is in the file.
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      await file.writeFile(chunk);
      received += chunk.length;
      bar.advance(chunk.length / 1e6);
    }
    if (!Number.isNaN(length) && received < length) throw new Error(`the connection ended after ${received} of ${length} bytes`);
  } finally {
    await file.close();
    bar.done();
  }
}

/** What lies there from an earlier attempt at the same address, and what the server calls the file; null where it is begun anew. */
async function resumable(url: string, part: string): Promise<{ bytes: number; validator: string } | null> {
  const bytes = await stat(part).then(
    ({ size }) => size,
    () => 0,
  );
  if (bytes === 0) return null;
  try {
    const from = JSON.parse(await readFile(`${part}.from`, 'utf8')) as { url?: unknown; validator?: unknown };
    return from.url === url && typeof from.validator === 'string' ? { bytes, validator: from.validator } : null;
  } catch {
    return null;
  }
}

async function discard(part: string): Promise<void> {
  await rm(part, { force: true });
  await rm(`${part}.from`, { force: true });
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error & { cause?: unknown };
  const inner = cause instanceof Error ? cause : undefined;
  if (inner?.name === 'BodyTimeoutError' || inner?.name === 'HeadersTimeoutError') return 'nothing comes any more';
  return inner?.message || message;
}
