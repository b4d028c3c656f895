/** `ft embed`: a folder of images as vectors. */
import { extname, relative, resolve } from 'node:path';
import { Command } from 'commander';
import { choose } from '../errors.js';
import { vectorFormats } from '../vectors/formats.js';
import { withExamples } from './examples.js';
import { type Io, processIo } from './io.js';

const precisions = new Map((['fp32', 'bf16', 'auto'] as const).map((precision) => [precision as string, precision]));

export function embedVerb(io: Io = processIo()): Command {
  const command = new Command('embed')
    .description(
      "Embed every image below a folder by a finished run's model: vectors of unit length, in the order of the files' names.",
    )
    .argument('<run>', 'a run folder, e.g. runs/latest')
    .argument('<folder>', 'images, in class folders or not')
    .requiredOption('--out <file>', 'vectors.parquet, .csv, .jsonl, or .npy (with the names beside it in vectors.names.jsonl)')
    .option('--strict', 'stop at the first image that cannot be read, instead of leaving it out')
    .option('--precision <precision>', 'fp32, bf16, or auto: whichever is faster here (close to fp32, not equal)', 'fp32')
    .action(async (argument: string, folder: string, options: { out: string; precision: string; strict?: true }) => {
      const asked = choose(precisions, options.precision, '--precision');
      const format = choose(vectorFormats, extname(options.out), 'ending of --out', options.out);
      const { progress } = io;
      const [{ openFinishedRun }, { embedFolder }, { decided }] = await Promise.all([
        import('../run/finished.js'),
        import('../run/embed-folder.js'),
        import('../run/precision.js'),
      ]);
      const run = await openFinishedRun(argument, io.folder, progress);
      const { images, dimensions, skipped, files } = await embedFolder(run, {
        folder: resolve(io.folder, folder),
        out: resolve(io.folder, options.out),
        format,
        strict: options.strict === true,
        precision: decided(asked, progress),
        progress,
      });
      io.stdout.write(
        `${images} vectors of ${dimensions} numbers: ${files.map((file) => relative(io.folder, file)).join(', ')}${skipped.length > 0 ? `; ${skipped.length} ${skipped.length === 1 ? 'file' : 'files'} left out` : ''}\n`,
      );
    });
  return withExamples(command, [
    ['ft embed runs/latest my-photos --out vectors.npy', 'for NumPy'],
    ['ft embed runs/latest my-photos --out vectors.jsonl', 'one line a file: {"file", "class", "vector"}'],
    ['ft embed runs/latest my-photos --out vectors.parquet', 'for pandas, Polars, DuckDB: file, class, vector'],
    ['ft embed runs/latest my-photos --out vectors.npy --precision bf16', 'faster where there is AMX or AVX512-BF16'],
  ]);
}
