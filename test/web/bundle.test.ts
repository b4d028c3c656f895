import { describe, expect, it } from 'vitest';
import { bundlePage } from '../../src/web/bundle.js';

describe('the bundle of the page', () => {
  it('is one script and one style, small, the same each time, and names no other place', async () => {
    const [page, again] = [await bundlePage(), await bundlePage()];
    expect(again).toEqual(page);
    expect(page.js.length).toBeGreaterThan(20_000);
    expect(page.js.length).toBeLessThan(100_000);
    expect(page.css).toContain('--paper');
    expect(page.css).toContain('.plane');
    // Names of XML's namespaces are no requests.
    const places = [...(page.js + page.css + page.html).matchAll(/(?:https?:)?\/\/[a-z0-9-]+\.[^\s"'`)]+/gi)].map(
      ([text]) => text,
    );
    expect(places.filter((text) => !text.includes('www.w3.org/'))).toEqual([]);
    // What the policy would refuse: script and style in the markup itself.
    expect(page.html).not.toMatch(/<style|style=|<script(?![^>]*src=)|\son[a-z]+=/);
  });
});
