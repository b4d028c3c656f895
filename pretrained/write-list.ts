/** Writes docs/backbones.md's list: every network, whose weights it takes, and what of them can be fetched. `npx tsx pretrained/write-list.ts` */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { families } from '../src/backbones/families.js';
import { cardNames, readCard } from '../src/weights/cards.js';

const DOCUMENT = fileURLToPath(new URL('../docs/backbones.md', import.meta.url));
const cards = new Map<string, string[]>();
for (const name of await cardNames()) {
  const card = await readCard(name);
  if ('network' in card) cards.set(card.network, [...(cards.get(card.network) ?? []), name]);
}
const rows = families.flatMap(({ paper, variants }) => [
  `\n${paper}\n`,
  '| network | features | side | weights as stored by | to fetch |',
  '| --- | ---: | ---: | --- | --- |',
  ...variants.map(
    ({ name, side, layouts, topology }) =>
      `| \`${name}\` | ${topology().features} | ${side} | ${layouts.map((layout) => layout.name).join(', ')} | ${(cards.get(name) ?? []).map((one) => `\`${one}\``).join(', ')} |`,
  ),
]);
const text = readFileSync(DOCUMENT, 'utf8');
const [start, end] = ['<!-- list -->', '<!-- end -->'];
writeFileSync(
  DOCUMENT,
  `${text.slice(0, text.indexOf(start) + start.length)}\n${rows.join('\n')}\n${text.slice(text.indexOf(end))}`,
);
