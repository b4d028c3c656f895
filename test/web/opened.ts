/** The page in a browser, and what a person does with it. */
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import type { png } from './pictures.js';

type Picture = Awaited<ReturnType<typeof png>>;

export interface Opened {
  readonly page: Page;
  /** Messages of the console, errors of scripts and refusals of the policy, but for those that a test asks for. */
  readonly complaints: readonly string[];
  /** Addresses outside of the server that were asked for. */
  readonly outside: readonly string[];
  close(): Promise<void>;
}

export async function open(browser: Browser, address: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const complaints: string[] = [];
  const outside: string[] = [];
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!/^(blob:|data:)/.test(request.url()) && !request.url().startsWith(new URL('/', address).href))
      outside.push(request.url());
  });
  await page.goto(address);
  return { page, complaints, outside, close: () => context.close() };
}

/** Chooses files as the file picker would. */
export async function choose(view: Locator, pictures: readonly Picture[], at = 0): Promise<void> {
  await view
    .locator('input[type=file]:not([capture])')
    .nth(at)
    .setInputFiles([...pictures]);
}

/** Drops or pastes files, by the events that a browser sends. */
export async function hand(target: Locator, how: 'drop' | 'paste', pictures: readonly Picture[]): Promise<void> {
  const files = pictures.map(({ name, mimeType, buffer }) => ({ name, mimeType, bytes: buffer.toString('base64') }));
  await target.evaluate(HAND, { how, files });
}

/** As text: the compiler of this repository knows no DOM. */
const HAND = new Function(
  'element',
  'given',
  `const data = new DataTransfer();
  for (const { name, mimeType, bytes } of given.files)
    data.items.add(new File([Uint8Array.from(atob(bytes), (sign) => sign.charCodeAt(0))], name, { type: mimeType }));
  const how = { bubbles: true, cancelable: true };
  if (given.how === 'paste') element.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, ...how }));
  else for (const type of ['dragover', 'drop']) element.dispatchEvent(new DragEvent(type, { dataTransfer: data, ...how }));`,
) as () => void;
