/** `ft verify`: whether two images show the same. */

import { resolve } from 'node:path';
import process from 'node:process';
import { Command } from 'commander';
import { withExamples } from './examples.js';
import { type Io, processIo } from './io.js';
import { falseAcceptRate, thresholdInWords } from './search.js';

interface Options {
  run: string;
  far: number;
  json?: true;
  exitCode?: true;
}

/** With --exit-code: the two are not the same. Neither a fault of ft (1) nor of the call (2). */
const NOT_THE_SAME = 3;

export function verifyVerb(io: Io = processIo()): Command {
  const command = new Command('verify')
    .description(
      "Say whether two images show the same, by a finished run's model and a threshold calibrated for a stated false-accept rate.",
    )
    .argument('<a>', 'an image')
    .argument('<b>', 'another one')
    .option('--run <run>', 'the run whose model embeds', 'runs/latest')
    .option('--far <rate>', 'false-accept rate of the threshold', falseAcceptRate, 0.01)
    .option('--exit-code', `exit with ${NOT_THE_SAME} where they are not the same, for scripts`)
    .option('--json', 'for tools')
    .action(async (a: string, b: string, options: Options) => {
      const { progress } = io;
      const [{ openFinishedRun }, { verifyPair }] = await Promise.all([
        import('../run/finished.js'),
        import('../run/verify-pair.js'),
      ]);
      const run = await openFinishedRun(options.run, io.folder, progress);
      const found = await verifyPair(run, resolve(io.folder, a), resolve(io.folder, b), options.far);
      const { verdict, similarity, same, threshold } = found;
      const answer = verdict === 'near the threshold' ? `${same ? 'same' : 'not the same'}, but near the threshold` : verdict;
      io.stdout.write(
        options.json
          ? `${JSON.stringify(found, null, 2)}\n`
          : `${answer}: cosine ${similarity.toFixed(3)}\n${thresholdInWords(threshold)}\n`,
      );
      if (options.exitCode && !same) process.exitCode = NOT_THE_SAME;
    });
  return withExamples(command, [
    ['ft verify a.jpg b.jpg', "by the last run's model"],
    ['ft verify a.jpg b.jpg --far 0.001 --exit-code && echo same', 'in a script'],
  ]);
}
