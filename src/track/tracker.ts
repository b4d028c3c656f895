/** A run as trackers are told of it. */
export interface TrackedRun {
  /** The name of its folder. */
  readonly name: string;
  readonly recipeName: string;
  /** The resolved recipe, as text and by its flattened keys. */
  readonly recipeText: string;
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
  /** Milliseconds since 1970. */
  readonly started: number;
  /** What made it: versions, commit, data. */
  readonly tags: Readonly<Record<string, string>>;
}

/** The scores of a finished run. */
export interface TrackedScores {
  readonly rows: readonly { readonly name: string; readonly figures: Readonly<Record<string, number>> }[];
  readonly exported: string;
  /** The table of rows in Markdown. */
  readonly markdown: string;
  /** Milliseconds since 1970. */
  readonly finished: number;
}

export type RunEnd = 'finished' | 'stopped' | 'failed';

/** Shows a run somewhere else while it goes on. None of its failures may stop a training. */
export interface Tracker {
  /** These are the lines of `metrics.jsonl`, and no others: said at the start, and after some were taken back. */
  readonly restate: (lines: readonly Readonly<Record<string, unknown>>[]) => Promise<void>;
  /** One more line. */
  readonly logged: (line: Readonly<Record<string, unknown>>) => Promise<void>;
  readonly scored: (scores: TrackedScores) => Promise<void>;
  /** The last call. */
  readonly ended: (how: RunEnd) => Promise<void>;
}
