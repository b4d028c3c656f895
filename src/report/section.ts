import { type Content, type Html, html } from '../page/shell.js';

/** A part of the page with its place in the contents. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Html;
}

/** A section with a sentence under its heading that says how to read it. */
export function section(id: string, title: string, lead: Content, content: Content): Section {
  const body = html`<section id="${id}"><h2>${title}</h2>${lead === null ? null : html`<p>${lead}</p>`}${content}</section>`;
  return { id, title, body };
}

/** A figure with its caption above it: what is drawn, then how to read it. */
export function figureOf(title: Content, note: Content, content: Content): Html {
  return html`<figure><figcaption><b>${title}</b>${note === null || note === '' ? null : html` ${note}`}</figcaption>${content}</figure>`;
}

/** The meaning of colours, above a figure. */
export function keys(entries: readonly (readonly [text: string, colour: string])[], kind: '' | 'line' = ''): Html {
  return html`<div class="keys">${entries.map(([text, colour]) => html`<span class="key ${kind}" style="--key:${colour}">${text}</span>`)}</div>`;
}

/** A table that scrolls by itself where the screen is narrow. */
export function table(
  titles: readonly { readonly text: Content; readonly number?: boolean; readonly wraps?: boolean }[],
  lines: readonly { readonly cells: readonly Content[]; readonly chosen?: boolean }[],
): Html {
  const kind = (at: number) => (titles[at]?.number ? 'number' : '');
  return html`<div class="scroll" tabindex="0"><table>
<thead><tr>${titles.map(({ text, wraps }, at) => html`<th scope="col" class="${kind(at)}${wraps ? ' wraps' : ''}">${text}</th>`)}</tr></thead>
<tbody>${lines.map(({ cells, chosen }) => html`<tr class="${chosen ? 'chosen' : ''}">${cells.map((cell, at) => html`<td class="${kind(at)}">${cell}</td>`)}</tr>`)}</tbody>
</table></div>`;
}
