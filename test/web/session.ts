/** The browser, the stub and the open page of a file of tests. */
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { bundlePage } from '../../src/web/bundle.js';
import { browserPath, openBrowser } from '../report/browser.js';
import { type Opened, open } from './opened.js';
import { type Stub, startStub } from './stub-server.js';

export interface Session {
  readonly stub: Stub;
  /** Opens the page, at one of its views. */
  visit(options?: Parameters<typeof open>[2], view?: string): Promise<{ page: Page; view: Locator }>;
}

/** Tests of the page; after each of them it has complained of nothing and asked nobody but its server. */
export function describePage(name: string, tests: (session: Session) => void): void {
  const skipped = browserPath === undefined;
  const why = skipped ? ' (skipped: there is none here; apt-get install chromium, or FT_CHROMIUM=path)' : '';
  describe.skipIf(skipped)(`${name}${why}`, () => {
    let browser: Browser | undefined;
    let stub: Stub | undefined;
    let opened: Opened | null = null;
    beforeAll(async () => {
      stub = await startStub(await bundlePage());
      browser = await openBrowser(['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']);
    });
    afterAll(async () => {
      await browser?.close();
      await stub?.close();
    });
    afterEach(async () => {
      const { complaints, outside } = opened ?? { complaints: [], outside: [] };
      await opened?.close();
      opened = null;
      stub?.reset();
      expect(outside).toEqual([]);
      // The browser itself reports answers from 400 on and connections that fail; everything else is ours.
      expect(complaints.filter((text) => !text.startsWith('error: Failed to load resource'))).toEqual([]);
    });
    tests({
      get stub() {
        return stub as Stub;
      },
      async visit(options = {}, view = 'find') {
        opened = await open(browser as Browser, `${(stub as Stub).address}#${view}`, options);
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
