import type { Fault } from '../errors.js';
import { UserError } from '../errors.js';
import type { ApiError } from './api.js';

/** Thrown where a request is not answered: the status, and what is wrong, in words for who sent it. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly fault: Fault,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(fault.what);
    this.name = 'Refusal';
  }
}

export interface RefusedAnswer {
  readonly status: number;
  readonly body: ApiError;
  readonly headers: Readonly<Record<string, string>>;
  /** Not the fault of who asks: whoever runs the server is told. */
  readonly ours: boolean;
}

/** What is answered in place of what was asked for. It never holds a stack or a path of this machine. */
export function answerTo(error: unknown): RefusedAnswer {
  if (error instanceof Refusal) return told(error.status, error.fault, error.headers);
  // Whoever runs the server can mend it (a store that is gone), and is told of it; who asks may come again.
  if (error instanceof UserError)
    return { ...told(503, { what: 'something that the server needs does not answer' }), ours: true };
  const { statusCode, code, message } = error as { statusCode?: number; code?: string; message?: string };
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) return told(statusCode, byFastify(code, message));
  return { ...told(500, { what: 'the server failed to answer this' }), ours: true };
}

function told(status: number, fault: Fault, headers: Readonly<Record<string, string>> = {}): RefusedAnswer {
  const { what, where, expected, found, mend } = fault;
  const beside = [where, expected && `expected ${expected}`, found && `found ${found}`].filter(Boolean).join('; ');
  const line = `${what}${beside === '' ? '' : ` (${beside})`}${mend === undefined ? '' : `: ${mend}`}`;
  return { status, body: { error: line.replace(/\s+/g, ' '), fault }, headers, ours: false };
}

/** The refusals of fastify itself, and of its multipart reader, in our words. */
function byFastify(code = '', message = ''): Fault {
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
    case 'FST_REQ_FILE_TOO_LARGE':
      return { what: 'the body is too large', mend: 'send smaller images, or fewer (GET /info says the limits)' };
    case 'FST_FILES_LIMIT':
    case 'FST_PARTS_LIMIT':
      return { what: 'too many images in one request', mend: 'send fewer (GET /info says the limits)' };
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return { what: 'a body of this kind is not read', expected: 'multipart/form-data, image/* or application/json' };
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return { what: 'the body is no JSON' };
    default:
      return { what: message.split('\n', 1)[0] || 'the request cannot be read' };
  }
}
