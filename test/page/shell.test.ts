import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { sharp } from '../../src/data/image-library.js';
import { html, name, page, raw, shortName, visible } from '../../src/page/shell.js';
import { thumbnail, thumbnails } from '../../src/page/thumbnail.js';

const folder = mkdtempSync(join(tmpdir(), 'ft-page-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pixelsOf = async (uri: string) => {
  const [head, data] = uri.split(',') as [string, string];
  expect(head).toBe('data:image/webp;base64');
  return sharp(Buffer.from(data, 'base64')).raw().toBuffer({ resolveWithObject: true });
};

describe('a template of a page', () => {
  it('escapes what it is given, in text and in attributes', () => {
    const nasty = `<script>alert("1")</script>&'`;
    expect(html`<p title="${nasty}">${nasty}</p>`.toString()).toBe(
      '<p title="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;">&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;</p>',
    );
  });

  it('puts in templates as they are, joins lists, writes 0 and leaves out null, undefined and false', () => {
    expect(html`${[html`<b>a</b>`, 'x<y', [0, null]]}|${undefined}${false}|${raw('<i>')}`.toString()).toBe(
      '<b>a</b>x&lt;y0||<i>',
    );
  });

  it('shows what would not show: line ends, turned directions, halves of characters; and leaves emoji and letters alone', () => {
    expect(visible('a\nb\tc\u0000\u007f')).toBe('a\\nb\\tc\\u0000\\u007f');
    expect(visible('evil\u202egpj.exe\u2066')).toBe('evil\\u202egpj.exe\\u2066');
    expect(visible('x\ud800y')).toBe('x\ufffdy');
    expect(visible('\u0085\u2028')).toBe('\\u0085\\u2028');
    expect(visible('שלום 👩‍👩‍👧 é ß')).toBe('שלום 👩‍👩‍👧 é ß');
    expect(name('<b>\n').toString()).toBe('<bdi class="name">&lt;b&gt;\\n</bdi>');
  });
});

describe('a name where there is little room', () => {
  it('loses its middle, never half a character, and is whole where the pointer rests', () => {
    expect(shortName('a name').toString()).toBe('<bdi class="name">a name</bdi>');
    expect(shortName('👍'.repeat(10), 6).toString()).toBe(`<bdi class="name" title="${'👍'.repeat(10)}">👍👍👍…👍👍👍</bdi>`);
    expect(shortName('"<b>"'.repeat(20), 4).toString()).toMatch(
      /^<bdi class="name" title="(&quot;&lt;b&gt;&quot;){20}">&quot;&lt;…&gt;&quot;<\/bdi>$/,
    );
  });
});

describe('the shell', () => {
  it('forbids everything but its own style, data images and the one script that it holds', () => {
    const script = 'document.title += "!"';
    const text = page({ title: '<t>', body: html`<main>m</main>`, script });
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(text)?.[1]?.replaceAll('&#39;', "'");
    const hash = createHash('sha256').update(script).digest('base64');
    expect(policy).toBe(
      `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`,
    );
    expect(text).toContain('<title>&lt;t&gt;</title>');
    expect(text.match(/<script/g)).toHaveLength(1);
    expect(page({ title: 't', body: html`` })).toContain('script-src &#39;none&#39;');
  });

  it('names no address at all', () => {
    expect(page({ title: 't', body: html`<p></p>` })).not.toMatch(/https?:\/\/|url\(|@import/);
  });

  it('refuses a style or a script that would end its own tag', () => {
    expect(() => page({ title: 't', body: html``, script: '"</script>"' })).toThrow(/end tag/);
  });
});

describe('a thumbnail', () => {
  const write = async (file: string, width: number, height: number, orientation?: number) => {
    const path = join(folder, file);
    // Left half red, right half blue.
    const left = { create: { width: width / 2, height, channels: 3 as const, background: '#f00' } };
    const image = sharp({ create: { width, height, channels: 3, background: '#00f' } }).composite([
      { input: await sharp(left).png().toBuffer(), left: 0, top: 0 },
    ]);
    await (orientation === undefined ? image : image.withMetadata({ orientation })).png().toFile(path);
    return path;
  };

  it('keeps the proportions, fits into the square, and turns the picture upright', async () => {
    const wide = await pixelsOf((await thumbnail(await write('wide.png', 200, 100), 40)) as string);
    expect([wide.info.width, wide.info.height]).toEqual([40, 20]);
    // Orientation 6: the camera's top is on the right, so the red left half comes to the top.
    const turned = await pixelsOf((await thumbnail(await write('turned.png', 200, 100, 6), 40)) as string);
    expect([turned.info.width, turned.info.height]).toEqual([20, 40]);
    const at = (x: number, y: number) => [...turned.data.subarray((y * 20 + x) * 3, (y * 20 + x) * 3 + 3)];
    expect(at(10, 5)[0]).toBeGreaterThan(200);
    expect(at(10, 35)[2]).toBeGreaterThan(200);
  });

  it('lays transparency on white and enlarges nothing', async () => {
    const path = join(folder, 'clear.png');
    await sharp({ create: { width: 8, height: 8, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } })
      .png()
      .toFile(path);
    const { info, data } = await pixelsOf((await thumbnail(path, 64)) as string);
    expect([info.width, info.height]).toEqual([8, 8]);
    expect(Math.min(...data)).toBeGreaterThan(250);
  });

  it('is null for what is gone, is a folder, or is no image, and the same bytes for the same file', async () => {
    const good = await write('good.png', 20, 20);
    const text = join(folder, 'text.jpg');
    writeFileSync(text, 'no image');
    const found = await thumbnails([good, join(folder, 'gone.png'), folder, text, good], 16, 2);
    expect(found.map((uri) => uri === null)).toEqual([false, true, true, true, false]);
    expect(found[0]).toBe(found[4]);
  });
});
