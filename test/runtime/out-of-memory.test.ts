import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { withMend } from '../../src/runtime/out-of-memory.js';

describe('a session without memory', () => {
  it.each([
    'OOM when allocating tensor with shape[64,112,112,64] and type float on /job:localhost/replica:0/task:0/device:GPU:0 by allocator GPU_0_bfc',
    'INTERNAL: CUDA_ERROR_OUT_OF_MEMORY: out of memory',
    'Failed to create cublas handle: CUBLAS_STATUS_NOT_INITIALIZED',
    'Could not create cudnn handle: CUDNN_STATUS_INTERNAL_ERROR',
  ])('is told by a card’s own words: %s', (text) => {
    const told = withMend(new Error(`Session fail to run with error: ${text}`), true);
    expect(told).toBeInstanceOf(UserError);
    expect((told as UserError).message).toContain('the card has no memory left');
  });

  it('leaves every other error as it is', () => {
    const other = new Error('Session fail to run with error: indices[3] = 9 is not in [0, 5)');
    expect(withMend(other, true)).toBe(other);
  });
});
