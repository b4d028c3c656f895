import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { type Html, html, raw, visible } from '../page/shell.js';

/** Width of a figure in a grid of them: what fits on a phone without being made smaller. */
export const NARROW = 340;
/** Width of a figure that takes the whole column on a wide screen. */
export const WIDE = 1020;

/**
 * A plot drawn by Observable Plot into SVG text, at the time that the page is made. Colours are the page's custom properties,
 * so it follows light and dark. `label` is what a screen reader says.
 */
export function chart(label: string, options: Plot.PlotOptions): Html {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const drawn = Plot.plot({
    width: NARROW,
    height: 190,
    marginTop: 14,
    marginRight: 14,
    marginBottom: 30,
    marginLeft: 44,
    style: { fontSize: '12px', fontFamily: 'inherit', color: 'var(--quiet)', background: 'none' },
    ...options,
    document,
  } as unknown as Plot.PlotOptions) as unknown as DrawnElement;
  const svg = drawn.tagName.toLowerCase() === 'svg' ? drawn : drawn.querySelector('svg');
  if (svg === null) throw new Error('the plot made no SVG');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', visible(label));
  return raw(shortened(svg.outerHTML));
}

/** Full width where there is room, and drawn anew for a narrow screen, so that letters keep their size. */
export function bothWidths(draw: (width: number) => Html): Html {
  return html`<div class="wide">${draw(WIDE)}</div><div class="narrow">${draw(NARROW)}</div>`;
}

/** The styles that each plot carries are in the page once; coordinates need no more than two decimals. */
function shortened(svg: string): string {
  return svg
    .replace(/<style>[\s\S]*?<\/style>/g, '')
    .replace(/ class="plot-[0-9a-f]+"/, ' class="plot"')
    .replace(/ (?:d|transform|[xy][12]?|c[xy]|r|width|height)="[^"]*"/g, (attribute) =>
      attribute.replace(/\d+\.\d{3,}/g, (number) => String(Number(Number(number).toFixed(2)))),
    );
}

/** What this file uses of the element that linkedom gives; there is no DOM library in the compiler's settings. */
interface DrawnElement {
  readonly tagName: string;
  readonly outerHTML: string;
  setAttribute(name: string, value: string): void;
  querySelector(selector: string): DrawnElement | null;
}

/** An axis of the figures: few ticks, hairlines, no frame. */
export const axis = { tickSize: 0, tickPadding: 6 } as const;

export { Plot };
