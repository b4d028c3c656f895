import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ft } from '../cli/terminal.js';
import { browserPath, look, openBrowser } from './browser.js';
import { writeSyntheticRun } from './synthetic-run.js';

const root = mkdtempSync(join(tmpdir(), 'ft-report-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Names that a folder of photos may have, and a page must survive. */
const NASTY = [
  '<script>document.title = "hit"</script>',
  '"><img src=x onerror="document.title=1">',
  "it's \"quoted\" & 'more'",
  'two\nlines\tand a tab',
  'שלום עולם',
  '\u202eright to left',
  '👩‍👩‍👧‍👦 family',
  'w'.repeat(200),
  'a name of many words '.repeat(10).trim(),
  '../../etc/passwd',
  '{{7*7}} %s %00 \\n',
  '-rf --help',
];

let run = '';
let report = '';
let browser: Browser | undefined;

beforeAll(async () => {
  run = await writeSyntheticRun(join(root, '<b>"nasty"'), {
    classes: NASTY,
    imagesPerClass: 5,
    dimensions: 8,
    spread: { before: 2, classification: 1.2, triplet: 0.9 },
    exported: 'triplet',
    manifest: { recipe: NASTY[0], command: ['train', NASTY[1], '--data', 'a b'] },
    data: {
      name: NASTY[7],
      skipped: NASTY.map((file) => ({ file, reason: 'is HEIC inside' })),
      singleImageClasses: NASTY,
      sharedAcrossClasses: [NASTY],
    },
    findings: (pictures) => [
      {
        kind: 'leakage',
        what: '12 sets of equal files on two sides of the split',
        why: 'the scores are better than the model',
        mend: 'keep one of each set',
        cases: NASTY.map((file) => ({
          note: `0.97 alike: ${file}`,
          images: [
            { file, class: 'another', part: 'train', path: pictures[0] as string },
            { file: `other-${file}`, class: null, part: 'heldOut', path: '/gone.png' },
          ],
        })),
      },
      { kind: 'damaged', what: '1 file that cannot be used', why: 'w', mend: 'm', cases: [{ note: 'is HEIC', images: [] }] },
    ],
    scores: {
      classifier: {
        images: 60,
        classes: NASTY,
        top_1: 0.8,
        top_5: 0.95,
        macro_f1: 0.79,
        ece: 0.04,
        nll: 0.7,
        brier: 0.3,
        intervals: { top_1: { value: 0.8, low: 0.7, high: 0.9, standard_error: 0.05 } },
        per_class: NASTY.map((name, i) => ({ class: name, precision: 0.7, recall: i / 12, f1: i / 12, images: 5 })),
        confusion: NASTY.map((_, truth) => NASTY.map((_, named) => (truth === named ? 4 : named === (truth + 1) % 12 ? 1 : 0))),
        reliability: [
          { low: 0.4, high: 0.6, confidence: 0.5, accuracy: 0.45, images: 20 },
          { low: 0.8, high: 1, confidence: 0.92, accuracy: 0.9, images: 40 },
        ],
      },
    },
  });
  report = join(run, 'report.html');
  if (browserPath !== undefined) browser = await openBrowser();
});
afterAll(() => browser?.close());

describe('ft report', () => {
  it('writes the page into the run folder and says where', async () => {
    const { code, out, err } = await ft(['report', run]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/report\.html \(\d\.\d MB\)\n$/);
    const page = readFileSync(report, 'utf8');
    for (const id of [
      'scores',
      'classifier',
      'gallery',
      'worst',
      'mixed-up',
      'verification',
      'map',
      'curves',
      'plan',
      'images',
      'reproduce',
    ])
      expect(page).toContain(`<section id="${id}">`);
    expect(page).not.toContain('<script>document');
    expect(page).not.toContain('<img src=x');
    expect(page).not.toMatch(/(?:src|href)="(?!data:|#)/);
    expect(page).not.toContain(root);
    // The command as a shell takes it, escaped for the page.
    expect(page).toContain('&#39;&quot;&gt;&lt;img src=x onerror=&quot;document.title=1&quot;&gt;&#39; --data &#39;a b&#39;');
  });

  it('shows what was found wrong with the images, and says the gravest at the top', () => {
    const page = readFileSync(report, 'utf8');
    expect(page).toContain(
      'Of the images: 12 sets of equal files on two sides of the split, so the scores are better than the model',
    );
    const images = page.slice(page.indexOf('<section id="images">'), page.indexOf('<section id="reproduce">'));
    expect(images).toMatch(/<details class="problem" open><summary>12 sets of equal files on two sides of the split<\/summary>/);
    // Six of the twelve cases, each with the picture that is there and a place for the one that is gone.
    expect(images.match(/<div class="case">/g)).toHaveLength(6);
    expect(images.match(/src="data:image\/webp/g)).toHaveLength(6);
    expect(images.match(/no picture/g)).toHaveLength(6);
    expect(images).toContain('and 6 more: see findings.json of the run');
    // Damaged files have a list of their own.
    expect(images).not.toContain('1 file that cannot be used');
  });

  it('gives the same bytes for the same run', async () => {
    const first = readFileSync(report, 'utf8');
    expect((await ft(['report', run, '--out', join(root, 'again.html')])).code).toBe(0);
    expect(readFileSync(join(root, 'again.html'), 'utf8') === first).toBe(true);
  });
});

const skipped = browserPath === undefined;

describe.skipIf(skipped)(
  `the page in Chromium${skipped ? ' (skipped: there is none here; apt-get install chromium, or FT_CHROMIUM=path)' : ''}`,
  () => {
    for (const width of [1440, 390])
      for (const scheme of ['light', 'dark'] as const)
        it(`at ${width} pixels, ${scheme}: no request, no message, no text cut off or too faint`, async () => {
          const seen = await look(browser as Browser, report, { width, scheme });
          expect(seen.console).toEqual([]);
          expect(seen.requests).toHaveLength(1);
          expect(seen.clipped).toEqual([]);
          expect(seen.overflow).toBe(0);
          expect(seen.faint).toEqual([]);
          expect(seen.background).toBe(scheme === 'light' ? 'rgb(253, 253, 252)' : 'rgb(19, 21, 24)');
        });

    it('the test of the browser sees a cut text, a request and a message where there are some', async () => {
      const bad = join(root, 'bad.html');
      writeFileSync(
        bad,
        '<!doctype html><body style="background:#fff"><p style="width:3em;overflow:hidden;white-space:nowrap">a text that is cut off</p><p style="color:#ddd">faint</p><div style="position:absolute;left:-90px">outside</div><img src="gone.png"><script>console.error("oh")</script>',
      );
      const seen = await look(browser as Browser, bad, { width: 390, scheme: 'light' });
      expect(seen.clipped.map((one) => one.split(':')[0])).toEqual(['p.', 'div.']);
      expect(seen.faint).toHaveLength(1);
      expect(seen.requests).toHaveLength(2);
      expect(seen.console.some((message) => message.includes('oh'))).toBe(true);
    });
  },
);
