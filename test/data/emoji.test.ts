import { appendFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../src/data/decode.js';
import { artists, emojiDataset, evenlySpaced, listEmoji, renderDrawing } from '../../src/data/emoji.js';
import { temporaryFolders } from './images.js';

const folder = temporaryFolders();

describe('the built-in emoji', () => {
  it('are 1,594 classes, each drawn by four artists, sorted by code points and without skin tones', async () => {
    const emoji = await listEmoji();
    expect(emoji).toHaveLength(1594);
    expect(emoji.every(({ drawings }) => artists.every((artist) => drawings[artist].body.length > 0))).toBe(true);
    expect(emoji.filter(({ name }) => /1f3f[b-f]/.test(name))).toEqual([]);
    expect(new Set(emoji.map(({ name }) => name)).size).toBe(1594);
    // What ../shared/peer/render.mjs names its folders.
    expect([emoji[0]?.name, emoji.at(-1)?.name]).toEqual(['0023-20e3_keycap-pound', '3299_japanese-secret-button']);
  });

  it('show what they are called: a red circle is red on white, by all four artists', async () => {
    const circle = (await listEmoji()).find(({ name }) => name.startsWith('1f534_'));
    for (const artist of artists) {
      const pixels = await decodeImage(await renderDrawing(circle?.drawings[artist] as never), 128);
      const at = (y: number, x: number) =>
        [...pixels.subarray((y * 128 + x) * 3, (y * 128 + x) * 3 + 3)] as [number, number, number];
      expect(at(0, 0)).toEqual([255, 255, 255]);
      expect(at(127, 127)).toEqual([255, 255, 255]);
      const [red, green, blue] = at(64, 64);
      expect(red).toBeGreaterThan(180);
      expect(Math.max(green, blue)).toBeLessThan(90);
    }
  });

  it('are taken evenly where only some are asked for', () => {
    expect(
      evenlySpaced(
        Array.from({ length: 1594 }, (_, i) => i),
        4,
      ),
    ).toEqual([0, 398, 796, 1194]);
  });

  it('are rendered once, found again, and rendered anew when a file in the cache is damaged', async () => {
    const into = join(folder(), 'emoji');
    const rendered: string[] = [];
    const lines: string[] = [];
    const progress = {
      bar: (label: string) => {
        rendered.push(label);
        return { advance() {}, done() {} };
      },
      line: (text: string) => void lines.push(text),
    };
    const first = await emojiDataset({ classes: 5, folder: into, progress });
    expect([first.classes.length, first.samples.length, rendered.length]).toEqual([5, 20, 1]);
    expect(first.samples.slice(0, 4).map(({ file }) => file)).toEqual(
      ['fluent-emoji-flat', 'noto', 'openmoji', 'twemoji'].map((artist) => `0023-20e3_keycap-pound/${artist}.png`),
    );
    const second = await emojiDataset({ classes: 5, folder: into, progress });
    expect([second.fingerprint, rendered.length]).toEqual([first.fingerprint, 1]);
    mkdirSync(join(into, '..', '.emoji.part-abc')); // what a killed run leaves
    appendFileSync(second.samples[7]?.path as string, 'x');
    const third = await emojiDataset({ classes: 5, folder: into, progress });
    expect([third.fingerprint, rendered.length]).toEqual([first.fingerprint, 2]);
    expect(lines).toEqual(['the rendered emoji in the cache are damaged: they are rendered again']);
    expect(readdirSync(join(into, '..')).sort()).toEqual(['emoji', 'emoji.sha256']);
  });

  it('are rendered once by two runs that start together', async () => {
    const into = join(folder(), 'emoji');
    let rendered = 0;
    const progress = {
      bar: () => {
        rendered++;
        return { advance() {}, done() {} };
      },
      line() {},
    };
    const [a, b] = await Promise.all([0, 1].map(() => emojiDataset({ classes: 3, folder: into, progress })));
    expect(a?.fingerprint).toBe(b?.fingerprint);
    expect(rendered).toBe(1);
  });

  it('say how many there are when more are asked for', async () => {
    await expect(emojiDataset({ classes: 2000, folder: join(folder(), 'emoji') })).rejects.toThrow(/1 to 1594[^]*2000/);
  });
});
