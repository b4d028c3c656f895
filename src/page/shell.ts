import { createHash } from 'node:crypto';
import { type Html, html, raw } from './html.js';
import { STYLE } from './style.js';

export { type Content, Html, html, name, raw, shortName, visible } from './html.js';

export interface Page {
  /** Shown in the tab; the heading is part of the body. */
  readonly title: string;
  readonly body: Html;
  /** Rules behind those of the shell. */
  readonly style?: string;
  /** JavaScript without a module's imports. The page has to be readable without it. */
  readonly script?: string;
}

/**
 * A whole HTML page in one file: it opens from disk, asks for nothing else (its Content-Security-Policy forbids it: images are
 * data URIs, the only script is the one with this hash), follows the system's light or dark colours, and prints.
 *
 * Colours are custom properties: `--paper`, `--panel`, `--line`, `--ink`, `--quiet`, `--accent`, `--good`, `--bad`, `--warn`,
 * `--neutral` and `--series-1` … `--series-6`; figures in SVG use them by `var(…)`.
 */
export function page({ title, body, style = '', script = '' }: Page): string {
  const policy = [
    "default-src 'none'",
    'img-src data:',
    "style-src 'unsafe-inline'",
    `script-src ${script === '' ? "'none'" : `'sha256-${createHash('sha256').update(script).digest('base64')}'`}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  if (/<\/(script|style)/i.test(script + style)) throw new Error('a script or style may not hold its own end tag');
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${raw(STYLE + style)}</style>
</head>
<body>
${body}
${script === '' ? null : html`<script>${raw(script)}</script>`}
</body>
</html>
`.toString();
}
