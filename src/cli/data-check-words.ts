/** What `ft data check` says on a terminal: the sizes as bars, then each finding with its worst cases. */
import { counted, printable } from '../data/printable.js';
import type { Finding } from '../inspect/findings.js';
import type { DataCheck } from '../run/check-images.js';

/** Cases of a finding that are shown; the page has more, --json all. */
const shown = 3;
const barWidth = 30;
/** Classes up to which each has a bar. */
const listedClasses = 12;

/** The summary, ending in a line break; `page` is where the page was written. */
export function checkSummary(check: DataCheck, page?: string): string {
  const lines = [
    `${printable(check.name)}: ${counted(check.images, 'image')} in ${counted(check.classes.length, 'class')}`,
    '',
    ...sizeLines(check),
    '',
    splitLine(check),
    '',
    ...(check.findings.length === 0 ? ['Nothing was found.'] : check.findings.flatMap(findingLines)),
  ];
  lines.push(...check.notes.map(printable));
  if (page !== undefined) lines.push(`All of it, with pictures: ${printable(page)}`);
  return `${lines.join('\n')}\n`;
}

function sizeLines({ classes, sizes }: DataCheck): string[] {
  const { smallest, median, largest, gini, effective } = sizes;
  const words = `images a class: ${smallest} to ${largest}, median ${median}; Gini ${gini.toFixed(2)}, as mixed as ${effective.toFixed(1)} equal classes`;
  const bars =
    classes.length <= listedClasses
      ? [...classes]
          .sort((a, b) => b.images - a.images)
          .map(({ name, images }) => [printable(name), images, String(images)] as const)
      : sizeBins(classes.map(({ images }) => images)).map(
          ({ label, count }) => [label, count, count === 0 ? '' : counted(count, 'class')] as const,
        );
  const wide = Math.max(...bars.map(([label]) => [...cut(label)].length));
  const most = Math.max(...bars.map(([, value]) => value));
  return [
    words,
    ...bars.map(([label, value, text]) =>
      `  ${cut(label)}${' '.repeat(wide - [...cut(label)].length)}  ${`${bar(value / most)} ${text}`.trim()}`.trimEnd(),
    ),
  ];
}

/** Classes by size in steps of 1, 2–3, 4–7, 8–15, …: how many there are of each. */
function sizeBins(images: readonly number[]): { label: string; count: number }[] {
  const counts = new Map<number, number>();
  for (const size of images) {
    const bin = Math.floor(Math.log2(size));
    counts.set(bin, (counts.get(bin) ?? 0) + 1);
  }
  const bins = [...counts.keys()];
  return Array.from({ length: Math.max(...bins) - Math.min(...bins) + 1 }, (_, at) => {
    const bin = Math.min(...bins) + at;
    return { label: bin === 0 ? '1 image' : `${2 ** bin}–${2 ** (bin + 1) - 1} images`, count: counts.get(bin) ?? 0 };
  });
}

function bar(share: number): string {
  return share === 0 ? '' : '█'.repeat(Math.max(1, Math.round(share * barWidth)));
}

function cut(name: string): string {
  const letters = [...name];
  return letters.length <= 28 ? name : `${letters.slice(0, 27).join('')}…`;
}

function splitLine({ split }: DataCheck): string {
  if ('refused' in split)
    return `No split by ${split.by}, so no leakage was looked for: ${printable(split.refused.split('\n')[0] as string)}`;
  const { train, validation, heldOut } = split.parts;
  return [
    `split by ${split.by}: ${train} train, ${validation} choose, ${heldOut} held out`,
    ...split.notes.map((note) => `  ${note}`),
  ].join('\n');
}

function findingLines({ kind, what, why, mend, cases }: Finding): string[] {
  const lines = [`${what}   [${kind}]`, `  why:     ${why}`, `  do this: ${mend}`];
  for (const { note, images } of cases.slice(0, shown)) {
    const names = images
      .slice(0, shown)
      .map(({ file, part }) => printable(file) + (kind === 'leakage' && part !== null ? ` (${partWords[part]})` : ''));
    const more = images.length > shown ? `, … (${images.length - shown} more)` : '';
    lines.push(
      names.length === 0
        ? `    ${printable(note)}`
        : `    ${names.join(kind === 'wrong-label' ? ' ~ ' : ', ')}${more}: ${printable(note)}`,
    );
  }
  if (cases.length > shown) lines.push(`    … and ${cases.length - shown} more`);
  return [...lines, ''];
}

const partWords = { train: 'trains', validation: 'chooses', heldOut: 'held out' } as const;
