import { expect, it } from 'vitest';
import { measure } from '../report/browser.js';
import { choose, hand } from './opened.js';
import { png } from './pictures.js';
import { describePage, middleOf, textOf } from './session.js';
import { embeddingOf, GALLERY } from './stub-gallery.js';
import { ranked, startStub } from './stub-server.js';

describePage('the rarer states of the page of ft serve in Chromium', startStub, (session) => {
  it('moves the slider by the mouse too, and it stops at calibrated rates alone', async () => {
    const { page, view } = await session.visit();
    const slider = view.getByRole('slider');
    const box = (await slider.boundingBox())!;
    const thumb = 28;
    const at = (place: number) => box.x + thumb / 2 + place * (box.width - thumb);
    await page.mouse.move(at(2 / 3), box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(at(0.36), box.y + box.height / 2, { steps: 4 });
    await page.mouse.up();
    // 0.36 of three decades lies nearest to 0.001, at a third.
    expect(await slider.getAttribute('aria-valuetext')).toBe('0.1\u00a0%, one in 1,000');
    expect(Number(await slider.inputValue())).toBeCloseTo(1 / 3, 6);
    // The curve's point lies above the thumb.
    const point = (await view.locator('circle.point').boundingBox())!;
    expect(Math.abs(point.x + point.width / 2 - at(1 / 3))).toBeLessThan(2);
  });

  it('says before it sends that a file is too large', async () => {
    const { view } = await session.visit();
    await choose(view, [{ name: 'large.png', mimeType: 'image/png', buffer: Buffer.alloc(5_100_000) }]);
    await view.getByText('The file has 5.1 MB, and the server takes 5.0 MB at most.').waitFor();
    expect(session.host.asked.filter((one) => one.startsWith('POST'))).toEqual([]);
  });

  it('asks for more answers where there are more', async () => {
    const { view } = await session.visit();
    await choose(view, [await png('drum-q.png')]);
    await view.getByRole('button', { name: 'Show more' }).click();
    await view.locator('.answer').nth(23).waitFor();
    expect(await view.locator('.answer').count()).toBe(24);
    expect(session.host.asked.filter((one) => one.startsWith('POST'))).toEqual(['POST /search?top=12', 'POST /search?top=24']);
  });

  for (const [what, script, words] of [
    ['no camera', "Object.assign(new Error(), { name: 'NotFoundError' })", 'No camera was found.'],
    ['no permission', "Object.assign(new Error(), { name: 'NotAllowedError' })", 'The camera was not allowed.'],
  ] as const)
    it(`says what to do where there is ${what}`, async () => {
      const { page, view } = await session.visit();
      await page.evaluate(`navigator.mediaDevices.getUserMedia = () => Promise.reject(${script})`);
      await view.getByRole('button', { name: 'Use the camera' }).click();
      await view.getByRole('alert').getByText(words).waitFor();
      await page.keyboard.press('Escape');
      expect(await view.getByRole('dialog').count()).toBe(0);
    });

  it('says why a page that is not secure has no camera', async () => {
    const { page, view } = await session.visit();
    await page.evaluate("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })");
    await view.getByRole('button', { name: 'Use the camera' }).click();
    await view.getByRole('alert').getByText('only to pages by https').waitFor();
  });

  it('shows the picture of the point under the mouse, moves by drag and arrows, and marks the place of an image', async () => {
    const { page, view } = await session.visit();
    await choose(view, [await png('drum-q.png')]);
    await view.locator('.answer .verdict').first().waitFor();
    await page.keyboard.press('4');
    const map = page.locator('#view-map');
    const plane = map.locator('.plane[data-zoom]');
    await map.getByText('The ring is your image').waitFor();
    await map.getByRole('button', { name: 'Go to your image' }).click();
    expect(Number(await plane.getAttribute('data-zoom'))).toBe(4);
    // It lies at its nearest image, which is now in the middle.
    await plane.focus();
    const middle = await middleOf(plane);
    const nearest = ranked(GALLERY, 'drum-q.png')[0]!.row;
    await page.mouse.move(middle.x, middle.y);
    const card = map.locator('.point-card');
    await card.waitFor();
    expect((await textOf(card)).split(/\n+/)).toEqual(['drum', nearest.file.split('/')[1]]);
    const left = async () => (await card.boundingBox())!.x;
    const before = await left();
    await plane.press('ArrowRight');
    expect(await left()).toBeCloseTo(before - 60, 0);
    await page.mouse.down();
    await page.mouse.move(middle.x - 50, middle.y, { steps: 3 });
    await page.mouse.up();
    expect(await left()).toBeCloseTo(before - 110, 0);
    await map.getByLabel('Mark a class').selectOption('drum');
    await hand(plane, 'drop', [await png('bell-q.png')]);
    await expect.poll(() => session.host.asked.filter((one) => one.startsWith('POST')).length).toBe(2);
  });

  it('says what to do where the gallery is empty, no threshold is known and no classifier was trained', async () => {
    session.host.gallery = [];
    session.host.thresholds = [];
    session.host.classifier = false;
    const { page, view } = await session.visit();
    await view.getByText('The gallery is empty').waitFor();
    await view.getByText('This model holds no threshold').waitFor();
    await choose(view, [await png('drum-q.png')]);
    await view.getByText('Nothing was found.').waitFor();
    expect(await view.locator('.probabilities').count()).toBe(0);
    await view.getByRole('link', { name: 'enrol a class' }).click();
    await page.getByLabel('Name').waitFor();
    await page.keyboard.press('4');
    await page.locator('#view-map').getByText('The gallery is empty').waitFor();
  });

  it('shows names that hold markup as they are', async () => {
    const nasty = '<img src=x onerror="document.title=1"> \u202eevil';
    session.host.gallery = [
      { id: 'n', file: `${nasty}.jpg`, class: nasty, kind: 'image', images: 1, embedding: embeddingOf('n') },
    ];
    const { page, view } = await session.visit();
    await choose(view, [await png(`${'w'.repeat(150)}.png`)]);
    await view.locator('.answer .verdict').first().waitFor();
    expect(await view.locator('.answer bdi').first().textContent()).toBe(nasty);
    expect(await page.title()).toBe('ft serve');
    expect((await measure(page)).overflow).toBe(0);
  });

  it('moves nothing by itself while answers come and verdicts change', async () => {
    const { page, view } = await session.visit();
    await page.evaluate(
      'window.shifts = []; new PerformanceObserver((list) => { for (const e of list.getEntries()) if (!e.hadRecentInput) shifts.push(e.value) }).observe({ type: "layout-shift", buffered: true })',
    );
    await choose(view, [await png('drum-q.png')]);
    await view.getByText('Nearest: drum').waitFor();
    const top = async () => (await view.locator('.answer').nth(8).boundingBox())!.y;
    const before = await top();
    await view.getByRole('slider').press('Home');
    for (let step = 0; step < 6; step++) {
      await view.getByRole('slider').press('ArrowRight');
      expect(await top()).toBe(before);
    }
    const shifts = (await page.evaluate('shifts')) as number[];
    // Google's limit for a good page is 0.1 (web.dev/cls).
    expect(shifts.reduce((sum, one) => sum + one, 0)).toBeLessThan(0.1);
  });
});
