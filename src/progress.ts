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
