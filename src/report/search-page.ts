import { type Html, html, page } from '../page/shell.js';

/** A query and its answers, with pictures as data URIs (null where there is none to show). */
export interface ShownQuery {
  readonly query: string;
  readonly picture: string | null;
  readonly answers: readonly {
    readonly file: string;
    readonly class: string | null;
    readonly similarity: number;
    readonly verdict: string | null;
    readonly picture: string | null;
  }[];
}

/** Queries with what was found for each, side by side. */
export function searchPage(title: string, threshold: string | null, queries: readonly ShownQuery[]): string {
  const figure = (picture: string | null, caption: Html) =>
    html`<figure>${picture === null ? html`<div class="none">no picture</div>` : html`<img src="${picture}" alt="">`}<figcaption>${caption}</figcaption></figure>`;
  return page({
    title,
    style: `.row{display:flex;gap:12px;overflow-x:auto;padding:12px 0;border-top:1px solid var(--line)}
figure{margin:0;flex:0 0 132px}figure img,.none{width:132px;height:132px;object-fit:contain;background:var(--panel);border-radius:6px}
.none{display:grid;place-items:center;color:var(--quiet);font-size:12px}figcaption{font-size:12px;overflow-wrap:anywhere;margin-top:4px}
.query{flex-basis:148px;border-right:1px solid var(--line);padding-right:12px}`,
    body: html`<main><h1>${title}</h1>${threshold === null ? null : html`<p>${threshold}</p>`}
${queries.map(
  ({ query, picture, answers }) => html`<section class="row">
<div class="query">${figure(picture, html`<b>${query}</b>`)}</div>
${answers.map((answer, at) =>
  figure(
    answer.picture,
    html`${at + 1}. ${answer.similarity.toFixed(3)}${answer.verdict === null ? null : html`, ${answer.verdict}`}<br>${answer.class === null ? null : html`<b>${answer.class}</b> `}${answer.file}`,
  ),
)}</section>`,
)}</main>`,
  });
}
