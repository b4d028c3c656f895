/** A running count of one piece of work. */
export interface Bar {
  /** `count` more units are done; `note` replaces the text beside the bar. */
  advance(count: number, note?: string): void;
  /** The work is over; the bar is taken away and `note`, where given, stays as a line. */
  done(note?: string): void;
}

/** Where long work says how far it is. The command line draws it; the parts only call it. */
export interface Progress {
  /** Where `total` is 0, nobody knows how much work it is, and only the time that it takes is shown. */
  bar(label: string, total: number, unit: string): Bar;
  line(text: string): void;
}

/** Does work of which nobody knows how long it takes, while `label` stands there. */
export function during<T>(label: string, progress: Progress, work: () => T): T {
  const bar = progress.bar(label, 0, '');
  try {
    return work();
  } finally {
    bar.done();
  }
}

/** Says nothing: for tests and for callers that draw their own. */
export const silent: Progress = { bar: () => ({ advance() {}, done() {} }), line() {} };

/** What a `Progress` in another thread is told, as messages. */
export type ProgressSaid =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'bar'; readonly bar: number; readonly label: string; readonly total: number; readonly unit: string }
  | { readonly kind: 'advance'; readonly bar: number; readonly count: number; readonly note: string | undefined }
  | { readonly kind: 'done'; readonly bar: number; readonly note: string | undefined };

/** Progress that is drawn by another thread: all of it goes one way, as messages. */
export function saidProgress(say: (said: ProgressSaid) => void): Progress {
  let bars = 0;
  return {
    line: (text) => say({ kind: 'line', text }),
    bar: (label, total, unit) => {
      const bar = bars++;
      say({ kind: 'bar', bar, label, total, unit });
      return {
        advance: (count, note) => say({ kind: 'advance', bar, count, note }),
        done: (note) => say({ kind: 'done', bar, note }),
      };
    },
  };
}

/** Draws what another thread says. */
export function drawSaid(progress: Progress): (said: ProgressSaid) => void {
  const bars = new Map<number, Bar>();
  return (said) => {
    switch (said.kind) {
      case 'line':
        return progress.line(said.text);
      case 'bar':
        return void bars.set(said.bar, progress.bar(said.label, said.total, said.unit));
      case 'advance':
        return bars.get(said.bar)?.advance(said.count, said.note);
      case 'done':
        bars.get(said.bar)?.done(said.note);
        return void bars.delete(said.bar);
    }
  };
}
