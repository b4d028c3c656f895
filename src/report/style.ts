import { CASES_STYLE } from '../page/cases.js';

/** The rules of a report, behind those of the shell. */
export const REPORT_STYLE = `${CASES_STYLE}
.eyebrow { color: var(--quiet); font-size: .9rem; margin: 0 0 .35rem; }
.story { font-size: clamp(1.05rem, 1rem + .35vw, 1.22rem); line-height: 1.5; max-width: 48rem; margin: 1.1rem 0 1.25rem; }
.story p { margin: 0 0 .6rem; max-width: none; }
nav.contents { padding-block: .25rem 1.5rem; }
nav.contents ul { display: flex; flex-wrap: wrap; gap: .3rem 1.15rem; list-style: none; margin: 0; padding: .6rem 0 0; border-top: 1px solid var(--line); font-size: .9rem; }
nav.contents a { text-decoration: none; display: inline-block; padding: .15rem 0; }
nav.contents a:hover { text-decoration: underline; }
section > h3 { margin-top: 1.5rem; }
h3.phase { margin: 1.25rem 0 .75rem; padding-top: .25rem; }
h3.phase:first-of-type { margin-top: .5rem; }
td:first-child { min-width: 7.5rem; }
section .scroll { margin-block: 1rem; }
.grid > figure { display: flex; flex-direction: column; height: 100%; }
.grid > figure > svg { margin-top: auto; }
.grid.two > figure { height: auto; }
section > figure { margin-top: 1.25rem; }
.wide { display: none; }
@media (min-width: 52rem) { .wide { display: block; } .narrow { display: none; } }
.query { display: grid; grid-template-columns: 8.5rem 1fr; gap: .5rem 1.5rem; padding: .9rem 0; border-top: 1px solid var(--line); }
.query:first-of-type { border-top: 0; }
.query figcaption { font-size: .78rem; line-height: 1.3; margin: .3rem 0 0; }
.query figcaption span { display: block; }
.asked img, .asked .gone { width: 7rem; height: 7rem; }
.answers { display: grid; grid-template-columns: repeat(auto-fill, minmax(6rem, 1fr)); gap: .75rem; align-items: start; }
.answer img, .answer .gone { width: 100%; aspect-ratio: 1; }
.query img, .pair img { object-fit: contain; background: #fff; border-radius: 4px; border: 1px solid var(--line); }
.answer.right img, .answer.right .gone { border: 2px solid var(--good); }
.answer.wrong img, .answer.wrong .gone { border: 2px dashed var(--bad); }
.right .sign { color: var(--good); font-weight: 600; }
.wrong .sign { color: var(--bad); font-weight: 600; }
.gone { display: grid; place-items: center; text-align: center; font-size: .72rem; line-height: 1.2; color: var(--quiet); background: var(--panel); border: 1px dashed var(--line); border-radius: 4px; }
@media (max-width: 40rem) {
  .query { grid-template-columns: 1fr; }
  .asked { display: grid; grid-template-columns: 7rem 1fr; gap: .75rem; align-items: center; }
  .answers { grid-template-columns: repeat(4, minmax(0, 1fr)); gap: .5rem; }
}
.pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 14rem), 1fr)); gap: 1.5rem 2rem; }
.pair > div { display: flex; align-items: center; gap: .5rem; }
.pair img, .pair .gone { width: 5.5rem; height: 5.5rem; }
.pair figcaption { margin: .4rem 0 0; }
.arrow { color: var(--quiet); }
.maps label { display: inline-block; padding: .25rem .8rem; margin: 0 .35rem .75rem 0; border: 1px solid var(--line); border-radius: 99px; font-size: .875rem; cursor: pointer; }
.maps input { position: absolute; opacity: 0; }
.maps input:checked + label { background: var(--ink); color: var(--paper); border-color: var(--ink); }
.maps input:focus-visible + label { outline: 2px solid var(--accent); outline-offset: 2px; }
.map { position: relative; width: 100%; border: 1px solid var(--line); border-radius: 8px; background: var(--panel); padding: 0; }
.map span { position: absolute; width: max(2.7%, 15px); transform: translate(-50%, -50%); }
.map img { width: 100%; aspect-ratio: 1; object-fit: contain; background: #fff; border-radius: 3px; }
.map > span > .gone { position: static; width: 100%; aspect-ratio: 1; transform: none; font-size: 0; }
.map span:hover { z-index: 1; }
.map span:hover img { transform: scale(2.4); box-shadow: 0 1px 6px rgb(0 0 0 / .35); }
.maps #map-umap:checked ~ .map.pca, .maps #map-pca:checked ~ .map.umap { display: none; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1.5rem; margin: 0; font-size: .9rem; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
dl.facts { display: flex; flex-wrap: wrap; gap: .75rem 2.5rem; margin-bottom: 1.5rem; }
dl.facts dd { font-size: 1.1rem; font-weight: 600; margin: 0; }
.problem { margin-top: 1rem; }
.problem ul { margin: 0; padding-left: 1.1rem; font-size: .9rem; }
ol.legend li { break-inside: avoid; margin-left: 1.7rem; padding-right: .5rem; }
ol.legend { columns: 2; font-size: .82rem; color: var(--quiet); margin: .75rem 0 0; padding-left: 0; }
@media print { .maps input, .maps label { display: none; } .answers { grid-template-columns: repeat(8, 1fr); } }
`;
