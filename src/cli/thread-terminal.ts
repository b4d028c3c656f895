import type { MessagePort, Worker } from 'node:worker_threads';
import { drawSaid } from '../progress.js';
import type { Interrupt } from './interrupt.js';
import { type Io, processIo } from './io.js';
import type { Said } from './thread-io.js';

/**
 * Keeps the terminal for the thread that `ft` works in: this thread is never blocked, so bars stay alive and Ctrl-C is answered
 * at once.
 * @returns the exit code, once the thread is over
 */
export async function keepTerminal(thread: Worker, port: MessagePort, io: Io = processIo()): Promise<number> {
  const draw = drawSaid(io.progress);
  let interrupt: Interrupt | undefined;
  let code: number | undefined;
  port.on('message', (said: Said) => {
    switch (said.kind) {
      case 'out':
        return io.stdout.write(said.text);
      case 'err':
        return io.stderr.write(said.text);
      case 'listen':
        interrupt = io.interrupt(said.message, said.presses);
        return;
      case 'deaf':
        return interrupt?.off();
      case 'end':
        code = said.code;
        return;
      default:
        return draw(said);
    }
  });
  // What was said last may still be on its way when the thread is over; the port closes behind it.
  const closed = new Promise((resolve) => port.on('close', resolve));
  const exited = new Promise<number>((resolve, reject) => thread.on('exit', resolve).on('error', reject));
  const [exit] = await Promise.all([exited, closed]);
  return code ?? exit;
}
