import { describe, expect, it } from 'vitest';
import { chart, Plot } from '../../src/report/chart.js';
import { histogramOf } from '../../src/report/histogram.js';
import type { HeldOut } from '../../src/report/input.js';
import { imagesOfMap, layOut } from '../../src/report/layout.js';
import { unitRows } from '../../src/report/neighbours.js';
import { quoted } from '../../src/report/reproduce-section.js';
import { distance } from '../../src/report/verification-section.js';
import { percent, rateText, rowInShort, rowInWords, signed, size } from '../../src/report/words.js';

describe('a figure', () => {
  it('is SVG whose coordinates are short, whose labels are whole, and whose names are text', () => {
    const svg = chart('a <b> "label"', {
      x: { tickFormat: (value: number) => value.toFixed(5) },
      marks: [Plot.dot([[1 / 3, 2 / 3]], { title: () => '<script>' }), Plot.text([[0.5, 0.5]], { text: () => '0.123456' })],
    }).toString();
    expect(svg).toMatch(/^<svg aria-label="a <b> &quot;label&quot;" role="img" /);
    expect(svg).toContain('0.123456');
    expect(svg).toContain('&lt;script&gt;');
    expect(svg).not.toContain('<script>');
    expect(svg).not.toContain('<style');
    const coordinates = [...svg.matchAll(/ (?:d|transform|[xy][12]?|c[xy]|r)="([^"]*)"/g)].map(([, value]) => value as string);
    expect(coordinates.length).toBeGreaterThan(5);
    expect(coordinates.filter((value) => /\.\d{3}/.test(value))).toEqual([]);
  });

  it('counts values in equal bins from 0 to 2, the ends within', () => {
    expect(histogramOf(Float64Array.of(0, 0.49, 0.5, 1.99, 2, 2.1, -0.1, 1), 4)).toEqual([3 / 8, 1 / 8, 1 / 8, 3 / 8]);
    expect(histogramOf(new Float64Array(0), 2)).toEqual([0, 0]);
  });

  it('measures the distance of unit vectors from their cosine', () => {
    expect([1, 0, -1, 0.5].map(distance)).toEqual([0, Math.SQRT2, 2, 1]);
    expect(distance(1.0000001)).toBe(0);
  });
});

describe('the map', () => {
  const dimensions = 6;
  const images = 90;
  // Three tight groups far from each other.
  const values = Float32Array.from({ length: images * dimensions }, (_, at) => {
    const image = Math.floor(at / dimensions);
    return (at % dimensions === image % 3 ? 1 : 0) + 0.05 * Math.sin(at * 12.9898);
  });
  const vectors = { row: 'triplet', dimensions, unit: unitRows(values, dimensions) };
  const every = Array.from({ length: images }, (_, i) => i);

  it('keeps groups together that are together in the embedding, in both of its forms', () => {
    const layout = layOut(vectors, every, 4);
    for (const plane of [layout?.pca, layout?.umap]) {
      const points = plane?.points as readonly (readonly [number, number])[];
      for (const point of points) for (const one of point) expect(one >= 0.029 && one <= 0.971).toBe(true);
      const wrong = every.filter((image) => {
        const [x, y] = points[image] as readonly [number, number];
        const others = every.filter((other) => other !== image);
        const far = (other: number) => ((points[other]?.[0] ?? 9) - x) ** 2 + ((points[other]?.[1] ?? 9) - y) ** 2;
        const nearest = others.reduce((best, other) => (far(other) < far(best) ? other : best));
        return nearest % 3 !== image % 3;
      });
      expect(wrong).toEqual([]);
    }
    // Two directions between three groups hold nearly everything.
    expect(layout?.explained).toBeGreaterThan(0.95);
  });

  it('is the same for the same seed and another for another, and none where the images do not differ', () => {
    expect(layOut(vectors, every, 4)).toEqual(layOut(vectors, every, 4));
    expect(layOut(vectors, every, 4)?.umap).not.toEqual(layOut(vectors, every, 5)?.umap);
    expect(layOut({ ...vectors, unit: new Float32Array(images * dimensions).fill(0.4) }, every, 4)).toBeNull();
    expect(layOut(vectors, every.slice(0, 8), 4)?.umap).toBeNull();
  });

  it('takes whole classes, and of a large class an eighth', () => {
    const labels = Int32Array.from({ length: 400 }, (_, i) => (i < 200 ? 0 : 1 + (i % 50)));
    const heldOut: HeldOut = { labels, classes: Array.from({ length: 51 }, (_, c) => `${c}`), files: [], paths: [] };
    const taken = imagesOfMap(heldOut, 80, 3);
    expect(taken.length).toBeGreaterThan(60);
    expect(taken.length).toBeLessThanOrEqual(80);
    for (let label = 0; label <= 50; label++) {
      const held = taken.filter((image) => labels[image] === label).length;
      expect(label === 0 ? [0, 10] : [0, 4]).toContain(held);
    }
  });
});

describe('words', () => {
  it('write numbers as a reader wants them', () => {
    expect([0.5294, Number.NaN].map(percent)).toEqual(['52.9\u00a0%', '–']);
    expect([0.002, 1e-4, 3e-5, 0, 12.3456].map(rateText)).toEqual(['0.002', '1e-4', '3e-5', '0', '12.3']);
    expect([5_899_000, 131_200, 9_472].map(size)).toEqual(['5.9 M', '131.2 k', '9,472']);
    expect([0.0104, -0.2].map(signed)).toEqual(['+0.010', '−0.200']);
    expect(rowInWords('triplet-whitened')).toBe('phase 2, triplets, whitened');
    expect(rowInShort('classification')).toBe('phase 1');
    expect(rowInWords('another')).toBe('another');
  });

  it('write an argument as a shell takes it', () => {
    expect(['train', 'a b', "it's", '', '$(rm)', '--set', 'x=1'].map(quoted)).toEqual([
      'train',
      "'a b'",
      "'it'\\''s'",
      "''",
      "'$(rm)'",
      '--set',
      'x=1',
    ]);
  });
});
