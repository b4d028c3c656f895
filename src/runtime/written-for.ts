import { onCard } from './tensorflow.js';

/**
 * What graphs are written for. The numbers are the same; the operations that are fast, and what they want in the host's memory, are not.
 * `FT_GRAPHS_FOR=card` writes them for a card without one: for tests, and to look at them.
 */
export type WrittenFor = 'processor' | 'card';

export const writtenFor: WrittenFor = onCard || process.env.FT_GRAPHS_FOR === 'card' ? 'card' : 'processor';
