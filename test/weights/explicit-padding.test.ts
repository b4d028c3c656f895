import { describe, expect, it } from 'vitest';
import { plainPadding } from '../../src/weights/explicit-padding.js';

/** TensorFlow's SAME for one axis. */
function same(size: number, window: number, stride: number): [number, number] {
  const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + window - size);
  return [Math.floor(total / 2), total - Math.floor(total / 2)];
}

describe('explicit padding', () => {
  it("becomes 'same' exactly where it is what SAME adds at every size of image", () => {
    for (const window of [1, 2, 3, 5, 7]) {
      for (const stride of [1, 2]) {
        for (let before = 0; before < 4; before++) {
          for (let after = 0; after < 4; after++) {
            if (before + after === 0) continue;
            let always = true;
            for (let size = 8; size < 40; size++) {
              const [first, last] = same(size, window, stride);
              always &&= first === before && last === after;
            }
            const plain = plainPadding([before, after, before, after], [window, window], [stride, stride]);
            expect(plain === 'same', `window ${window}, stride ${stride}, ${before} and ${after}`).toBe(always);
          }
        }
      }
    }
  });

  it("becomes 'valid' where nothing is added, and stays as it is elsewhere", () => {
    expect(plainPadding([0, 0, 0, 0], [3, 3], [2, 2])).toBe('valid');
    expect(plainPadding([3, 3, 3, 3], [7, 7], [2, 2])).toEqual([3, 3, 3, 3]);
    expect(plainPadding([2, 2, 2, 2], [3, 3], [1, 1], [2, 2])).toBe('same');
  });
});
