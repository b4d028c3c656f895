import { freemem } from 'node:os';
import { inspectCards } from './native/cards.js';
import { onCard } from './tensorflow.js';
import { writtenFor } from './written-for.js';

/**
 * Bytes that are free on the card that graphs are written for; null where they are for a processor. To be asked before anything is
 * computed: TensorFlow gives nothing back of what it once took. Where graphs are written for a card without one, it is the machine's memory.
 */
export async function freeOnCard(): Promise<number | null> {
  if (writtenFor !== 'card') return null;
  if (!onCard) return freemem();
  const { visible } = await inspectCards();
  return visible[0]?.freeBytes ?? 0;
}
