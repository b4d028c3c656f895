import { describe, expect, it } from 'vitest';
import { drawFrom } from './million-process.js';

describe('a million images', () => {
  it('are listed, split and drawn for an epoch within 1 GiB', { timeout: 300_000 }, () => {
    const drawn = drawFrom(1_000_000);
    expect(drawn).toMatchObject({ images: 1_000_000, labels: 1_000_000, classes: 20_000, train: 450_000 });
    expect(drawn.drawnOnce).toBe(Math.floor(450_000 / 64) * 64);
    expect(drawn.megabytes).toBeLessThan(1024);
  });
});
