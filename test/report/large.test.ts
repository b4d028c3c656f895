import { describe, expect, it } from 'vitest';
import { seededDraws } from '../../src/evaluate/resample.js';
import type { ReportInput } from '../../src/report/input.js';
import { unitRows } from '../../src/report/neighbours.js';
import { makeReport } from '../../src/report/report.js';

describe('the report of a large run', () => {
  // Eight seconds of one core; a machine that is full of other work takes its time.
  it('of 60,000 held-out images in 2,000 classes is a sample that says so, below 10 MB', { timeout: 240_000 }, async () => {
    const images = 60_000;
    const dimensions = 32;
    const draw = seededDraws(1);
    const labels = Int32Array.from({ length: images }, (_, i) => i % 2000);
    const centres = Float32Array.from({ length: 2000 * dimensions }, () => draw() - 0.5);
    const values = Float32Array.from({ length: images * dimensions }, (_, at) => {
      const label = Math.floor(at / dimensions) % 2000;
      return (centres[label * dimensions + (at % dimensions)] as number) + (draw() - 0.5) * 1.2;
    });
    const files = Array.from({ length: images }, (_, i) => `class ${i % 2000}/${'long name '.repeat(8)}${i}.jpg`);
    const recallAt1 = Array.from({ length: images }, () => (draw() < 0.6 ? 1 : 0));
    const input: ReportInput = {
      run: 'large',
      recipe: 'large',
      backbone: 'resnet50-thin',
      finished: true,
      seed: 0,
      command: [],
      facts: [],
      rows: [],
      steps: [],
      exported: { row: 'triplet', because: 'it is the last' },
      epochs: [],
      plans: [],
      data: {
        name: 'large',
        classes: 4000,
        images: 120_000,
        skipped: Array.from({ length: 5000 }, (_, i) => ({ file: `broken ${i}.jpg`, reason: 'cut short' })),
        singleImageClasses: Array.from({ length: 5000 }, (_, i) => `single ${i}`),
        sharedAcrossClasses: [],
        findings: null,
        split: null,
      },
      heldOut: { files, paths: files.map(() => ''), labels, classes: Array.from({ length: 2000 }, (_, i) => `class ${i}`) },
      vectors: [{ row: 'triplet', dimensions, unit: unitRows(values, dimensions) }],
      queries: { images: Array.from({ length: images }, (_, i) => i), recallAt1, mapAtR: recallAt1.map((one) => one * draw()) },
      classifier: null,
      missing: [],
    };
    const { page } = await makeReport(input);
    expect(page.length).toBeLessThan(1e7);
    const text = page.replace(/<[^>]+>/g, ' ');
    expect(text).toContain('drawn evenly from the best to the worst of all 60,000');
    expect(text).toMatch(/A sample of 520 of them was looked at/);
    expect(text).toContain('60,000 drawn of 870,000 pairs of one class, and 60,000 drawn of 1,799,100,000 pairs of two');
    expect(text).toMatch(/360 images of 12 classes, drawn whole class by whole class from 60,000 held-out images/);
    expect(text).toContain('and 4,960 more: see data.json');
  });
});
