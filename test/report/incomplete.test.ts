import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ft } from '../cli/terminal.js';
import { writeSyntheticRun } from './synthetic-run.js';

const root = mkdtempSync(join(tmpdir(), 'ft-report-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let whole = '';
beforeAll(async () => {
  const classes = Array.from({ length: 6 }, (_, i) => `class ${i}`);
  whole = await writeSyntheticRun(root, {
    classes,
    imagesPerClass: 3,
    dimensions: 4,
    spread: { before: 1, triplet: 0.5 },
    exported: 'triplet',
  });
});

let copies = 0;
/** A copy of the run without some files, or with other contents. */
function runWith(changes: Readonly<Record<string, string | null>>): string {
  const run = join(root, `copy-${++copies}`);
  cpSync(whole, run, { recursive: true });
  for (const [file, text] of Object.entries(changes)) {
    if (text === null) rmSync(join(run, file), { recursive: true });
    else writeFileSync(join(run, file), text);
  }
  return run;
}

const sectionsOf = (run: string) =>
  [...readFileSync(join(run, 'report.html'), 'utf8').matchAll(/<section id="([^"]+)">/g)].map(([, id]) => id);

const ALL = ['scores', 'gallery', 'worst', 'mixed-up', 'verification', 'map', 'curves', 'plan', 'images', 'reproduce'];

describe('the report of a run that lacks something', () => {
  it('of a whole run has every part and lacks nothing', async () => {
    const run = runWith({});
    expect(await ft(['report', run])).toMatchObject({ code: 0, err: '' });
    expect(sectionsOf(run)).toEqual(ALL);
  });

  it('shows what an older run has, and says on the page and in the terminal what is not shown', async () => {
    const run = runWith({ 'data.json': null, 'plan.json': null, evaluation: null });
    const { code, err } = await ft(['report', run]);
    expect(code).toBe(0);
    expect(err).toContain('not shown: The plan: the run holds no readable plan.json.');
    expect(err).toContain('not shown: Queries, pairs and the map: the run holds no readable evaluation/held-out.jsonl.');
    expect(sectionsOf(run)).toEqual(['scores', 'curves', 'reproduce', 'missing']);
    expect(readFileSync(join(run, 'report.html'), 'utf8')).toContain('The images: the run holds no readable data.json.');
  });

  it('of a run under way shows its curves and plan', async () => {
    const manifest = JSON.stringify({ ...JSON.parse(readFileSync(join(whole, 'manifest.json'), 'utf8')), finished: undefined });
    const lines = readFileSync(join(whole, 'metrics.jsonl'), 'utf8');
    const run = runWith({ 'scores.json': null, 'manifest.json': manifest, 'metrics.jsonl': lines.slice(0, lines.length / 4) });
    expect((await ft(['report', run])).code).toBe(0);
    expect(sectionsOf(run)).toEqual(['curves', 'plan', 'images', 'reproduce', 'missing']);
    expect(readFileSync(join(run, 'report.html'), 'utf8')).toMatch(
      /This run has not come to its end: \d epochs? (is|are) logged/,
    );
  });

  it('puts a placeholder for images that are gone, and says how many', async () => {
    const run = runWith({});
    const held = readFileSync(join(whole, 'evaluation/held-out.jsonl'), 'utf8');
    writeFileSync(join(run, 'evaluation/held-out.jsonl'), held.replaceAll('/pictures/', '/elsewhere/'));
    const { code, err } = await ft(['report', run]);
    expect(code).toBe(0);
    expect(err).toBe('18 images of the page are gone or cannot be read any more: placeholders stand for them\n');
    const page = readFileSync(join(run, 'report.html'), 'utf8');
    expect(page).toContain('>image gone</span>');
    expect(page).toContain('18 images of this page are gone or cannot be read any more');
    expect(page).not.toContain('<img');
  });

  it('leaves out embeddings that do not belong to the held-out images, or hold no finite numbers', async () => {
    const held = readFileSync(join(whole, 'evaluation/held-out.jsonl'), 'utf8').split('\n').slice(1).join('\n');
    const run = runWith({ 'evaluation/held-out.jsonl': held });
    const { code, err } = await ft(['report', run]);
    expect(code).toBe(0);
    expect(err).toContain('not shown: Embeddings of triplet (evaluation/triplet.npy): 18 rows for 17 held-out images.');
    const broken = runWith({ 'evaluation/triplet.npy': 'no matrix', 'evaluation/before.npy': '' });
    expect((await ft(['report', broken])).err).toContain('not a .npy file');
    const bytes = readFileSync(join(whole, 'evaluation/triplet.npy'));
    const constant = runWith({});
    writeFileSync(
      join(constant, 'evaluation/triplet.npy'),
      Buffer.concat([bytes.subarray(0, 128), Buffer.alloc(bytes.length - 128)]),
    );
    // All vectors are zeros: nothing to lay out, and no crash.
    expect((await ft(['report', constant])).code).toBe(0);
    expect(sectionsOf(constant)).not.toContain('map');
  });

  it('draws what thaws as a plan of its own, and of an epoch that was begun anew the last line', async () => {
    const plan = JSON.parse(readFileSync(join(whole, 'plan.json'), 'utf8')).triplet;
    const lines = readFileSync(join(whole, 'metrics.jsonl'), 'utf8');
    const again = '{"phase":"classification","epoch":6,"loss":0.123456}\n';
    const run = runWith({
      'plan.json': JSON.stringify({ triplet: { ...plan, thaw: [{ epoch: 4, plan }] } }),
      'metrics.jsonl': lines + again,
    });
    expect((await ft(['report', run])).code).toBe(0);
    const page = readFileSync(join(run, 'report.html'), 'utf8');
    expect(page).toContain('<b>phase 2, triplets</b>');
    expect(page).toContain('<b>phase 2, triplets, from epoch 4</b>');
    expect(page).toContain('<title>loss, epoch 6: 0.123</title>');
    expect(page.match(/<title>loss, epoch 6: /g)).toHaveLength(2);
  });

  it('reads files of other shapes without stopping', async () => {
    const run = runWith({
      'scores.json': '[1, 2]',
      'plan.json': '{"triplet": {"layers": 3}}',
      'metrics.jsonl': '{"epoch": "x"}\nnull\n{"phase":"triplet","epoch":1',
      'data.json': '{"split": 7, "skipped": null}',
    });
    expect((await ft(['report', run])).code).toBe(0);
  });

  it('is refused where there is no run, and where the page cannot be written', async () => {
    const none = await ft(['report', join(root, 'none')]);
    expect(none.code).toBe(2);
    expect(none.err).toContain('is no run');
    const blocked = await ft(['report', whole, '--out', join(whole, 'manifest.json', 'page.html')]);
    expect(blocked.code).toBe(2);
    expect(blocked.err).toContain('something else lies there already');
  });
});
