/** A headless Chromium for pages; tests that need it skip where there is none. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The browser of this machine: FT_CHROMIUM, or the first of the usual names on the PATH. */
export const browserPath: string | undefined =
  process.env.FT_CHROMIUM ??
  (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find((path) => existsSync(path));

/**
 * @param switches of Chromium, beside those that every test wants
 * @param graphics what draws: nothing, unless told
 */
export async function openBrowser(
  switches: readonly string[] = [],
  graphics: readonly string[] = ['--disable-gpu'],
): Promise<Browser> {
  return chromium.launch({
    ...(browserPath === undefined ? {} : { executablePath: browserPath }),
    args: [
      '--headless',
      '--no-sandbox',
      ...graphics,
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...switches,
    ],
  });
}

export interface Look {
  readonly width: number;
  readonly scheme: 'light' | 'dark';
}

/** What a browser says of a page that it opened from disk. */
export interface Seen {
  /** Messages of the console, errors of scripts, and refusals of the page's policy. */
  readonly console: readonly string[];
  /** Addresses that were asked for, data URIs left out. */
  readonly requests: readonly string[];
  /** Elements whose text does not fit, or lies outside the window: tag, class, text. */
  readonly clipped: readonly string[];
  /** How wide the page is beyond the window. */
  readonly overflow: number;
  readonly background: string;
  /** Text below this contrast with the page's background (WCAG 2: 4.5). */
  readonly faint: readonly string[];
}

export async function look(browser: Browser, file: string, { width, scheme }: Look): Promise<Seen> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
  const messages: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => messages.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => messages.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith('data:')) requests.push(request.url());
  });
  await page.goto(pathToFileURL(file).href, { waitUntil: 'load' });
  const measured = await measure(page);
  await page.close();
  return { console: messages, requests, ...measured };
}

export type Measured = Pick<Seen, 'clipped' | 'overflow' | 'background' | 'faint'>;

/** What can be measured of a page as it stands. */
export async function measure(page: Page): Promise<Measured> {
  return (await page.evaluate(MEASURE)) as Measured;
}

/** Runs in the page, as text: the compiler of this repository knows no DOM. */
const MEASURE = `(() => {
  const luminance = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map((c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  const background = getComputedStyle(document.body).backgroundColor;
  const clipped = [];
  const faint = new Set();
  const width = document.documentElement.clientWidth;
  const scrolls = (element) => { for (let e = element; e; e = e.parentElement) if (['auto', 'scroll'].includes(getComputedStyle(e).overflowX)) return true; return false; };
  for (const element of document.body.querySelectorAll('*')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
    const style = getComputedStyle(element);
    if (!own || element.closest('script, style, title') || element.getClientRects().length === 0 || style.visibility === 'hidden') continue;
    const box = element.getBoundingClientRect();
    const inSvg = element instanceof SVGElement;
    const cut = !inSvg && style.display !== 'inline' && (element.scrollWidth > element.clientWidth + 1 || (style.overflow !== 'visible' && element.scrollHeight > element.clientHeight + 1)) && !['auto', 'scroll'].includes(style.overflowX);
    const outside = !scrolls(element) && (box.left < -0.5 || box.right > width + 0.5);
    if (cut || outside) clipped.push(element.tagName.toLowerCase() + '.' + (element.getAttribute('class') || '') + ': ' + element.textContent.trim().slice(0, 40) + ' [' + Math.round(box.left) + ', ' + Math.round(box.right) + ']');
    const colour = inSvg ? style.fill : style.color;
    if (/^rgb\\(/.test(colour) && element.closest('.maps label, .notice, pre, .chief, .take-away') === null && contrast(colour, background) < 4.5) faint.add(element.tagName + ' ' + colour + ': ' + element.textContent.trim().slice(0, 30));
  }
  return { clipped, overflow: document.documentElement.scrollWidth - width, background, faint: [...faint] };
})()`;
