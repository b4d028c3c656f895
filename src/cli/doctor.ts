import { Command } from 'commander';
import { UserError } from '../errors.js';
import { gigabytes } from '../runtime/gigabytes.js';
import { type Diagnosis, diagnose } from '../runtime/native/diagnosis.js';
import { withExamples } from './examples.js';
import { type Io, processIo } from './io.js';

/** `ft doctor`: what was found on this machine, and a verdict. Faults end it with exit code 2, each with its mend. */
export function doctorVerb(io: Io = processIo(), look: () => Promise<Diagnosis> = diagnose): Command {
  const command = new Command('doctor')
    .description(
      'Say what was found on this machine (Node, compiler, TensorFlow, processor, memory, GPU) and what is missing.\n' +
        'Exit code 0 when ft can work here, 2 when something is missing; each fault says what mends it.',
    )
    .option('--json', 'print everything as JSON, for tools')
    .action(async (options: { json?: boolean }) => {
      const diagnosis = await look();
      io.stdout.write(options.json ? `${JSON.stringify(diagnosis, null, 2)}\n` : `${report(diagnosis)}\n`);
      const [first, ...others] = diagnosis.faults;
      if (first !== undefined) throw new UserError(first, ...others);
    });
  return withExamples(command, [
    ['ft doctor', 'look at everything and give a verdict'],
    ['ft doctor --json', 'the same for a bug report or a script'],
  ]);
}

/** The diagnosis as aligned lines; the last one is the verdict. */
export function report(diagnosis: Diagnosis): string {
  const { hardware, tensorflow, compiler } = diagnosis;
  const ready = tensorflow.state === 'ready';
  const tool = (version: string | undefined) => version ?? (ready ? 'not installed (needed to set up only)' : 'not installed');
  const rows: [string, string][] = [
    ['Node', `${diagnosis.node}, npm ${diagnosis.npm ?? 'not installed'}`],
    ['compiler', `${compiler.command}: ${tool(compiler.version)}`],
    ['Python', `${tool(diagnosis.python)}, pip ${tool(diagnosis.pip)}`],
    ['TensorFlow', tensorflowWords(tensorflow)],
    ['processor', hardware.cpu],
    ['instructions', hardware.features.join(', ') || 'none of those that make training fast'],
    ['bf16', bf16Words(hardware.features)],
    ['threads', `${hardware.threads}`],
    ['memory', `${gigabytes(hardware.memoryBytes)}, ${gigabytes(hardware.freeBytes)} free`],
    ...gpuRows(diagnosis.gpu),
    ['cache', `${diagnosis.cache.folder}, ${gigabytes(diagnosis.cache.bytes)}`],
  ];
  const lines = rows.map(([name, words]) => `${name.padEnd(13)} ${words}`);
  const count = diagnosis.faults.length;
  lines.push('', count === 0 ? 'ft can work here.' : `ft cannot work here yet: ${count} ${count === 1 ? 'fault' : 'faults'}.`);
  return lines.join('\n');
}

/** The cards one by one, the driver, what TensorFlow found for them, and whether they are computed on. */
function gpuRows({ cards, libraries, used, reason }: Diagnosis['gpu']): [string, string][] {
  const seen = new Set(cards.visible.map(({ index }) => index));
  const rows = cards.cards.map(({ index, name, memoryBytes, freeBytes, capability }): [string, string] => [
    `GPU ${index}`,
    `${name}, ${gigabytes(memoryBytes)}, ${gigabytes(freeBytes)} free, compute capability ${capability}` +
      (seen.has(index) ? '' : '; hidden by CUDA_VISIBLE_DEVICES'),
  ]);
  if (cards.driver !== undefined) rows.push(['driver', cards.driver]);
  if (libraries !== null) rows.push(['CUDA', librariesWords(libraries)]);
  rows.push(['computes on', used ? `GPU ${cards.visible[0]?.index}` : `the processor: ${reason}`]);
  return rows;
}

function librariesWords(libraries: readonly { name: string; found: boolean; version: string | null }[]): string {
  const lost = libraries.filter(({ found }) => !found).map(({ name }) => name);
  const version = (name: string) => libraries.find((library) => library.name.startsWith(name))?.version ?? 'unknown';
  if (lost.length > 0) return `TensorFlow does not find ${lost.join(', ')}`;
  return `${version('libcudart')}, cuDNN ${version('libcudnn')}`;
}

function tensorflowWords(tensorflow: Diagnosis['tensorflow']): string {
  switch (tensorflow.state) {
    case 'ready':
      return `${tensorflow.version}${tensorflow.runtime === 'gpu' ? ' for cards' : ''}, binding of tfjs-node ${tensorflow.tfjs}, in ${tensorflow.folder}`;
    case 'absent':
      return 'not set up';
    case 'outdated':
      return `to be set up anew, in ${tensorflow.folder}`;
    case 'broken':
      return `does not load, in ${tensorflow.folder}`;
  }
}

function bf16Words(features: Diagnosis['hardware']['features']): string {
  if (features.includes('AMX')) return 'fast (AMX)';
  if (features.includes('AVX-512 BF16') || features.includes('BF16')) return 'fast';
  return 'slow: this processor has no instructions for it';
}
