/**
 * `make bench`: ft beside PyTorch and Keras on this machine, one process after the other, in turns.
 *   make bench                                              all networks at the usual sizes, a phase, embedding: docs/performance.md
 *   make bench options='--whole'                            all sizes too: hours
 *   make bench options='--only thin --kinds steps --rounds 5'   one network, more rounds: its section is written
 *   make bench options='--depths none,conv3 --batch 16'     a part, or other sizes: printed only
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { terminalProgress } from '../../src/cli/progress.js';
import { textTable } from '../../src/cli/table.js';
import { UserError } from '../../src/errors.js';
import { writeFileAtomic } from '../../src/runtime/folders.js';
import { TENSORFLOW_VERSION } from '../../src/runtime/native/location.js';
import { inspectHardware } from '../../src/runtime/native/machine.js';
import { chosenCases, sections, someOf, wholeNumber } from './cases.js';
import { type Interpreters, openContenders } from './contenders.js';
import { PRECISIONS } from './figures.js';
import { cells, type Measured, markdownTable, replaceSection } from './report.js';
import { checkEqualWork, measureCase, type Plan } from './rounds.js';

const DOCUMENT = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));
const STANDARD = { steps: '9', seconds: '4', epochs: '8' };

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    kinds: { type: 'string' },
    depths: { type: 'string' },
    precisions: { type: 'string' },
    batch: { type: 'string' },
    side: { type: 'string' },
    images: { type: 'string' },
    whole: { type: 'boolean' },
    rounds: { type: 'string', default: '2' },
    /** Timed steps at most; none is begun after as many seconds, from the third on. */
    steps: { type: 'string', default: STANDARD.steps },
    seconds: { type: 'string', default: STANDARD.seconds },
    /** Of a phase. */
    epochs: { type: 'string', default: STANDARD.epochs },
    python: { type: 'string', default: 'python3' },
    /** Without it Keras takes no part. */
    keras: { type: 'string' },
  },
});

async function machine({ pytorch, keras }: Interpreters): Promise<string> {
  const { cpu, features, threads, memoryBytes } = await inspectHardware();
  const version = async (python: string, code: string) => (await promisify(execFile)(python, ['-c', code])).stdout.trim();
  const peers = [
    `PyTorch ${await version(pytorch, 'import torch; print(torch.__version__)')}`,
    ...(keras === null
      ? []
      : [`Keras ${await version(keras, "from importlib.metadata import version; print(version('keras'))")}`]),
  ];
  return (
    `${cpu}, ${threads} threads (${features.join(', ')}), ${(memoryBytes / 2 ** 30).toFixed(0)} GiB; ` +
    `TensorFlow ${TENSORFLOW_VERSION}, ${peers.join(', ')}, Node ${process.versions.node}`
  );
}

/** Whether a section that was measured can stand in the document: all of its cases, at the usual settings. */
function standard(keras: boolean): boolean {
  const { depths, precisions, batch, side, images } = values;
  const usual = Object.entries(STANDARD).every(([key, value]) => values[key as keyof typeof STANDARD] === value);
  return keras && usual && [depths, precisions, batch, side, images].every((one) => one === undefined);
}

async function main(): Promise<void> {
  const progress = terminalProgress(process.stderr);
  const interpreters = { pytorch: values.python, keras: values.keras ?? null };
  const cases = chosenCases(values);
  const keras = interpreters.keras !== null;
  const number = (option: keyof typeof STANDARD) => String(wholeNumber(values[option], `--${option}`));
  const plan: Plan = {
    rounds: wholeNumber(values.rounds, '--rounds'),
    precisions: someOf(PRECISIONS, values.precisions, 'precision', '--precisions'),
    keras,
    settings: {
      steps: { steps: number('steps'), seconds: number('seconds') },
      phase: { epochs: number('epochs') },
      embed: {},
    },
  };
  const about = await machine(interpreters);
  progress.line(about);
  const contenders = openContenders(interpreters);
  process.once('SIGINT', () => {
    contenders.close();
    process.exit(130);
  });
  try {
    for (const [name, section] of sections(cases)) {
      const measured: Measured[] = [];
      // What one case throws loses nothing of the others.
      try {
        const [first] = section;
        if (first?.kind === 'steps') await checkEqualWork(first, keras, contenders, progress);
        for (const one of section) measured.push(await measureCase(one, plan, contenders, progress));
      } catch (error) {
        process.stderr.write(`bench: ${name}: ${(error as Error).message}\n`);
        process.exitCode = 1;
      }
      if (measured.length > 0) await write(name, measured, measured.length === section.length && standard(keras), about);
    }
  } finally {
    contenders.close();
  }
}

/** Prints a section's table, and writes it into the document where it is whole. */
async function write(name: string, measured: readonly Measured[], whole: boolean, about: string): Promise<void> {
  const { titles, rows } = cells(measured);
  const columns = titles.map((title, column) => ({ title, align: column === 0 ? ('left' as const) : ('right' as const) }));
  process.stdout.write(`\n${name}\n\n${textTable(columns, rows)}\n`);
  if (!whole) {
    process.stdout.write('\nnot written down: a part, or other settings than the usual ones\n');
    return;
  }
  const date = new Date().toISOString().slice(0, 10);
  const foot = `${date}, ${values.rounds} ${values.rounds === '1' ? 'round' : 'rounds'}: ${about}.`;
  const document = await readFile(DOCUMENT, 'utf8');
  await writeFileAtomic(DOCUMENT, replaceSection(document, name, `${markdownTable(measured)}\n\n${foot}`));
  process.stdout.write('\nwritten to docs/performance.md\n');
}

await main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof UserError ? error.message : ((error as Error).stack ?? error)}\n`);
  process.exitCode = error instanceof UserError ? 2 : 1;
});
