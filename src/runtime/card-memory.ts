import { inspectCards } from './native/cards.js';
import { freeMemory } from './native/machine.js';
import { onCard } from './tensorflow.js';
import { writtenFor } from './written-for.js';

/**
 * Bytes that are free on the card that graphs are written for, and in the machine; null where they are for a processor. To be asked before
 * anything is computed: TensorFlow gives nothing back of what it once took. Where graphs are written for a card without one, the machine's
 * memory stands for the card's, or FT_CARD_FREE (bytes) does.
 */
export async function freeOnCard(): Promise<{ card: number; machine: number } | null> {
  if (writtenFor !== 'card') return null;
  const machine = freeMemory();
  if (!onCard) return { card: Number(process.env.FT_CARD_FREE ?? machine), machine };
  const { visible } = await inspectCards();
  return { card: visible[0]?.freeBytes ?? 0, machine };
}
