/** The command line: argv in, exit code out. 0; 2 for what a person can mend; 1 for a fault of ours; 130 after Ctrl-C. */
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { Command, CommanderError } from 'commander';
import { describeFault, type Fault, Interrupted, UserError } from '../errors.js';
import { GRAPHS_FOLDER, graphsFolder } from '../runtime/trace/inspection.js';
import { withExamples } from './examples.js';
import { type Io, processIo } from './io.js';
import { verbs as everyVerb, type Verb } from './verbs.js';

/** Runs `ft` with the arguments behind its name. Never throws. */
export async function main(called: readonly string[], io: Io = processIo(), verbs: readonly Verb[] = everyVerb): Promise<number> {
  // `ft help weights pull` is `ft weights pull --help`; commander's own help command does not look below a verb.
  const argv = called[0] === 'help' && called.length > 1 ? [...called.slice(1), '--help'] : called;
  const debug = argv.includes('--debug');
  const codeBefore = process.exitCode;
  process.exitCode = undefined;
  const graphsBefore = graphsFolder();
  if (debug) process.env[GRAPHS_FOLDER] = graphsBefore ?? join(tmpdir(), `ft-graphs-${process.pid}`);
  try {
    const program = await buildProgram(argv, io, verbs);
    if (argv.length === 0) {
      program.outputHelp();
      return 0;
    }
    await program.parseAsync([...argv], { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    return report(error, io, debug);
  } finally {
    const graphs = graphsFolder();
    if (debug && graphs !== undefined && existsSync(graphs)) io.stderr.write(`traced graphs: ${graphs}\n`);
    if (graphsBefore === undefined) delete process.env[GRAPHS_FOLDER];
    process.exitCode = codeBefore;
  }
}

async function buildProgram(argv: readonly string[], io: Io, verbs: readonly Verb[]): Promise<Command> {
  const program = new Command('ft')
    .description(
      'Fine-tune a frozen ImageNet backbone on your own images: first as a classifier, then as an embedding with ' +
        'semi-hard triplets; proved on classes it never saw, and exported.',
    )
    .version(version(), '-V, --version', 'say which version this is')
    .option('--debug', 'show the stack of an unexpected error, and write down every traced graph')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [verb]', 'show the help of a verb')
    .usage('VERB [options]')
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({ writeOut: (text) => void io.stdout.write(text), writeErr: (text) => void io.stderr.write(text) })
    .configureHelp({ sortSubcommands: false, helpWidth: Math.min(100, io.stdout.columns ?? 100) });
  withExamples(program, [
    ['ft train resnet-semihard', 'the main job, on built-in images, to its scores and export'],
    ['ft train folder --data my-photos', 'the same on your own photos, one folder a class'],
    ['ft freeze --until conv3', 'freeze the lower layers in ft.yaml'],
    ['ft plan', 'look at what ft.yaml freezes, and at every rate'],
    ['ft help train', 'all that a verb can do, with examples'],
  ]);
  const operands = argv.filter((argument) => !argument.startsWith('-'));
  const called = operands[0] === 'help' ? operands[1] : operands[0];
  for (const verb of verbs) {
    if (verb.name !== called) program.command(verb.name).summary(verb.summary).description(verb.summary);
    else program.addCommand(adopt((await verb.load(io)).name(verb.name).summary(verb.summary), program));
  }
  return program;
}

/** Gives a command made elsewhere, and all below it, the program's way to write, to suggest and to end. */
function adopt(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  if (command.description() === '') command.description(command.summary());
  for (const child of command.commands) adopt(child, command);
  return command;
}

function report(error: unknown, io: Io, debug: boolean): number {
  // Commander has written its message, with "Did you mean …", before it throws.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const stack = debug && error instanceof Error ? `${error.stack}\n` : '';
  if (error instanceof Interrupted) {
    io.stderr.write(`${error.message}\n${stack}`);
    return 130;
  }
  if (error instanceof UserError) {
    const count = error.faults.length;
    io.stderr.write(`${error.faults.map(describeFault).join('\n')}\n${count > 1 ? `${count} faults\n` : ''}${stack}`);
    return 2;
  }
  const fault = systemFault(error);
  if (fault !== undefined) {
    io.stderr.write(`${describeFault(fault)}\n${stack}`);
    return 2;
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  io.stderr.write(debug ? stack || `${message}\n` : `${message.split('\n')[0]}\nthis is a fault of ft; run again with --debug\n`);
  return 1;
}

/** What the system refuses although ft did right, in words; it is the person who can mend it. */
const SYSTEM_FAULTS: ReadonlyMap<string, readonly [what: string, mend: string]> = new Map([
  ['ENOSPC', ['the disk is full', 'make room; `ft train --resume RUN` goes on with a run that was stopped by it']],
  [
    'EDQUOT',
    ['your quota on this disk is used up', 'make room; `ft train --resume RUN` goes on with a run that was stopped by it'],
  ],
  ['EFBIG', ['a file would be larger than is allowed here', 'raise the limit (`ulimit -f`)']],
  ['EROFS', ['this disk can only be read', 'choose another folder']],
  ['EACCES', ['this may not be read or written by you', 'change its owner or its permissions, or choose another folder']],
  ['EPERM', ['this may not be changed by you', 'change its owner or its permissions, or choose another folder']],
  ['ENOTDIR', ['this is a file, where a folder was expected', 'choose another folder']],
  ['EEXIST', ['something else lies there already', 'choose another folder']],
  ['EISDIR', ['this is a folder, where a file was expected', 'choose another name']],
  ['EMFILE', ['too many files are open', 'raise the limit (`ulimit -n`)']],
]);

function systemFault(error: unknown): Fault | undefined {
  const { code = '', path, dest } = error instanceof Error ? (error as NodeJS.ErrnoException & { dest?: string }) : {};
  const known = SYSTEM_FAULTS.get(code);
  if (known === undefined) return undefined;
  const [what, mend] = known;
  return { what, mend, ...(path === undefined ? {} : { where: dest ?? path }) };
}

function version(): string {
  return (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;
}
