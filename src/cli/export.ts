/** `ft export`: a finished run as a model that others load. */
import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { UserError } from '../errors.js';
import { withExamples } from './examples.js';
import { type Io, processIo } from './io.js';

interface Options {
  format: 'savedmodel';
  out?: string;
  force?: true;
}

export function exportVerb(io: Io = processIo()): Command {
  const command = new Command('export')
    .description(
      'Write the model that a run chose: uint8 RGB images [batch, H, W, 3] of any size in, embeddings of unit length out, resizing and preprocessing inside. ' +
        "It is loaded again and compared with the run's own embeddings before it counts.",
    )
    .argument('[run]', 'a run folder', 'runs/latest')
    .addOption(new Option('--format <name>', 'what to write').choices(['savedmodel']).default('savedmodel'))
    .option('--out <folder>', 'where to write it; RUN/export/savedmodel where none is named')
    .option('--force', 'replace what lies at --out')
    .action(async (argument: string, options: Options) => {
      const { progress } = io;
      const [{ openFinishedRun }, { exportRun }] = await Promise.all([
        import('../run/finished.js'),
        import('../run/export-run.js'),
      ]);
      const run = await openFinishedRun(argument, io.folder, progress);
      const folder = options.out === undefined ? run.folder.file('export', options.format) : resolve(io.folder, options.out);
      if (options.out !== undefined && existsSync(folder) && options.force !== true) {
        throw new UserError({
          what: 'something lies there already',
          where: options.out,
          mend: 'name another folder, or add --force to replace it',
        });
      }
      const check = await exportRun(run, folder, progress);
      io.stdout.write(
        `${relative(io.folder, folder) || '.'}: a SavedModel; its embeddings of ${check.images} images are the run's own (cosine ≥ ${check.smallestCosine.toFixed(6)})\n`,
      );
    });
  return withExamples(command, [
    ['ft export --format savedmodel', 'the last run, into its own folder'],
    ['ft export runs/latest --out model', 'into a folder of your choice'],
  ]);
}
