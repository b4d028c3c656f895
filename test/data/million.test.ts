// In a process of its own: a child's highest use of memory begins with its parent's.
import { describe, expect, it } from 'vitest';
import { drawFrom } from './million-process.js';

describe('a hundred thousand images', () => {
  it('are listed, split and drawn for an epoch within 300 MB, each at most once a shuffled epoch', { timeout: 60_000 }, () => {
    const drawn = drawFrom(100_000);
    expect(drawn).toMatchObject({ images: 100_000, labels: 100_000, classes: 2_000, train: 45_000 });
    // Whole batches of 64: what is left over waits for another epoch.
    expect(drawn.drawnOnce).toBe(Math.floor(45_000 / 64) * 64);
    expect(drawn.pkImages).toBeGreaterThanOrEqual(45_000 - 64);
    expect(drawn.megabytes).toBeLessThan(300);
  });
});
