/** `ft search`: the images that are most alike to one. */
import { relative, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { Threshold } from '../run/calibrated.js';
import type { SearchResult } from '../run/search.js';
import { writeFileAtomic } from '../runtime/folders.js';
import { withExamples } from './examples.js';
import { type Io, processIo } from './io.js';
import { textTable } from './table.js';

interface Options {
  in: string;
  run: string;
  top: number;
  far: number | 'none';
  self?: true;
  json?: true;
  html?: string;
}

export function searchVerb(io: Io = processIo()): Command {
  const command = new Command('search')
    .description(
      "Find the images that are most alike to one (or several), by a finished run's model: exact cosine search, and for each answer " +
        'whether it shows the same, at a threshold calibrated for a stated false-accept rate.',
    )
    .argument('<image...>', 'one image or more')
    .requiredOption(
      '--in <where>',
      'a folder or table of images (embedded once, then remembered), or a file of vectors by `ft embed`',
    )
    .option('--run <run>', 'the run whose model embeds', 'runs/latest')
    .option('--top <count>', 'answers for each image', count, 5)
    .option('--far <rate>', 'false-accept rate of the threshold, or none', rateOrNone, 0.01)
    .option('--self', 'the image itself counts as an answer where it lies in the folder')
    .option('--html <file>', 'a page with the pictures')
    .option('--json', 'for tools')
    .action(async (images: string[], options: Options) => {
      const { progress } = io;
      const [{ openFinishedRun }, { search }] = await Promise.all([import('../run/finished.js'), import('../run/search.js')]);
      const run = await openFinishedRun(options.run, io.folder, progress);
      const queries = images.map((image) => resolve(io.folder, image));
      const where = resolve(io.folder, options.in);
      const found = await search(
        run,
        queries,
        where,
        { top: options.top, far: options.far === 'none' ? null : options.far, self: options.self === true },
        progress,
      );
      if (options.html !== undefined) await writePage(found, resolve(io.folder, options.html), io);
      io.stdout.write(options.json ? `${JSON.stringify(found, null, 2)}\n` : words(found, io));
      if (options.html !== undefined && !options.json) io.stdout.write(`\npictures: ${options.html}\n`);
    });
  return withExamples(command, [
    ['ft search photo.jpg --in my-photos', "the five most alike, by the last run's model"],
    ['ft search a.jpg b.jpg --in vectors.parquet --top 10', 'in vectors that ft embed wrote'],
    ['ft search photo.jpg --in my-photos --far 0.001', 'call fewer different things the same'],
  ]);
}

function words({ threshold, queries }: SearchResult, io: Io): string {
  const parts = queries.map(({ query, itself, answers }) => {
    const name = relative(io.folder, query) || query;
    const table = textTable(
      [{ title: '', align: 'right' }, { title: 'cosine', align: 'right' }, { title: '' }, { title: 'class' }, { title: 'file' }],
      answers.map((answer, at) => [
        String(at + 1),
        answer.similarity.toFixed(3),
        answer.verdict ?? '',
        answer.class ?? '',
        answer.file,
      ]),
    );
    return `${name}${itself === null ? '' : ` (is ${itself} itself, which is left out; --self keeps it)`}\n\n${table}\n`;
  });
  return `${parts.join('\n')}${threshold === null ? '' : `\n${thresholdInWords(threshold)}\n`}`;
}

/** Where the threshold lies, how sure that is, and on what it rests. */
export function thresholdInWords({ threshold, asked, far, tar, interval, images, classes, resolved }: Threshold): string {
  const range = ({ low, high }: { low: number; high: number }, digits: number) =>
    `${low.toFixed(digits)} – ${high.toFixed(digits)}`;
  const percent = (value: number) => `${(100 * value).toPrecision(2)} %`;
  const lines = [
    `same: cosine ≥ ${threshold.toFixed(3)} (95 % interval ${range(interval.threshold, 3)}), for a false-accept rate of ${percent(asked)}`,
    `calibrated on ${images} held-out images of ${classes} classes: accepts ${percent(far)} of the pairs of two classes (${percent(interval.far.low)} – ${percent(interval.far.high)}) and ${percent(tar)} of one class (${percent(interval.tar.low)} – ${percent(interval.tar.high)})`,
  ];
  if (!resolved) lines.push('the pairs of two classes are too few for such a low rate: the threshold is a lower bound');
  return lines.join('\n');
}

async function writePage({ threshold, queries }: SearchResult, file: string, io: Io): Promise<void> {
  const [{ searchPage }, { thumbnail }] = await Promise.all([import('../report/search-page.js'), import('../page/thumbnail.js')]);
  const picture = (path: string | null) => (path === null ? null : thumbnail(path, 132));
  const shown = [];
  for (const { query, answers } of queries) {
    const found = [];
    for (const answer of answers) found.push({ ...answer, picture: await picture(answer.path) });
    shown.push({ query: relative(io.folder, query) || query, picture: await picture(query), answers: found });
  }
  await writeFileAtomic(file, searchPage('What is most alike', threshold && thresholdInWords(threshold), shown));
}

function count(text: string): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value >= 1 && value <= 10_000))
    throw new InvalidArgumentError('a whole number from 1 on was expected');
  return value;
}

function rateOrNone(text: string): number | 'none' {
  return text === 'none' ? text : falseAcceptRate(text);
}

/** A false-accept rate as an option. */
export function falseAcceptRate(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError('a rate between 0 and 1 was expected, e.g. 0.01');
  return value;
}
