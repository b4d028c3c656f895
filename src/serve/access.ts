/** Who may ask: the token, the Host that a browser was sent to, and pages of other sites. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { Refusal } from './refusal.js';

export interface AccessOptions {
  /** Null: nobody is asked for one. */
  readonly token: string | null;
  /** What the server was bound to. */
  readonly host: string;
}

/** The parts of a request that decide. */
export interface Asking {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What is served without a token: whether the server is well, and the page, which asks for the token itself and holds no secret. */
const OPEN: ReadonlySet<string> = new Set(['/', '/page.js', '/page.css', '/health', '/health/live', '/health/ready']);
const COOKIE = 'ft-serve';

export interface Access {
  /** @throws Refusal 401 or 403 */
  check(asking: Asking): void;
  /** The cookie for who knows the token, null for who does not. */
  cookieFor(token: string): string | null;
}

/**
 * - A token comes as `Authorization: Bearer`, or as the cookie that `/?token=` gives. It is compared by hashes in constant time.
 * - The name in `Host` has to be an address, `localhost` or what the server was bound to. A page of a foreign name that was pointed at this
 *   machine after it was loaded (DNS rebinding) sends its own name.
 * - What changes or computes something is refused to a page of another origin: browsers send forms across origins without asking.
 */
export function createAccess({ token, host }: AccessOptions): Access {
  const cookie = token === null ? null : createHmac('sha256', token).update('the page of ft serve').digest('hex');
  return {
    check({ method, path, headers }) {
      const asked = one(headers.host) ?? '';
      if (token === null && !isOwnName(nameOf(asked), host))
        throw new Refusal(403, {
          what: 'the server is not known by this name',
          where: 'Host',
          expected: 'an address, or localhost',
          mend: 'start it with --token to serve it under a name',
        });
      const origin = one(headers.origin);
      if (method !== 'GET' && method !== 'HEAD' && origin !== undefined && !isSameOrigin(origin, asked))
        throw new Refusal(403, { what: 'pages of other sites may not ask this server', where: 'Origin' });
      if (token === null || OPEN.has(path)) return;
      const given = /^Bearer +(\S+)$/i.exec(one(headers.authorization) ?? '')?.[1];
      if (given !== undefined && equal(given, token)) return;
      const kept = new RegExp(`(?:^|;\\s*)${COOKIE}=([0-9a-f]+)`).exec(one(headers.cookie) ?? '')?.[1];
      if (kept !== undefined && equal(kept, cookie as string)) return;
      throw new Refusal(
        401,
        {
          what: given === undefined ? 'this server wants a token' : 'the token is not right',
          expected: 'Authorization: Bearer TOKEN',
        },
        { 'WWW-Authenticate': 'Bearer' },
      );
    },
    cookieFor: (given) =>
      token !== null && equal(given, token) ? `${COOKIE}=${cookie}; Path=/; HttpOnly; SameSite=Strict` : null,
  };
}

/** Addresses of this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** The name in a Host header, without the port and without brackets. */
function nameOf(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1');
}

function isOwnName(name: string, host: string): boolean {
  return isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || name === host.toLowerCase();
}

function isSameOrigin(origin: string, host: string): boolean {
  try {
    return new URL(origin).host === new URL(`http://${host}`).host || new URL(origin).host === host.toLowerCase();
  } catch {
    return false;
  }
}

function equal(a: string, b: string): boolean {
  const hashed = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hashed(a), hashed(b));
}
