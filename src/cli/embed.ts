/** `ft embed`: a folder of images as vectors. */
import { extname, relative, resolve } from 'node:path';
import { Command } from 'commander';
import { choose } from '../errors.js';
import { vectorFormats } from '../vectors/formats.js';
import { withExamples } from './examples.js';
import { type Io, processIo } from './io.js';
import { terminalProgress } from './progress.js';

export function embedVerb(io: Io = processIo()): Command {
  const command = new Command('embed')
    .description(
      "Embed every image below a folder by a finished run's model: vectors of unit length, in the order of the files' names.",
    )
    .argument('<run>', 'a run folder, e.g. runs/latest')
    .argument('<folder>', 'images, in class folders or not')
    .requiredOption('--out <file>', 'vectors.parquet, .csv, .jsonl, or .npy (with the names beside it in vectors.names.jsonl)')
    .option('--strict', 'stop at the first image that cannot be read, instead of leaving it out')
    .action(async (argument: string, folder: string, options: { out: string; strict?: true }) => {
      const format = choose(vectorFormats, extname(options.out), 'ending of --out', options.out);
      const progress = terminalProgress(io.stderr);
      const [{ openFinishedRun }, { embedFolder }] = await Promise.all([
        import('../run/finished.js'),
        import('../run/embed-folder.js'),
      ]);
      const run = await openFinishedRun(argument, io.folder, progress);
      const { images, dimensions, skipped, files } = await embedFolder(
        run,
        resolve(io.folder, folder),
        resolve(io.folder, options.out),
        format,
        options.strict === true,
        progress,
      );
      io.stdout.write(
        `${images} vectors of ${dimensions} numbers: ${files.map((file) => relative(io.folder, file)).join(', ')}${skipped.length > 0 ? `; ${skipped.length} ${skipped.length === 1 ? 'file' : 'files'} left out` : ''}\n`,
      );
    });
  return withExamples(command, [
    ['ft embed runs/latest my-photos --out vectors.npy', 'for NumPy'],
    ['ft embed runs/latest my-photos --out vectors.jsonl', 'one line a file: {"file", "class", "vector"}'],
    ['ft embed runs/latest my-photos --out vectors.parquet', 'for pandas, Polars, DuckDB: file, class, vector'],
  ]);
}
