import { describe, expect, it } from 'vitest';
import { embedVerb } from '../../src/cli/embed.js';
import { serveVerb } from '../../src/cli/serve.js';
import { trainVerb } from '../../src/cli/train.js';
import { UserError } from '../../src/errors.js';
import { withMend } from '../../src/runtime/out-of-memory.js';

function told(text: string, card = true) {
  const error = withMend(new Error(`Session fail to run with error: ${text}`), card);
  expect(error).toBeInstanceOf(UserError);
  const [fault] = (error as UserError).faults;
  return { what: fault?.what ?? '', found: fault?.found, mend: fault?.mend ?? '' };
}
const OOM =
  'OOM when allocating tensor with shape[64,112,112,64] and type float on /job:localhost/replica:0/task:0/device:GPU:0 by allocator';

describe('a session without memory', () => {
  it.each([
    `${OOM} GPU_0_bfc`,
    'INTERNAL: CUDA_ERROR_OUT_OF_MEMORY: out of memory',
    'Failed to create cublas handle: CUBLAS_STATUS_ALLOC_FAILED',
  ])('is told by a card’s own words: %s', (text) => {
    expect(told(text).what).toBe('the card has no memory left for this');
    expect(told(text).mend).toMatch(/^nvidia-smi shows who else uses the card; CUDA_VISIBLE_DEVICES chooses another; a training/);
  });

  it('says what found no room, and speaks of no card on a processor', () => {
    const { what, found, mend } = told(OOM, false);
    expect([what, found]).toEqual([
      'the machine has no memory left for this',
      'no room for a tensor of 64 × 112 × 112 × 64 (float)',
    ]);
    expect(mend).not.toMatch(/nvidia|CUDA/);
  });

  it('names options that the verbs have', () => {
    const { mend } = told(OOM);
    const has = (verb: typeof trainVerb | typeof embedVerb | typeof serveVerb, ...options: string[]) =>
      expect(verb().options.map(({ long }) => long)).toEqual(expect.arrayContaining(options));
    for (const words of [
      /a training .* --set .* ft train --resume/,
      /ft serve .* --batch/,
      /ft embed and ft serve .* --precision bf16/,
    ])
      expect(mend).toMatch(words);
    has(trainVerb, '--set', '--resume');
    has(embedVerb, '--precision');
    has(serveVerb, '--batch', '--precision');
  });
});

describe('a library that does not start on a card', () => {
  it.each([
    ['Could not create cudnn handle: CUDNN_STATUS_INTERNAL_ERROR', 'CUDNN_STATUS_INTERNAL_ERROR'],
    ['UNIMPLEMENTED: DNN library is not found.', 'DNN library is not found'],
    ['Failed to create cublas handle: CUBLAS_STATUS_NOT_INITIALIZED', 'CUBLAS_STATUS_NOT_INITIALIZED'],
  ])('is told with both of its causes: %s', (text, found) => {
    const said = told(text);
    expect(said.what).toMatch(
      /did not start on the card: its memory is full, or the library is broken or does not fit the driver$/,
    );
    expect(said.found).toBe(found);
    expect(said.mend).toMatch(/^where nvidia-smi shows little free: .*; else ft doctor, which says what was loaded/);
  });

  it('leaves every other error as it is, and such words where there is no card', () => {
    const other = new Error('Session fail to run with error: indices[3] = 9 is not in [0, 5)');
    expect(withMend(other, true)).toBe(other);
    const none = new Error('DNN library is not found');
    expect(withMend(none, false)).toBe(none);
  });
});
