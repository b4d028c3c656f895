/** A running count of one piece of work. */
export interface Bar {
  /** `count` more units are done; `note` replaces the text beside the bar. */
  advance(count: number, note?: string): void;
  /** The work is over; the bar is taken away and `note`, where given, stays as a line. */
  done(note?: string): void;
}

/** Where long work says how far it is. The command line draws it; the parts only call it. */
export interface Progress {
  bar(label: string, total: number, unit: string): Bar;
  line(text: string): void;
}

/** Says nothing: for tests and for callers that draw their own. */
export const silent: Progress = { bar: () => ({ advance() {}, done() {} }), line() {} };
