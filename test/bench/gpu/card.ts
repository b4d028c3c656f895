/** The card that is measured: whether there is one, and how much of its memory is held. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { UserError } from '../../../src/errors.js';
import { type Card, inspectCards } from '../../../src/runtime/native/cards.js';
import { markerFile } from '../../../src/runtime/native/laid-folder.js';
import { runtimeFolder } from '../../../src/runtime/native/location.js';

/** The card that processes will compute on, and its driver. @throws UserError that says what is missing, and how the rest can be tried */
export async function openCard(): Promise<{ card: Card; driver: string }> {
  const { visible, driver, fault } = await inspectCards();
  const [card] = visible;
  if (fault !== undefined || card === undefined)
    throw new UserError({
      where: 'make bench-gpu',
      what: `there is no card to measure: ${fault?.what ?? 'none is visible'}`,
      expected: 'an NVIDIA card and its driver (ft doctor tells more)',
      ...(fault?.found === undefined ? {} : { found: fault.found }),
      mend: fault?.mend ?? "on a machine with a card; here, without figures: make bench-gpu options='--device cpu --tiny'",
    });
  if (!existsSync(markerFile(runtimeFolder('gpu'))))
    throw new UserError({
      where: 'make bench-gpu',
      what: "TensorFlow's runtime for cards is not set up",
      mend: 'FT_DEVICE=gpu make setup',
    });
  return { card, driver: driver ?? 'unknown' };
}

/**
 * Work, and the most of the card's memory that was held during it above what was held before, in MiB: of the whole card, as nvidia-smi has it
 * ten times a second, the CUDA context and what an allocator keeps in store included. So the card must have nobody else on it.
 */
export async function watchingMemory<T>(card: Card, work: () => Promise<T>): Promise<{ made: T; mebibytes: number | null }> {
  const query = ['--query-gpu=memory.used', '--format=csv,noheader,nounits', '-lms', '100', '-i', card.uuid];
  const child = spawn('nvidia-smi', query, { stdio: ['ignore', 'pipe', 'ignore'] });
  child.on('error', () => {});
  let text = '';
  child.stdout.setEncoding('utf8');
  const began = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.stdout.once('data', () => resolve());
  });
  child.stdout.on('data', (part: string) => {
    text += part;
  });
  try {
    await began;
    const made = await work();
    return { made, mebibytes: aboveTheFirst(text) };
  } finally {
    child.kill();
  }
}

/** Of a list of numbers, a line each, the largest less the first; null where there are none. */
export function aboveTheFirst(text: string): number | null {
  const numbers = text.split('\n').flatMap((line) => (/^\s*\d+\s*$/.test(line) ? Number(line) : []));
  const [first] = numbers;
  return first === undefined ? null : Math.max(...numbers) - first;
}
