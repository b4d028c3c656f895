/** The browser, the server and the open page of a file of tests. */
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import type { PageFiles } from '../../src/serve/page.js';
import { bundlePage } from '../../src/web/bundle.js';
import { browserPath, openBrowser } from '../report/browser.js';
import { type Opened, open } from './opened.js';

/** What serves the page. */
export interface Host {
  readonly address: string;
  /** As it was at first. */
  reset(): void;
  close(): Promise<void>;
}

export interface Session<H extends Host> {
  readonly host: H;
  /** Opens the page, at one of its views. */
  visit(options?: Parameters<typeof open>[2], view?: string): Promise<{ page: Page; view: Locator }>;
}

/** Tests of the page; after each of them it has complained of nothing and asked nobody but its server. */
export function describePage<H extends Host>(
  name: string,
  start: (page: PageFiles) => Promise<H>,
  tests: (session: Session<H>) => void,
): void {
  const skipped = browserPath === undefined;
  const why = skipped ? ' (skipped: there is none here; apt-get install chromium, or FT_CHROMIUM=path)' : '';
  describe.skipIf(skipped)(`${name}${why}`, () => {
    let browser: Browser | undefined;
    let host: H | undefined;
    let opened: Opened | null = null;
    beforeAll(async () => {
      host = await start(await bundlePage());
      browser = await openBrowser(['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']);
    });
    afterAll(async () => {
      await browser?.close();
      await host?.close();
    });
    afterEach(async () => {
      const { complaints, outside } = opened ?? { complaints: [], outside: [] };
      await opened?.close();
      opened = null;
      host?.reset();
      expect(outside).toEqual([]);
      // The browser itself reports answers from 400 on and connections that fail; everything else is ours.
      expect(complaints.filter((text) => !text.startsWith('error: Failed to load resource'))).toEqual([]);
    });
    tests({
      get host() {
        return host as H;
      },
      async visit(options = {}, view = 'find') {
        opened = await open(browser as Browser, `${(host as H).address}#${view}`, options);
        return { page: opened.page, view: opened.page.locator(`#view-${view}`) };
      },
    });
  });
}

export async function middleOf(box: Locator): Promise<{ x: number; y: number }> {
  const { x, y, width, height } = (await box.boundingBox())!;
  return { x: x + width / 2, y: y + height / 2 };
}

/** As it is laid out: with a line for each block. */
export async function textOf(element: Locator): Promise<string> {
  await element.first().waitFor();
  return (await element.allInnerTexts())[0] ?? '';
}
