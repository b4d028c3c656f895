import { resolve } from 'node:path';
import { UserError } from '../errors.js';
import type { WeightsCheck } from '../run/check-weights.js';
import { readCard } from '../weights/cards.js';
import type { Io } from './io.js';
import { textTable } from './table.js';

/** Percentage points below its publisher's that a score may lie before it is said to be too low: images of another choice differ so far. */
const TOLERANCE = 10;

/** `ft weights check`. The exit code is 2 where the answers are much worse than published. */
export async function checkWeightsVerb(name: string, options: { images: string; json?: true }, io: Io): Promise<void> {
  const card = await readCard(name);
  if (!('network' in card))
    throw new UserError({
      what: `${name} comes without a classifier of ImageNet`,
      expected: 'weights whose answers can be checked',
    });
  const { checkWeights } = await import('../run/check-weights.js');
  const check = await checkWeights(card, resolve(io.folder, options.images), io.progress);
  io.stdout.write(options.json ? `${JSON.stringify({ name, ...check }, null, 2)}\n` : inWords(name, check));
  if (tooLow(check)) process.exitCode = 2;
}

function tooLow({ accuracy, published, others }: WeightsCheck): boolean {
  const best = Math.max(...others.map((other) => other.accuracy));
  return best > accuracy || (published !== null && accuracy < published - TOLERANCE);
}

function inWords(name: string, check: WeightsCheck): string {
  const { images, accuracy, published, others } = check;
  const rows = [
    ['as its card says', `${accuracy.toFixed(1)} %`],
    ...others.map((other) => [other.name, `${other.accuracy.toFixed(1)} %`]),
  ];
  const table = textTable([{ title: 'fed' }, { title: 'right', align: 'right' as const }], rows);
  const beside =
    published === null ? 'its publisher gives no score' : `its publisher gives ${published} % on ImageNet's validation set`;
  const verdict = tooLow(check)
    ? '\nToo low: the weights are in the wrong places, or fed in the wrong way.\n'
    : '\nThe weights are read and fed as they were trained.\n';
  return `${name} on ${images} images: ${beside}\n\n${table}\n${verdict}`;
}
