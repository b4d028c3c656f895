/** `ft report`: the page of a run. */
import { resolve } from 'node:path';
import { Argument, Command, Option } from 'commander';
import { withExamples } from './examples.js';
import { type Io, processIo } from './io.js';
import { openInBrowser } from './open-in-browser.js';

export function reportVerb(io: Io = processIo()): Command {
  const command = new Command('report')
    .description(
      'Write a run as one page that opens from disk: what each phase brought, curves, what it finds and what it mixes up, distances, a map, data problems, how to make it again. Needs no network, and the run may still be under way.',
    )
    .addArgument(new Argument('[run]', 'a run folder').default('runs/latest'))
    .option('--out <file>', 'where the page goes (default: report.html in the run folder)')
    .addOption(new Option('--open [answer]', 'show it in the browser').choices(['yes', 'no']).preset('yes').default('no'))
    .action(async (argument: string, options: { out?: string; open: 'yes' | 'no' }) => {
      const { writeReport } = await import('../run/report.js');
      const out = options.out === undefined ? null : resolve(io.folder, options.out);
      const { path, bytes, gone, missing } = await writeReport(argument, io.folder, out);
      for (const line of missing) io.stderr.write(`not shown: ${line}\n`);
      if (gone > 0)
        io.stderr.write(`${gone} images of the page are gone or cannot be read any more: placeholders stand for them\n`);
      io.stdout.write(`${path} (${(bytes / 1e6).toFixed(1)} MB)\n`);
      if (options.open === 'yes') await openInBrowser(path, io.stderr);
    });
  return withExamples(command, [
    ['ft report', 'the last run: writes runs/latest/report.html'],
    ['ft report runs/latest --open', 'and shows it'],
    ['ft report runs/2026-01-31-120000-folder --out page.html', 'another run, to another place'],
  ]);
}
