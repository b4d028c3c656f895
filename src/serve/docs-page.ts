import { type Html, html, page } from '../page/shell.js';
import type { ApiDescription, Operation } from './openapi.js';

/** The description as a page that asks nobody for anything. */
export function docsPage({ info, paths }: ApiDescription): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => operationOf(path, method.toUpperCase(), operation)),
  );
  return page({
    title: info.title,
    style: 'td, th { text-align: left; vertical-align: top; padding: 0.3em 1em 0.3em 0 } td:first-child { white-space: nowrap }',
    body: html`<main><h1>${info.title}</h1><p>${info.description}</p><p><a href="openapi.json">openapi.json</a> holds the same for programs.</p>
<table><thead><tr><th>Request</th><th>What it does</th><th>Query</th><th>Answers</th></tr></thead><tbody>${operations}</tbody></table>
<h2>For instance</h2><pre>curl -F image=@photo.jpg 'http://127.0.0.1:8501/search?top=3'
curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' http://127.0.0.1:8501/embed
curl -F a=@one.jpg -F b=@other.jpg 'http://127.0.0.1:8501/verify?far=0.001'</pre></main>`,
  });
}

function operationOf(path: string, method: string, { summary, parameters = [], responses = {} }: Operation): Html {
  const named = (parameters as readonly { name: string; in: string }[])
    .filter((one) => one.in === 'query')
    .map(({ name }) => name);
  const statuses = Object.keys(responses as object).join(', ');
  return html`<tr><td><code>${method} ${path}</code></td><td>${summary}</td><td>${named.join(', ')}</td><td>${statuses}</td></tr>`;
}
