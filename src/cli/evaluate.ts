/** `ft evaluate`: scores of a finished run's model, computed anew. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { UserError } from '../errors.js';
import { evaluationInWords, pairsInWords } from './evaluation-words.js';
import { withExamples } from './examples.js';
import { type Io, processIo } from './io.js';

interface Options {
  data?: string;
  verification?: true;
  clusters?: true;
  cmc?: true;
  excludeGroup?: true;
  pairs?: string;
  json?: true;
}

export function evaluateVerb(io: Io = processIo()): Command {
  const command = new Command('evaluate')
    .description(
      "Score a finished run's model on its held-out classes, or on all classes of another folder: every image in turn is the query, all others are the gallery.",
    )
    .argument('<run>', 'a run folder, e.g. runs/latest')
    .option('--data <folder>', 'other photos, class folders or a table, instead of the held-out classes of the run')
    .option('--verification', 'the same or not, by a threshold: ROC, AUC, EER, TAR@FAR with thresholds')
    .option('--clusters', 'k-means against the classes: NMI, AMI')
    .option('--cmc', 'the share of queries with a right answer by rank 1, 5, 10, …')
    .option('--exclude-group', "leave out of the gallery what is of the query's class and group (Market-1501: camera)")
    .option('--pairs <file>', "score a list of pairs instead: LFW's pairs.txt, or CSV with a,b,same[,fold]")
    .option('--json', 'for tools')
    .action(async (argument: string, options: Options) => {
      const { progress } = io;
      refuseBoth(options);
      const [{ openFinishedRun }, { evaluateRun }, { evaluatePairs }] = await Promise.all([
        import('../run/finished.js'),
        import('../run/evaluate.js'),
        import('../run/evaluate-pairs.js'),
      ]);
      const run = await openFinishedRun(argument, io.folder, progress);
      const folder = options.data === undefined ? undefined : resolve(io.folder, options.data);
      const show = <T>(result: T, inWords: (result: T) => string) =>
        io.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : inWords(result));
      if (options.pairs === undefined) show(await evaluateRun(run, { ...options, folder }, progress), evaluationInWords);
      else show(await evaluatePairs(run, resolve(io.folder, options.pairs), folder, progress), pairsInWords);
    });
  return withExamples(command, [
    ['ft evaluate runs/latest', 'the held-out classes of the last run'],
    ['ft evaluate runs/latest --data other-photos', 'every class of another folder'],
    ['ft evaluate runs/latest --verification --clusters --cmc', 'all that there is'],
    ['ft evaluate runs/latest --data lfw --pairs pairs.txt', "Labeled Faces in the Wild's protocol"],
    ['ft evaluate runs/latest --json', 'for tools'],
  ]);
}

/** A list of pairs has its own figures. */
function refuseBoth(options: Options): void {
  if (options.pairs === undefined) return;
  const others = (['verification', 'clusters', 'cmc', 'excludeGroup'] as const).filter((key) => options[key]);
  if (others.length === 0) return;
  const flags = others.map((key) => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`).join(', ');
  throw new UserError({
    what: `--pairs scores a list of pairs, and ${flags} ${others.length === 1 ? 'looks' : 'look'} at whole classes`,
    mend: `leave one of them away: ft evaluate RUN --pairs FILE, or ft evaluate RUN ${flags}`,
  });
}
