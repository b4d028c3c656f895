/**
 * The rules of every page. The series colours are told apart by people who see colours differently (after Okabe & Ito 2008),
 * in light and in dark; right and wrong are told by a sign as well.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fdfdfc; --panel: #f3f4f3; --line: #dcdfe0; --ink: #1a1c1f; --quiet: #59616b;
  --accent: #0a62a8; --good: #00735a; --bad: #b3300f; --warn: #8a5a00; --neutral: #79818b;
  --series-1: #b8650a; --series-2: #0a62a8; --series-3: #00806a; --series-4: #a8408a; --series-5: #6b6f00; --series-6: #5b4fc0;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #131518; --panel: #1c1f23; --line: #33383f; --ink: #e7e9ec; --quiet: #a3abb6;
    --accent: #72b7f2; --good: #45cfa5; --bad: #ff8d6b; --warn: #e3b04b; --neutral: #98a0ab;
    --series-1: #efa14a; --series-2: #72b7f2; --series-3: #45cfa5; --series-4: #e58cc9; --series-5: #c9c53f; --series-6: #a79df5;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-behavior: smooth; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 var(--sans); overflow-wrap: break-word; }
main, header, footer, nav { max-width: 70rem; margin-inline: auto; padding-inline: clamp(1rem, 4vw, 2.5rem); }
header { padding-block: clamp(2rem, 5vw, 3.5rem) 0; }
footer { padding-block: 2rem 3rem; color: var(--quiet); font-size: .875rem; }
h1 { font-size: clamp(1.6rem, 1.2rem + 1.8vw, 2.4rem); line-height: 1.15; letter-spacing: -.02em; font-weight: 680; margin: 0 0 .4rem; text-wrap: balance; }
h2 { font-size: 1.35rem; line-height: 1.25; letter-spacing: -.01em; font-weight: 650; margin: 0 0 .35rem; }
h3 { font-size: 1rem; line-height: 1.35; font-weight: 650; margin: 0 0 .2rem; }
p { margin: 0 0 .75rem; max-width: 46rem; }
a { color: var(--accent); }
section { border-top: 1px solid var(--line); padding-block: 1.75rem 2.25rem; margin-top: .5rem; }
section > p { color: var(--quiet); }
figure { margin: 0; min-width: 0; }
figcaption { font-size: .875rem; line-height: 1.4; color: var(--quiet); margin-bottom: .4rem; }
figcaption b { color: var(--ink); font-weight: 650; }
svg { display: block; max-width: 100%; height: auto; overflow: visible; }
img { display: block; max-width: 100%; }
code, pre, .mono { font-family: var(--mono); font-size: .86em; }
code { overflow-wrap: anywhere; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .75rem 1rem; margin: 0 0 1rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.quiet { color: var(--quiet); }
.small { font-size: .875rem; }
.good { color: var(--good); }
.bad { color: var(--bad); }
.name { overflow-wrap: anywhere; unicode-bidi: isolate; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); gap: 1.75rem 2rem; align-items: start; }
.grid.two { grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-size: .9rem; line-height: 1.35; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--quiet); }
th, td { padding: .4rem 1rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: baseline; }
th.number, td.number { text-align: right; white-space: nowrap; }
th.wraps { white-space: normal; }
th:last-child, td:last-child { padding-right: 0; }
td small { color: var(--quiet); font-size: .82em; display: block; }
tr.chosen > * { background: color-mix(in srgb, var(--accent) 9%, transparent); }
.notice { border-left: 3px solid var(--warn); background: var(--panel); padding: .7rem 1rem; margin: 0 0 1rem; border-radius: 0 6px 6px 0; max-width: 46rem; }
.notice p:last-child { margin: 0; }
.keys { display: flex; flex-wrap: wrap; gap: .15rem 1rem; font-size: .82rem; line-height: 1.4; color: var(--quiet); margin: 0 0 .35rem; }
.key { display: inline-flex; align-items: center; gap: .4rem; min-width: 0; }
.key::before { content: ""; flex: none; width: .8rem; height: .8rem; border-radius: 2px; background: var(--key, var(--neutral)); }
.key.line::before { height: 3px; border-radius: 2px; }
details > summary { cursor: pointer; color: var(--accent); font-size: .9rem; margin-bottom: .6rem; }
@media print {
  :root { --paper: #fff; --panel: #f6f6f6; --ink: #000; --quiet: #444; --line: #ccc; color-scheme: light; }
  body { font-size: 11pt; }
  section, figure, tr, .card { break-inside: avoid; }
  nav { display: none; }
}
`;
