import { readFileSync } from 'node:fs';
import { MessageChannel, Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { streamsIo } from '../../src/cli/io.js';
import { keepTerminal } from '../../src/cli/thread-terminal.js';
import { verbs } from '../../src/cli/verbs.js';

/** Runs `blocked-thread.mjs`; `press` counts a Ctrl-C, as the signal does, `seen` is told all that is written. */
async function keep(options: { fails?: boolean; seen?: (text: string, press: () => void) => void }) {
  let out = '';
  let err = '';
  let listening = 0;
  let presses: Int32Array = new Int32Array(1);
  const stderr = {
    isTTY: true,
    columns: 120,
    write: (text: string) => {
      err += text;
      options.seen?.(text, () => Atomics.add(presses, 0, 1));
    },
  };
  const io = {
    ...streamsIo({ stdout: { write: (text) => (out += text) }, stderr, folder: '.' }),
    interrupt: (_: string, shared: Int32Array = presses) => {
      presses = shared;
      listening++;
      return { asked: () => false, off: () => void listening-- };
    },
  };
  const { port1, port2 } = new MessageChannel();
  const thread = new Worker(new URL('blocked-thread.mjs', import.meta.url), {
    workerData: { port: port2, stdout: { columns: 77 }, stderr: {}, folder: '/here', fails: options.fails === true },
    transferList: [port2],
  });
  const code = await keepTerminal(thread, port1, io);
  return { code, out, err: err.replaceAll('\r\x1b[2K', '⟲'), listening };
}

describe('the thread that keeps the terminal', () => {
  it('redraws the bar and takes Ctrl-C while the other is blocked, which hears of it as soon as it is not', async () => {
    let drawn = 0;
    const seen = (text: string, press: () => void) => {
      // The bar once more, by itself: the thread has said nothing since it was blocked.
      if (text.includes('0/4 steps') && ++drawn === 3) press();
    };
    const { code, out, err, listening } = await keep({ seen });
    expect([code, out, listening]).toEqual([130, '77 columns in /here\n', 0]);
    expect(drawn).toBeGreaterThanOrEqual(4);
    // In the order in which it was said.
    const lines = err.split('⟲');
    const [begun, still, said, ...end] = [1, 2, lines.indexOf('asked: true\n'), -2, -1].map((at) => lines.at(at) ?? '');
    expect([begun, still]).toEqual([
      expect.stringMatching(/^training .* 0\/4 stepsblocked\n$/),
      expect.stringMatching(/^training .* 0\/4 steps/),
    ]);
    expect([said, ...end]).toEqual(['asked: true\n', expect.stringMatching(/^training .* 1\/4 steps/), 'one step\n']);
    // A bar is not drawn twice within a tenth of a second: one with the step may stand before the line, or not.
    const steps = lines.flatMap((line) => line.match(/\d(?=\/4 steps)/) ?? []).join('');
    expect(steps).toMatch(/^0{4,}1{1,2}$/);
  });

  it('hears of no Ctrl-C where none was pressed', async () => {
    expect((await keep({})).err).toContain('asked: false\n');
  });

  it('passes on what kills the other thread', async () => {
    await expect(keep({ fails: true })).rejects.toThrow('a fault of the thread');
  });

  it('is started for verbs that there are', () => {
    const launcher = readFileSync(new URL('../../src/cli/ft.mjs', import.meta.url), 'utf8');
    const named = launcher.match(/BLOCKING = new Set\(\[(.*)\]\)/)?.[1]?.match(/[\w-]+/g) ?? [];
    expect(named).toContain('train');
    expect(verbs.map(({ name }) => name)).toEqual(expect.arrayContaining(named));
  });
});
