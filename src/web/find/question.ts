import type { Searched } from '../../serve/api.js';
import type { Failure } from '../client.js';

/** An image that is looked for, and what came of it. */
export interface Question {
  readonly id: number;
  readonly name: string;
  readonly image: File;
  /** How many answers are wanted. */
  readonly top: number;
  readonly state: 'waiting' | 'answered' | 'failed';
  /** The last answer; it stays while a newer one is waited for. */
  readonly found: Searched['queries'][number] | null;
  readonly failure: Failure | null;
  /** What keeps it from being sent at all. */
  readonly problem: string | null;
}

/** How many answers are asked for at first. */
const TOP = 12;
/** How many images the page holds; the oldest go first. */
const KEPT = 24;

/** The newest come first. */
export function withImages(
  questions: readonly Question[],
  images: readonly File[],
  problemOf: (image: File) => string | null,
): Question[] {
  const next = 1 + Math.max(0, ...questions.map(({ id }) => id));
  const added = images.map((image, index): Question => {
    const problem = problemOf(image);
    return {
      id: next + index,
      name: image.name,
      image,
      top: TOP,
      state: problem === null ? 'waiting' : 'failed',
      found: null,
      failure: null,
      problem,
    };
  });
  return [...added, ...questions].slice(0, Math.max(KEPT, added.length));
}

/** The questions with one changed, unless it was asked otherwise or taken away meanwhile. */
export function changed(questions: readonly Question[], { id, top }: Question, change: Partial<Question>): Question[] {
  return questions.map((question) => (question.id === id && question.top === top ? { ...question, ...change } : question));
}

/** Asks again what the server could not be asked for. */
export function askedAgain(questions: readonly Question[]): Question[] {
  return questions.map((question) =>
    question.failure !== null && question.failure.kind !== 'refused'
      ? { ...question, state: 'waiting', failure: null }
      : question,
  );
}
