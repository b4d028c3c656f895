import type { Fault } from '../errors.js';
import type { ApiError, Enrolled, Info, MapPoint, Searched, ThresholdPoint, Verified } from '../serve/api.js';

/** Why a request brought nothing. */
export type Failure =
  /** Nobody answered, or somebody in between said that the server is down. */
  | { readonly kind: 'away' }
  /** The server wants a token, or another one than was given. */
  | { readonly kind: 'token'; readonly given: boolean }
  /** The server said no, and why. */
  | { readonly kind: 'refused'; readonly status: number; readonly fault: Fault };

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

/** What the page asks of its server; the shapes are those of src/serve/api.ts. */
export interface Client {
  readonly token: string | null;
  info(): Promise<Outcome<Info>>;
  /** By falling rate; empty where none is calibrated. */
  thresholds(): Promise<Outcome<readonly ThresholdPoint[]>>;
  search(image: Blob, top: number): Promise<Outcome<Searched>>;
  verify(a: Blob, b: Blob): Promise<Outcome<Verified>>;
  enrolled(): Promise<Outcome<readonly Enrolled[]>>;
  enrol(name: string, images: readonly Blob[]): Promise<Outcome<Enrolled>>;
  remove(name: string): Promise<Outcome<Enrolled>>;
  /** 'drawing' while the server still lays the map out. */
  map(): Promise<Outcome<readonly MapPoint[] | 'drawing'>>;
  /** The bytes of a picture, for where an `<img>` could not show a token. */
  picture(address: string): Promise<Outcome<Blob>>;
}

/** The statuses by which a proxy says that what is behind it does not answer, and a server that it is not ready, or full. */
const AWAY: readonly number[] = [502, 503];
/** How often a request is sent to a server that says when to come again, and the longest pause between, in seconds. */
const TRIES = 4;
const LONGEST_PAUSE = 5;

/**
 * @param send `fetch`, or a stand-in for it
 * @param pause waits, by milliseconds
 */
export function createClient(
  token: string | null,
  send: typeof fetch = (...request) => fetch(...request),
  pause = (time: number) => new Promise<void>((resolve) => setTimeout(resolve, time)),
): Client {
  async function ask<T>(address: string, read: (response: Response) => Promise<T>, init: RequestInit = {}): Promise<Outcome<T>> {
    const headers: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` };
    try {
      let response = await send(address, { ...init, headers });
      for (let tried = 1; response.status === 503 && response.headers.has('Retry-After') && tried < TRIES; tried++) {
        await pause(1000 * Math.min(LONGEST_PAUSE, Number(response.headers.get('Retry-After')) || 1));
        response = await send(address, { ...init, headers });
      }
      if (response.ok) return { ok: true, value: await read(response) };
      if (response.status === 401) return { ok: false, failure: { kind: 'token', given: token !== null } };
      if (AWAY.includes(response.status)) return { ok: false, failure: { kind: 'away' } };
      return { ok: false, failure: { kind: 'refused', status: response.status, fault: await faultOf(response) } };
    } catch {
      return { ok: false, failure: { kind: 'away' } };
    }
  }
  const json = <T>(address: string, init?: RequestInit) => ask(address, (response) => response.json() as Promise<T>, init);
  const post = <T>(address: string, fields: readonly (readonly [string, Blob])[]) => {
    const body = new FormData();
    for (const [field, image] of fields) body.append(field, image, image instanceof File ? image.name : field);
    return json<T>(address, { method: 'POST', body });
  };
  const classAddress = (name: string) => `enrol?${new URLSearchParams({ class: name })}`;
  return {
    token,
    info: () => json('info'),
    thresholds: () => json('thresholds'),
    search: (image, top) => post(`search?top=${top}`, [['image', image]]),
    verify: (a, b) =>
      post('verify', [
        ['a', a],
        ['b', b],
      ]),
    enrolled: () => json('enrol'),
    enrol: (name, images) =>
      post(
        classAddress(name),
        images.map((image) => ['image', image]),
      ),
    remove: (name) => json(classAddress(name), { method: 'DELETE' }),
    map: () => ask('map', async (response) => (response.status === 202 ? 'drawing' : ((await response.json()) as MapPoint[]))),
    picture: (address) => ask(address, (response) => response.blob()),
  };
}

/** What the server says is wrong; where the answer is not the server's own, its status. */
async function faultOf(response: Response): Promise<Fault> {
  try {
    const { error, fault } = (await response.json()) as Partial<ApiError>;
    if (fault !== undefined) return fault;
    if (error !== undefined) return { what: error };
  } catch {
    // Not JSON: the status says what there is to say.
  }
  return { what: `the server answered with status ${response.status}` };
}
