/** `ft data`: a look at images before they are trained on. One file for each subcommand. */
import { Command } from 'commander';
import { addDataCheck } from './data-check.js';
import { addDataShow } from './data-show.js';
import { addDataSplit } from './data-split.js';
import { withExamples } from './examples.js';
import { type Io, processIo } from './io.js';

export function dataVerb(io: Io = processIo()): Command {
  const command = new Command('data').description(
    'Look at images before they are trained on: what is wrong with them, how they split, how they are varied.',
  );
  addDataCheck(command, io);
  addDataSplit(command, io);
  addDataShow(command, io);
  return withExamples(command, [
    ['ft data check my-photos', 'duplicates, leaks, doubtful labels, odd images; and a page to look at'],
    ['ft data split my-photos --by image --out splits.csv', 'a split that can be kept and used again'],
    ['ft data show my-photos', 'a sheet of the views that training draws'],
  ]);
}
