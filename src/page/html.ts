/** Text of a page that is markup already: it is put in as it is. Only `html` and `raw` make it. */
export class Html {
  constructor(private readonly markup: string) {}

  toString(): string {
    return this.markup;
  }
}

/** What may stand in a template: text is escaped, lists are joined, null and false leave nothing. */
export type Content = Html | string | number | null | undefined | false | readonly Content[];

/**
 * A piece of a page, as a template: html`<p>${name}</p>`. Everything that is not `Html` itself is escaped, so that a class named
 * `<script>` is shown and not run. It holds for text between tags and for attributes in double quotes.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(strings.map((text, at) => text + (at < values.length ? markupOf(values[at]) : '')).join(''));
}

/** Declares text to be markup. Never for what a person, a file or a run has named. */
export function raw(markup: string): Html {
  return new Html(markup);
}

function markupOf(value: Content): string {
  if (value === null || value === undefined || value === false) return '';
  if (value instanceof Html) return value.toString();
  if (Array.isArray(value)) return value.map(markupOf).join('');
  return escapeText(visible(String(value)));
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] as string);
}

/**
 * Text whose every character shows: line ends, other control characters and signs that turn the direction of the text around as
 * a programmer writes them (\n, \u202e), halves of characters as �. Names of files may hold all of these.
 */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029\ufeff\ufffe\uffff]/gu, (sign) => {
    const code = sign.charCodeAt(0);
    if (code >= 0xd800 && code <= 0xdfff) return '\ufffd';
    return KNOWN[sign] ?? `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

const KNOWN: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A name that came from outside, kept apart from the direction of the text around it and broken anywhere rather than cut. */
export function name(text: string): Html {
  return html`<bdi class="name">${text}</bdi>`;
}

/** A name where there is little room: of a long one the middle is left out, and the pointer shows it whole. */
export function shortName(text: string, most = 56): Html {
  const signs = [...text];
  if (signs.length <= most) return name(text);
  const half = Math.floor(most / 2);
  return html`<bdi class="name" title="${text}">${signs.slice(0, half).join('')}…${signs.slice(-half).join('')}</bdi>`;
}
