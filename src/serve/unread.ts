import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Fault } from '../errors.js';
import { answerTo, Refusal } from './refusal.js';

/** By Node's code of what is wrong with a request; others are no HTTP. */
const FAULTS: ReadonlyMap<string, readonly [status: number, fault: Fault]> = new Map([
  [
    'ERR_HTTP_REQUEST_TIMEOUT',
    [408, { what: 'the request did not arrive in time', mend: 'send fewer or smaller images at once' }],
  ],
  ['HPE_HEADER_OVERFLOW', [431, { what: 'the head of the request is too large' }]],
]);

/**
 * Answers a request that did not become a whole one: it came too slowly, or is no HTTP. The connection ends, and with it goes what was held
 * for its body.
 */
export function answerUnread({ code }: NodeJS.ErrnoException, socket: Socket): void {
  // The other side is gone: nobody listens.
  if (code === 'ECONNRESET' || socket.destroyed) return void socket.destroy();
  const [status, fault] = FAULTS.get(code ?? '') ?? [400, { what: 'this is no HTTP request' }];
  const body = JSON.stringify(answerTo(new Refusal(status, fault)).body);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}
