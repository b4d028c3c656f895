import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import type { MapPoint } from '../../src/serve/api.js';
import type { PageFiles } from '../../src/serve/page.js';
import { direction, dot, folder, GALLERY, MODEL, png, serverOf } from '../serve/served.js';
import { choose } from './opened.js';
import { describePage, type Host, textOf } from './session.js';

const TOKEN = 'a-token-of-a-test';

/** The server itself, on a model that is arithmetic: colours are directions. */
async function start(page: PageFiles): Promise<Host> {
  const root = folder();
  const paths: Record<string, string> = {};
  for (const [file, [r, g, b]] of Object.entries(GALLERY)) {
    const path = join(root, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, await png(r, g, b));
    paths[file] = path;
  }
  const { server } = await serverOf({ page, token: TOKEN }, paths);
  const port = await server.listen(0);
  return { address: `http://127.0.0.1:${port}/`, reset: () => undefined, close: () => server.stop() };
}

const file = async (name: string, r: number, g: number, b: number) => ({
  name,
  mimeType: 'image/png',
  buffer: await png(r, g, b),
});

describePage('the page on the server itself', start, (session) => {
  it('takes the token, searches, compares, enrols and removes, draws the map, and says what is refused', async () => {
    const { page, view } = await session.visit();
    await page.getByLabel('Token', { exact: true }).fill(TOKEN);
    await page.getByRole('button', { name: 'Go on' }).click();

    const violet = [200, 0, 90] as const;
    await choose(view, [await file('violet.png', ...violet)]);
    await view.locator('.answer .verdict').first().waitFor();
    const ranked = Object.entries(GALLERY)
      .map(([name, colour]) => ({ name, cosine: dot(direction(...violet), direction(...colour)) }))
      .sort((a, b) => b.cosine - a.cosine);
    const cards = await view.locator('.answer').allInnerTexts();
    const at = MODEL.thresholds[1]!;
    expect(cards.map((card) => card.split(/\n+/))).toEqual(
      ranked.map(({ name, cosine }) => [
        name.split('/')[0],
        `cosine ${cosine.toFixed(3)}`,
        `distance ${(1 - cosine).toFixed(3)}`,
        name.split('/')[1],
        cosine >= at.threshold ? 'same' : 'not the same',
      ]),
    );
    const bars = await view.locator('.probabilities li').allInnerTexts();
    expect(bars.map((bar) => bar.split(/\s+/)[0])).toEqual(['red', 'blue']);
    // Pictures come by the token, and are pictures.
    await view.locator('.answer img').nth(4).waitFor();

    await choose(view, [{ name: 'a.png', mimeType: 'image/png', buffer: Buffer.from('<svg/>') }]);
    expect(await textOf(view.getByRole('alert'))).toMatch(
      /^This cannot be read as an image\.\n[\s\S]*Do this\n+send JPEG or PNG/,
    );

    await page.getByRole('tab', { name: 'Compare two' }).click();
    const compare = page.locator('#view-compare');
    await choose(compare, [await file('a.png', ...violet)], 0);
    await choose(compare, [await file('b.png', 90, 0, 200)], 1);
    const both = dot(direction(...violet), direction(90, 0, 200));
    await compare.getByText(`cosine ${both.toFixed(3)}`).waitFor();
    expect(both).toBeLessThan(at.low);
    expect(await textOf(compare.locator('.verdict-large'))).toBe('not the same');

    await page.getByRole('tab', { name: 'Classes' }).click();
    const classes = page.locator('#view-classes');
    await classes.getByLabel('Name').fill('purple & co');
    await choose(classes, [await file('1.png', 180, 0, 180), await file('2.png', 120, 10, 130)]);
    await classes.getByRole('button', { name: 'Enrol from 2 photos' }).click();
    await classes.getByText('2 photos that agree').waitFor();
    await classes.getByRole('button', { name: 'Remove purple & co' }).click();
    await classes.getByRole('button', { name: 'Yes, remove' }).click();
    await classes.getByText('None yet.').waitFor();

    await page.getByRole('tab', { name: 'Map' }).click();
    const plane = page.locator('#view-map .plane[data-zoom]');
    await plane.waitFor();
    await plane.press('n');
    const answer = await fetch(`${session.host.address}map`, { headers: { Authorization: `Bearer ${TOKEN}` } });
    const [leftmost] = ((await answer.json()) as MapPoint[]).sort((a, b) => a.x - b.x);
    expect((await textOf(page.locator('.point-card'))).split(/\n+/)).toEqual(leftmost?.file.split('/'));
  });
});
