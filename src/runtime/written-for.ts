import { onCard } from './tensorflow.js';

/**
 * What graphs are written for. The numbers are the same; the operations that are fast, and what they want in the host's memory, are not.
 * `FT_GRAPHS_FOR=card` writes them for a card without one: for tests, and to look at them.
 */
export type WrittenFor = 'processor' | 'card';

export const writtenFor: WrittenFor = onCard || process.env.FT_GRAPHS_FOR === 'card' ? 'card' : 'processor';

/**
 * Whether a step on a card has to give the same bits every time (`deterministic: true`). TensorFlow then takes such kernels, and refuses
 * an operation that has none; on a processor ft's steps do so anyway.
 */
export const bitExact: boolean = writtenFor === 'card' && ['1', 'true'].includes(process.env.TF_DETERMINISTIC_OPS ?? '');
