import type { Locator } from 'playwright-core';
import { expect, it } from 'vitest';
import { measure } from '../report/browser.js';
import { choose, hand } from './opened.js';
import { png } from './pictures.js';
import { describePage, middleOf, textOf } from './session.js';
import { CLASSES, cosine, embeddingOf, GALLERY, THRESHOLDS } from './stub-gallery.js';
import { ranked, startStub } from './stub-server.js';

const TOP = 12;

const verdictsOf = (view: Locator) => view.locator('.answer .verdict').allTextContents();

/** A verdict, worked out again. */
function verdict(similarity: number, { threshold, low, high }: { threshold: number; low: number; high: number }): string {
  const side = similarity >= threshold ? 'same' : 'not the same';
  return similarity < low || similarity > high ? side : `${side}, but near the threshold`;
}

describePage('the page of ft serve in Chromium', startStub, (session) => {
  it('shows the nearest images of a file with cosine, distance and verdict, and the classifier', async () => {
    const { view } = await session.visit();
    await choose(view, [await png('drum-q.png')]);
    await view.locator('.answer .verdict').first().waitFor();
    const nearest = ranked(GALLERY, 'drum-q.png').slice(0, TOP);
    const cards = await view.locator('.answer').allInnerTexts();
    expect(cards).toHaveLength(TOP);
    for (const [at, { row, similarity }] of nearest.entries()) {
      expect(cards[at]).toContain(row.class);
      expect(cards[at]).toContain(`cosine ${similarity.toFixed(3)}`);
      expect(cards[at]).toContain(`distance ${(1 - similarity).toFixed(3)}`);
    }
    const bars = await view.locator('.probabilities li').allInnerTexts();
    const weights = CLASSES.map((name) => Math.exp(8 * cosine(embeddingOf(`${name}-0.jpg`), embeddingOf('drum-q.png'))));
    const likeliest = Math.max(...weights) / weights.reduce((sum, one) => sum + one, 0);
    expect(bars).toHaveLength(5);
    expect(bars[0]?.replaceAll(/\s+/g, ' ')).toBe(`drum ${(100 * likeliest).toFixed(1)} %`);
    const width = await view
      .locator('.bar span')
      .first()
      .evaluate(new Function('e', 'return e.style.width') as () => string);
    expect(Number.parseFloat(width)).toBeCloseTo(100 * likeliest, 3);
    expect(await view.locator('.answer img').count()).toBe(TOP);
  });

  it('gives every verdict anew at each rate of the slider, without asking the server', async () => {
    const { view } = await session.visit();
    await choose(view, [await png('far-drum.png')]);
    await view.locator('.answer .verdict').first().waitFor();
    const before = session.host.asked.length;
    const nearest = ranked(GALLERY, 'far-drum.png').slice(0, TOP);
    const slider = view.getByRole('slider');
    await slider.focus();
    await slider.press('End');
    const seen: string[][] = [];
    for (const point of THRESHOLDS) {
      expect(await slider.getAttribute('aria-valuetext')).toContain(`${Number((point.asked * 100).toPrecision(2))}\u00a0%`);
      seen.push(await verdictsOf(view));
      const words = await textOf(view.locator('.threshold-words'));
      expect(words).toContain(`cosine of ${point.threshold.toFixed(3)}`);
      expect(words).toContain(`interval ${point.low.toFixed(3)} to ${point.high.toFixed(3)}`);
      expect(words.includes('lower bound')).toBe(!point.resolved);
      await slider.press('ArrowLeft');
    }
    expect(seen).toEqual(THRESHOLDS.map((point) => nearest.map(({ similarity }) => verdict(similarity, point))));
    // All three kinds were there to be told apart.
    expect(new Set(seen.flat().map((one) => one.includes('near') || one)).size).toBe(3);
    expect(session.host.asked.slice(before).filter((one) => !one.includes('/pictures/'))).toEqual([]);
  });

  it('takes what is dropped anywhere and what is pasted anywhere, several at once, and one bad file spoils no other', async () => {
    const { page, view } = await session.visit();
    await hand(page.locator('footer'), 'drop', [await png('bell-q.png'), await png('harp-q.png')]);
    await view.locator('.strip li').nth(1).waitFor();
    await view.getByText('Nearest: bell').waitFor();
    await view.locator('.strip .answered').nth(1).waitFor();
    session.host.refusal = {
      status: 400,
      body: {
        error: 'x',
        fault: { what: 'this is HEIC', where: 'image', expected: 'JPEG or PNG', found: 'HEIC', mend: 'save as JPEG' },
      },
    };
    await hand(page.locator('body'), 'paste', [await png('egg-q.png'), await png('comb-q.png')]);
    const notice = view.getByRole('alert');
    await notice.waitFor();
    expect((await textOf(notice)).split(/\n+/)).toEqual([
      'This is HEIC.',
      'Where',
      'image',
      'Expected',
      'JPEG or PNG',
      'Found',
      'HEIC',
      'Do this',
      'save as JPEG',
      'Try again',
    ]);
    await view.getByRole('button', { name: 'comb-q.png' }).click();
    await view.getByText('Nearest: comb').waitFor();
    await view.getByRole('button', { name: 'egg-q.png' }).click();
    await view.getByRole('button', { name: 'Try again' }).click();
    await view.getByText('Nearest: egg').waitFor();
    await hand(page.locator('body'), 'drop', [{ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('no image') }]);
    await view.getByText('That holds no image file.').waitFor();
    expect(await view.locator('.strip li').count()).toBe(4);
  });

  it('takes photos with the camera, and gives it back', async () => {
    const { page, view } = await session.visit();
    await view.getByRole('button', { name: 'Use the camera' }).click();
    const dialog = view.getByRole('dialog', { name: 'Camera' });
    await dialog.locator('button:enabled', { hasText: 'Take a photo' }).click();
    await dialog.getByText('1 taken').waitFor();
    await dialog.getByRole('button', { name: 'Done' }).click();
    await view.locator('.answer .verdict').first().waitFor();
    const size = await view
      .locator('.drop img')
      .evaluate(new Function('e', 'return e.decode().then(() => [e.naturalWidth, e.naturalHeight])') as () => Promise<number[]>);
    expect(Math.min(...size)).toBeGreaterThan(200);
    expect(await page.locator('video').count()).toBe(0);
    // The focus is where it was.
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Use the camera');
  });

  it('compares two images, and the slider changes the verdict', async () => {
    const { page, view } = await session.visit({}, 'compare');
    await view.getByText('Give two images.').waitFor();
    await hand(page.locator('[data-slot=b] .drop'), 'drop', [await png('drum-b.png')]);
    await view.getByText('One image is missing.').waitFor();
    await hand(page.locator('body'), 'paste', [await png('drum-a.png')]);
    const large = view.locator('.verdict-large');
    await large.waitFor();
    expect(await view.locator('[data-slot=a] img').getAttribute('alt')).toBe('First image: drum-a.png');
    const similarity = cosine(embeddingOf('drum-a.png'), embeddingOf('drum-b.png'));
    await view.getByText(`cosine ${similarity.toFixed(3)}, distance ${(1 - similarity).toFixed(3)}`).waitFor();
    expect(await textOf(large)).toBe(verdict(similarity, THRESHOLDS[2]!));
    const slider = view.getByRole('slider');
    await slider.press('Home');
    expect(await textOf(large)).toBe(verdict(similarity, THRESHOLDS[6]!));
    await slider.press('End');
    expect(await textOf(large)).toBe(verdict(similarity, THRESHOLDS[0]!));
    expect(verdict(similarity, THRESHOLDS[0]!)).not.toBe(verdict(similarity, THRESHOLDS[6]!));
  });

  it('enrols a class that is among the answers at once, refuses its name twice, and removes it again', async () => {
    const { page, view } = await session.visit({}, 'classes');
    await view.getByText('None yet.').waitFor();
    await view.getByRole('button', { name: 'Enrol' }).click();
    await view.getByText('Give the class a name.').waitFor();
    await view.getByLabel('Name').fill('Kettle & co');
    await view.getByRole('button', { name: 'Enrol' }).click();
    await view.getByText('Give at least one photo').waitFor();
    await choose(view, [await png('drum-x.png'), await png('drum-y.png'), await png('odd.png'), await png('drum-x.png')]);
    expect(await view.locator('.strip li').count()).toBe(4);
    await view.getByRole('button', { name: 'Leave out photo 4' }).click();
    await view.getByRole('button', { name: 'Enrol from 3 photos' }).click();
    await view.getByText('“Kettle & co” is enrolled').waitFor();
    const { agreement } = session.host.enrolled[0]!;
    const words = await textOf(view.locator('.enrolled li'));
    expect(words).toContain(`${agreement?.mean.toFixed(3)} on average, ${agreement?.smallest.toFixed(3)} at the least`);
    expect(words.includes('Check the photos.')).toBe((agreement?.smallest ?? 0) < THRESHOLDS[2]!.threshold);
    await page.getByText('1 class enrolled').waitFor();

    await view.getByLabel('Name').fill('Kettle & co');
    await view.getByRole('button', { name: 'Enrol' }).click();
    await view.getByText('“Kettle & co” is enrolled already.').waitFor();

    await page.getByRole('tab', { name: 'Find' }).click();
    await choose(page.locator('#view-find'), [await png('drum-x.png')]);
    await page.locator('.answer', { hasText: 'enrolled, 3 photos' }).waitFor();

    await page.getByRole('tab', { name: 'Classes' }).click();
    await view.getByRole('button', { name: 'Remove Kettle & co' }).click();
    await view.getByRole('button', { name: 'Keep' }).click();
    await view.getByRole('button', { name: 'Remove Kettle & co' }).click();
    await view.getByRole('button', { name: 'Yes, remove' }).click();
    await view.getByText('“Kettle & co” was removed.').waitFor();
    await view.getByText('None yet.').waitFor();
    expect(session.host.enrolled).toEqual([]);
    // The answer that is seen is asked for again.
    await page.getByRole('tab', { name: 'Find' }).click();
    await page.locator('.answer', { hasText: 'enrolled, 3 photos' }).waitFor({ state: 'detached' });
  });

  it('waits for the map, zooms by wheel, pinch, buttons and keys, and shows what is pointed at', async () => {
    session.host.drawing = 1;
    const { page, view } = await session.visit({ hasTouch: true }, 'map');
    await view.getByText('The map is being drawn').waitFor();
    const plane = view.locator('.plane[data-zoom]');
    await plane.waitFor();
    const zoom = async () => Number(await plane.getAttribute('data-zoom'));
    expect(await zoom()).toBe(1);
    const middle = await middleOf(plane);
    await page.mouse.move(middle.x, middle.y);
    await page.mouse.wheel(0, -200);
    await expect.poll(zoom).toBeCloseTo(Math.exp(0.5), 2);
    await view.getByRole('button', { name: 'Show all' }).click();
    expect(await zoom()).toBe(1);
    await view.getByRole('button', { name: 'Zoom in' }).click();
    expect(await zoom()).toBe(1.5);
    await plane.focus();
    await plane.press('+');
    expect(await zoom()).toBe(2.25);
    await plane.press('0');

    const centre = await middleOf(plane);
    const touch = await page.context().newCDPSession(page);
    const fingers = (type: string, apart: number) =>
      touch.send('Input.dispatchTouchEvent', {
        type: type as 'touchStart',
        touchPoints: apart === 0 ? [] : [-1, 1].map((side, id) => ({ x: centre.x + side * apart, y: centre.y, id })),
      });
    await fingers('touchStart', 40);
    for (const apart of [60, 80, 100, 120]) await fingers('touchMove', apart);
    await fingers('touchEnd', 0);
    await expect.poll(zoom).toBeCloseTo(3, 1);
    await plane.press('0');

    // The keyboard goes from image to image, from left to right; the pointer picks the nearest.
    await plane.press('n');
    const card = view.locator('.point-card');
    await card.waitFor();
    const first = await textOf(card);
    expect(CLASSES).toContain(first.split('\n')[0]);
    await plane.press('n');
    expect(await textOf(card)).not.toBe(first);
    await plane.press('p');
    expect(await textOf(card)).toBe(first);
    await plane.press('Escape');
    expect(await card.count()).toBe(0);
  });

  it('can be used by keyboard alone, and the focus is always seen', async () => {
    const { page } = await session.visit();
    await page.getByRole('tab', { name: 'Find' }).waitFor();
    const focused = () =>
      page.evaluate('document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Find');
    await page.keyboard.press('ArrowRight');
    expect(await focused()).toBe('Compare two');
    expect(await page.locator('#view-compare').isVisible()).toBe(true);
    await page.keyboard.press('End');
    expect(await focused()).toBe('Map');
    await page.keyboard.press('Home');
    // The browser is told to hand the picker over: that takes a moment.
    const picker = page.waitForEvent('filechooser');
    await page.keyboard.press('Tab');
    expect(await focused()).toMatch(/^Choose images/);
    await page.keyboard.press('Enter');
    await (await picker).setFiles([await png('fan-q.png')]);
    await page.getByText('Nearest: fan').waitFor();
    const seen: unknown[] = [];
    for (let step = 0; step < 12; step++) {
      await page.keyboard.press('Tab');
      const outline = await page.evaluate(
        '(() => { const e = document.activeElement; return e === document.body ? null : getComputedStyle(e).outlineWidth })()',
      );
      if (outline === null) break;
      seen.push(outline);
    }
    // The camera, more answers, the slider, about, the interface.
    expect(seen).toEqual(Array.from({ length: 5 }, () => '3px'));
    // Digits belong to a field while one writes in it.
    await page.keyboard.press('3');
    await page.getByLabel('Name').fill('');
    await page.getByLabel('Name').press('1');
    expect(await page.getByLabel('Name').inputValue()).toBe('1');
    expect(await page.locator('#view-classes').isVisible()).toBe(true);
  });

  it('asks for the token, says where it is wrong, keeps it for the tab, and shows pictures with it', async () => {
    session.host.token = 'open sesame';
    const { page } = await session.visit();
    const field = page.getByLabel('Token', { exact: true });
    await field.fill('wrong');
    await field.press('Enter');
    await page.getByText('The server did not take that token.').waitFor();
    await field.fill('open sesame');
    await page.getByRole('button', { name: 'Go on' }).click();
    const view = page.locator('#view-find');
    await choose(view, [await png('drum-q.png')]);
    await view
      .locator('.answer img')
      .nth(TOP - 1)
      .waitFor();
    expect(await view.locator('.answer img').first().getAttribute('src')).toMatch(/^blob:/);
    await page.reload();
    await view.getByText('Give an image').waitFor();
    expect(await page.evaluate('localStorage.length')).toBe(0);
    // One that no longer holds is asked for where it is missed, and what was there stays.
    await choose(view, [await png('drum-q.png')]);
    await view.getByText('Nearest: drum').waitFor();
    session.host.token = 'another';
    await choose(view, [await png('bell-q.png')]);
    await field.fill('another');
    await field.press('Enter');
    await view.getByText('Nearest: bell').waitFor();
    expect(await view.locator('.strip li').count()).toBe(2);
  });

  it('says that the server is gone, and asks again when it is back', async () => {
    const { page, view } = await session.visit();
    await choose(view, [await png('drum-q.png')]);
    await view.getByText('Nearest: drum').waitFor();
    session.host.away = true;
    await choose(view, [await png('bell-q.png')]);
    await page.locator('.banner').getByText('The server does not answer.').waitFor();
    session.host.away = false;
    await view.getByText('Nearest: bell').waitFor();
    await page.locator('.banner').waitFor({ state: 'detached' });
  });

  for (const width of [1440, 390])
    for (const scheme of ['light', 'dark'] as const)
      it(`at ${width} pixels, ${scheme}: nothing cut off, too faint, too wide or, by touch, too small in any view`, async () => {
        session.host.enrolled = [{ class: 'a kettle', images: 3, agreement: { smallest: 0.2, mean: 0.6 }, picture: null }];
        const touch = width === 390 ? { hasTouch: true, isMobile: true } : {};
        const { page, view } = await session.visit({ viewport: { width, height: 844 }, colorScheme: scheme, ...touch });
        await choose(view, [await png('far-drum.png'), await png('bell-q.png')]);
        await view.locator('.answer .verdict').first().waitFor();
        for (const id of ['find', 'compare', 'classes', 'map']) {
          await page.locator(`#tab-${id}`).click();
          if (id === 'map') await page.locator('.plane[data-zoom]').waitFor();
          if (id === 'classes') await page.getByText('a kettle', { exact: true }).waitFor();
          const seen = await measure(page);
          expect({ id, ...seen }).toEqual({
            id,
            clipped: [],
            overflow: 0,
            faint: [],
            background: scheme === 'light' ? 'rgb(253, 253, 252)' : 'rgb(19, 21, 24)',
          });
          if (width === 390) expect(await page.evaluate(SMALL)).toEqual([]);
        }
      });
});

/** Buttons and fields below 44 pixels by touch: WCAG 2.5.5. Links within a text are let out there too. */
const SMALL = `[...document.querySelectorAll('button, input, select, summary, [role=tab]')]
  .filter((e) => e.getClientRects().length > 0)
  .filter((e) => { const { width, height } = e.getBoundingClientRect(); return width < 43.5 || height < 43.5 })
  .map((e) => e.outerHTML.slice(0, 80) + ' ' + e.getBoundingClientRect().width + ' ' + e.getBoundingClientRect().height)`;
