import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { duration, terminalProgress } from '../../src/cli/progress.js';
import { during } from '../../src/progress.js';

/** A stream and a clock of which the test is master. */
function stage(terminal: boolean, columns = 100) {
  let time = 0;
  let written = '';
  const stream = { isTTY: terminal, columns, write: (text: string) => (written += text) };
  return {
    progress: terminalProgress(stream, () => time),
    wait: (milliseconds: number) => (time += milliseconds),
    take: () => {
      const text = written.replaceAll('\r\x1b[2K', clear);
      written = '';
      return text;
    },
  };
}

/** Stands for "back to the line's start, and erase it". */
const clear = '⟲';

describe('progress in a pipe', () => {
  it('is a plain line every five seconds, with the rate and the time that remains', () => {
    const { progress, wait, take } = stage(false);
    const bar = progress.bar('embedding', 1000, 'images');
    for (let i = 0; i < 12; i++) {
      wait(1000);
      bar.advance(50, `batch ${i}`);
    }
    expect(take()).toBe(
      'embedding: 50/1,000 images (5 %), 50 images/s, 19 s left, batch 0\n' +
        'embedding: 300/1,000 images (30 %), 50 images/s, 14 s left, batch 5\n' +
        'embedding: 550/1,000 images (55 %), 50 images/s, 9 s left, batch 10\n',
    );
    bar.done();
    expect(take()).toBe('embedding: 600 images in 12 s\n');
  });

  it('says nothing of work that is over at once, but its note', () => {
    const { progress, wait, take } = stage(false);
    const bar = progress.bar('hashing', 10, 'files');
    wait(20);
    bar.advance(10);
    bar.done();
    progress.bar('reading', 1, 'file').done('read 1 file');
    expect(take()).toBe('read 1 file\n');
  });

  it('holds no control letters', () => {
    const { progress, wait, take } = stage(false);
    const bar = progress.bar('x', 100, 'steps');
    for (let i = 0; i < 100; i++) {
      wait(300);
      bar.advance(1);
    }
    progress.line('a line');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the test is about them.
    expect(take()).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
  });
});

describe('progress on a terminal', () => {
  it('is one line with a bar, redrawn in its place', () => {
    const { progress, wait, take } = stage(true);
    const bar = progress.bar('epoch 1/4', 200, 'images');
    expect(take()).toBe(`${clear}epoch 1/4 ░░░░░░░░░░░░░░░░░░░░ 0 %  0/200 images`);
    wait(1000);
    bar.advance(50, 'loss 5.2');
    expect(take()).toBe(`${clear}epoch 1/4 █████░░░░░░░░░░░░░░░ 25 %  50/200 images  50 images/s  3 s left  loss 5.2`);
    bar.done('epoch 1/4: loss 5.1');
    expect(take()).toBe(`${clear}epoch 1/4: loss 5.1\n`);
  });

  it('is not redrawn more often than an eye can follow', () => {
    const { progress, wait, take } = stage(true);
    const bar = progress.bar('x', 1000, 'steps');
    for (let i = 0; i < 100; i++) {
      wait(1);
      bar.advance(1);
    }
    expect(take().split(clear).length - 1).toBe(2);
  });

  it('lets lines through above the bar, and gives the line back to the work around it', () => {
    const { progress, wait, take } = stage(true);
    const outer = progress.bar('outer', 2, 'phases');
    const inner = progress.bar('inner', 2, 'steps');
    take();
    progress.line('a warning');
    expect(take()).toMatch(/^⟲a warning\n⟲inner /);
    wait(100);
    inner.done();
    expect(take()).toMatch(/^⟲⟲outer /);
    outer.done();
    outer.done();
    inner.advance(1);
    expect(take()).toBe(clear);
  });

  it('is cut to the width of the terminal, so that it never wraps', () => {
    const { progress, take } = stage(true, 40);
    progress.bar('a label that is too long for the terminal', 10, 'images');
    expect(take().slice(clear.length)).toHaveLength(39);
  });

  it('stays alive while nothing is reported: the time runs on, and the rate stays that of the last report', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { progress, wait, take } = stage(true);
    const pass = (milliseconds: number) => {
      wait(milliseconds);
      vi.advanceTimersByTime(milliseconds);
    };
    const bar = progress.bar('x', 10, 'steps');
    take();
    pass(3000);
    expect(take()).toBe(`${clear}x ░░░░░░░░░░░░░░░░░░░░ 0 %  0/10 steps  3 s so far`);
    wait(1000);
    bar.advance(2);
    expect(take()).toContain('2/10 steps  0.50 steps/s  16 s left');
    pass(4000);
    expect(take()).toContain('2/10 steps  0.50 steps/s  12 s left');
    pass(40_000);
    expect(take()).toContain('2/10 steps  0.50 steps/s  0 ms left');
    bar.done();
    take();
    pass(10_000);
    expect([take(), vi.getTimerCount()]).toEqual(['', 0]);
  });

  it('shows the time alone where nobody knows how much work it is, and takes it away when that fails', () => {
    const { progress, wait, take } = stage(true);
    const failing = () =>
      during('building', progress, () => {
        wait(2000);
        progress.line('still at it');
        throw new Error('no');
      });
    expect(failing).toThrow('no');
    expect(take()).toBe(`${clear}building${clear}still at it\n${clear}building  2 s so far${clear}`);
  });

  it('forgets a slow first step: the rate is that of the last seconds', () => {
    const { progress, wait, take } = stage(true);
    const bar = progress.bar('x', 1000, 'steps');
    wait(60_000);
    bar.advance(1);
    for (let i = 0; i < 40; i++) {
      wait(1000);
      bar.advance(10);
    }
    expect(take()).toMatch(/401\/1,000 steps {2}10 steps\/s {2}1 min 00 s left$/);
  });
});

it('durations read as people say them', () => {
  expect([850, 12_000, 200_000, 3_720_000].map(duration)).toEqual(['850 ms', '12 s', '3 min 20 s', '1 h 02 min']);
});
