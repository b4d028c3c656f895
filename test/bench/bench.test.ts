import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sharp } from '../../src/data/image-library.js';
import { UserError } from '../../src/errors.js';
import { type Case, type Choice, chosenCases, contendersOf, sections, wordsOf } from './cases.js';
import { type Contender, lossDifference, median, type Round, summariseCase } from './figures.js';
import { NETWORKS } from './network-names.js';
import { photo } from './photos.js';
import { cells, markdownTable, replaceSection } from './report.js';

type Entry = readonly [contender: Contender, imagesPerSecond: number, peakMiB: number];

const round = (...entries: readonly Entry[]): Round =>
  new Map(entries.map(([name, imagesPerSecond, peakMiB]) => [name, { imagesPerSecond, peakMiB }]));

/** Three rounds on a machine that slows down: ft is 1.5, 1.25 and 1.2 times as fast as PyTorch, whose bf16 is the faster for it. */
const rounds = [
  round(
    ['ft fp32', 120, 700],
    ['pytorch fp32', 80, 1000],
    ['keras fp32', 60, 900],
    ['ft bf16', 60, 600],
    ['pytorch bf16', 96, 800],
  ),
  round(
    ['ft fp32', 50, 720],
    ['pytorch fp32', 40, 990],
    ['keras fp32', 20, 910],
    ['ft bf16', 25, 610],
    ['pytorch bf16', 50, 810],
  ),
  round(['ft fp32', 12, 690], ['pytorch fp32', 10, 980], ['keras fp32', 8, 920], ['ft bf16', 6, 590], ['pytorch bf16', 10, 790]),
];
const floats = rounds.map((one) => new Map([...one].filter(([name]) => name === 'ft fp32' || name === 'pytorch fp32')));
const conv3: Case = { kind: 'steps', network: 'resnet50-thin', until: 'conv3', batch: 64, side: 128 };

describe('the figures of a benchmark', () => {
  it('have the median of an odd and of an even number', () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5]);
    expect(() => median([])).toThrow(RangeError);
  });

  it('take ratios inside a round, so that a machine that slows down between rounds does not blur them', () => {
    const { pytorch, keras, imagesPerSecond, peakMiB } = summariseCase(rounds);
    expect(pytorch).toEqual({ median: 1.25, min: 1.2, max: 1.5 });
    expect(keras).toEqual({ median: 2, min: 1.5, max: 2.5 });
    expect([imagesPerSecond.get('ft fp32'), imagesPerSecond.get('pytorch fp32')]).toEqual([50, 40]);
    expect([peakMiB.get('ft fp32'), peakMiB.get('pytorch bf16')]).toEqual([720, 810]);
  });

  it('compare the faster precision of each, and say which it is', () => {
    expect(summariseCase(rounds).best).toEqual({ median: 1.2, min: 1, max: 1.25, ft: 'fp32', pytorch: 'bf16' });
  });

  it('compare no best precision and no Keras where there was none', () => {
    expect(summariseCase(floats)).toMatchObject({ best: null, keras: null, pytorch: { median: 1.25 } });
    const bf16 = floats.map(
      (one) => new Map([...one].map(([name, figures]) => [name.replace('fp32', 'bf16') as Contender, figures])),
    );
    expect(summariseCase(bf16)).toMatchObject({ best: null, pytorch: null });
  });

  it('call losses different without bound where one is missing or not finite', () => {
    expect(lossDifference([2, 4], [2, 5])).toBeCloseTo(0.2);
    expect(lossDifference([2], [2, 5])).toBe(Number.POSITIVE_INFINITY);
    expect(lossDifference([2, Number.NaN], [2, Number.NaN])).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('the report of a benchmark', () => {
  it('has a row for each case: ratios in bold with their spread, and memory', () => {
    expect(markdownTable([{ one: conv3, figures: summariseCase(rounds) }]).split('\n')).toEqual([
      '| frozen | ft ÷ PyTorch | least–most | best ÷ best | least–most | precisions | ft ÷ Keras | least–most | memory: ft, MiB | PyTorch | Keras | ft ÷ PyTorch |',
      '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
      '| until conv3 | **1.25** | 1.20–1.50 | **1.20** | 1.00–1.25 | fp32 ÷ bf16 | **2.00** | 1.50–2.50 | 720 | 1000 | 920 | 0.72 |',
    ]);
  });

  it('leaves out what nobody measured, and has speeds in the terminal alone', () => {
    const measured = [{ one: conv3, figures: summariseCase(floats) }];
    expect(markdownTable(measured).split('\n').at(-1)).toBe('| until conv3 | **1.25** | 1.20–1.50 | 720 | 1000 | 0.72 |');
    expect(cells(measured).rows).toEqual([['until conv3', '50.0', '40.0', '1.25', '1.20–1.50', '720', '1000', '0.72']]);
  });

  it('marks what one row has and another lacks', () => {
    const measured = [
      { one: conv3, figures: summariseCase(floats) },
      { one: { ...conv3, batch: 16 }, figures: summariseCase(rounds) },
    ];
    expect(cells(measured, 'document').rows.map((row) => [row[0], row[3], row[6]])).toEqual([
      ['until conv3', '–', '–'],
      ['until conv3; batch 16, 128 px', '**1.20**', '**2.00**'],
    ]);
  });

  it('replaces its own place in the document and no other', () => {
    const document = 'a\n<!-- measured: x -->\nold\n<!-- end -->\nb\n<!-- measured: y -->\nkept\n<!-- end -->\n';
    expect(replaceSection(document, 'x', 'new')).toBe(document.replace('old', 'new'));
    expect(() => replaceSection(document, 'z', 'new')).toThrow('measured: z');
  });

  it.each([...NETWORKS, 'phase', 'embed'])('has a place for %s in docs/performance.md', (name) => {
    const document = readFileSync(new URL('../../docs/performance.md', import.meta.url), 'utf8');
    expect(replaceSection(document, name, 'a new table')).toContain(`<!-- measured: ${name} -->\na new table\n<!-- end -->`);
  });
});

describe('the cases of a benchmark', () => {
  const words = (choice: Choice) => chosenCases(choice).map((one) => `${one.kind} ${one.network} ${wordsOf(one)}`);

  it('are, where nothing is chosen, all networks at four depths, one large case, two phases and embedding', () => {
    const by = sections(chosenCases({}));
    expect([...by].map(([name, cases]) => [name, cases.length])).toEqual([
      ['resnet50-thin', 4],
      ['resnet50', 5],
      ['mobilenet-v1', 4],
      ['mobilenet-v2', 4],
      ['efficientnet-lite0', 4],
      ['phase', 2],
      ['embed', 2],
    ]);
    expect(words({ only: 'resnet50' })).toEqual([
      'steps resnet50 nothing',
      'steps resnet50 until conv3',
      'steps resnet50 until conv4',
      'steps resnet50 all but the head',
      'steps resnet50 nothing; batch 16, 224 px',
    ]);
  });

  it('are, as a whole, every network in two batches of two sizes at four depths', () => {
    expect(chosenCases({ whole: true, kinds: 'steps' })).toHaveLength(5 * 2 * 2 * 4);
    expect(chosenCases({ whole: true, kinds: 'embed' })).toEqual(
      ['vectors', 'pixels'].map((to) => ({ kind: 'embed', to, network: 'resnet50-thin', images: 10_000 })),
    );
  });

  it('are those of the kinds, depths and sizes that were asked for', () => {
    expect(words({ only: 'lite0', depths: 'all, none', batch: '16' })).toEqual([
      'steps efficientnet-lite0 nothing; batch 16, 128 px',
      'steps efficientnet-lite0 all but the head; batch 16, 128 px',
    ]);
    expect(words({ kinds: 'embed,phase', depths: 'all', images: '300' })).toEqual([
      'phase resnet50-thin all but the head',
      'embed resnet50-thin 300 JPEG files',
      'embed resnet50-thin 300 JPEG files, decoded alone',
    ]);
  });

  it('are refused where there is none of the name, with the nearest one', () => {
    expect(() => chosenCases({ only: 'tin' })).toThrow(/did you mean 'thin'/);
    expect(() => chosenCases({ kinds: 'step' })).toThrow(/did you mean 'steps'/);
    expect(() => chosenCases({ depths: 'conv2' })).toThrow(UserError);
    expect(() => chosenCases({ batch: '0' })).toThrow(UserError);
  });

  it('put each of ft beside PyTorch, and Keras in float32 steps alone', () => {
    const both = ['fp32', 'bf16'] as const;
    expect(contendersOf(conv3, both, true)).toEqual(['ft fp32', 'pytorch fp32', 'keras fp32', 'ft bf16', 'pytorch bf16']);
    expect(contendersOf(conv3, ['bf16'], true)).toEqual(['ft bf16', 'pytorch bf16']);
    const embed = { kind: 'embed', network: 'resnet50-thin', images: 9 } as const;
    expect(contendersOf({ ...embed, to: 'vectors' }, both, true)).toEqual(['ft fp32', 'pytorch fp32', 'ft bf16', 'pytorch bf16']);
    expect(contendersOf({ ...embed, to: 'pixels' }, both, true)).toEqual(['ft fp32', 'pytorch fp32']);
  });
});

describe('a picture of the benchmark', () => {
  it('is a JPEG of 400 × 300 pixels as large as a photo, another for each number and the same each time', async () => {
    const [one, again, other] = await Promise.all([photo(3), photo(3), photo(4)]);
    expect(await sharp(one).metadata()).toMatchObject({ format: 'jpeg', width: 400, height: 300 });
    expect(one.length).toBeGreaterThan(30_000);
    expect(one.length).toBeLessThan(90_000);
    expect(again.equals(one)).toBe(true);
    expect(other.equals(one)).toBe(false);
  });
});
