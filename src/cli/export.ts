/** `ft export`: a finished run as a model that others load. */
import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { UserError } from '../errors.js';
import { EXPORT_FORMATS, type FormatName, QUANTIZATIONS, type QuantizationName, WRITTEN_AS } from '../formats.js';
import type { ExportCheck } from '../run/exports/check.js';
import { withExamples } from './examples.js';
import { type Io, processIo } from './io.js';
import { share } from './share.js';

interface Options {
  format: FormatName | 'all';
  phase: 'best' | 'classification' | 'triplet';
  quantize?: QuantizationName;
  calibration?: number;
  maxLoss?: number;
  layout: 'nhwc' | 'nchw';
  out?: string;
  force?: true;
}

export function exportVerb(io: Io = processIo()): Command {
  const command = new Command('export')
    .description(
      'Write the model of a run for others to load: RGB images of any size in, embeddings of unit length out, resizing and preprocessing inside ' +
        "(safetensors, keras and tfjs take images of the run's side). It is loaded again by other code and compared with the run's own " +
        'embeddings before it counts; a card beside it says what it is.',
    )
    .argument('[run]', 'a run folder', 'runs/latest')
    .addOption(new Option('--format <name>', 'what to write').choices([...EXPORT_FORMATS, 'all']).default('savedmodel'))
    .addOption(
      new Option('--phase <name>', 'the model that the run chose, or what a phase left')
        .choices(['best', 'classification', 'triplet'])
        .default('best'),
    )
    .addOption(
      new Option(
        '--quantize <type>',
        'kernels in fewer bits (tfjs, tfjs-graph: float16, uint8), or the backbone in int8 (onnx)',
      ).choices(QUANTIZATIONS),
    )
    .option('--calibration <count>', 'training images by which int8 measures ranges; 256 where none is said', count)
    .option('--max-loss <share>', 'refuse what loses more of Recall@1 on the held-out images by quantising, e.g. .01', share)
    .addOption(new Option('--layout <axes>', "the order of an ONNX model's image").choices(['nhwc', 'nchw']).default('nhwc'))
    .option('--out <folder>', 'where to write it; RUN/export/FORMAT where none is named')
    .option('--force', 'replace what lies at --out')
    .action(async (argument: string, options: Options) => {
      const formats = options.format === 'all' ? EXPORT_FORMATS : [options.format];
      const { quantize, maxLoss, out } = options;
      if (quantize !== undefined) refuseQuantized(options.format, quantize);
      if (options.calibration !== undefined && quantize !== 'int8')
        throw new UserError({
          where: '--calibration',
          what: 'only int8 is calibrated',
          expected: '--format onnx --quantize int8 beside it',
        });
      if (maxLoss !== undefined && quantize === undefined)
        throw new UserError({
          where: '--max-loss',
          what: 'nothing is quantised, so nothing is lost',
          expected: '--quantize beside it',
        });
      if (out !== undefined && existsSync(resolve(io.folder, out)) && options.force !== true)
        throw new UserError({
          what: 'something lies there already',
          where: out,
          mend: 'name another folder, or add --force to replace it',
        });
      const { progress } = io;
      const [{ openFinishedRun }, { exportRun }] = await Promise.all([
        import('../run/finished.js'),
        import('../run/export-run.js'),
      ]);
      const run = await openFinishedRun(argument, io.folder, progress);
      const own = [options.phase === 'best' ? '' : `${options.phase}-`, quantize === undefined ? '' : `-${quantize}`] as const;
      const folderOf = (format: FormatName): string => {
        if (out === undefined) return run.folder.file('export', `${own[0]}${format}${own[1]}`);
        return options.format === 'all' ? join(resolve(io.folder, out), format) : resolve(io.folder, out);
      };
      const checks = await exportRun(run, {
        formats,
        phase: options.phase,
        quantization: quantize ?? null,
        ...(options.calibration === undefined ? {} : { calibration: options.calibration }),
        layout: options.layout,
        maxLoss: maxLoss ?? null,
        folderOf,
        progress,
      });
      for (const check of checks) io.stdout.write(`${relative(io.folder, check.folder) || '.'}: ${exportInWords(check)}\n`);
    });
  return withExamples(command, [
    ['ft export --format savedmodel', 'the last run, into its own folder'],
    ['ft export --format tfjs-graph --quantize float16 --out web/model', 'for the browser, half the bytes'],
    ['ft export --format tfjs-graph --quantize uint8 --max-loss .01', 'a quarter of them, unless that finds fewer images'],
    [
      'ft export --format onnx --quantize int8 --max-loss .01',
      'a quarter of the bytes and integer arithmetic, for servers and phones',
    ],
    ['ft export --format all --phase classification', 'every format of what the classification phase left'],
  ]);
}

/** @throws UserError where a format is not written so; it says what there is */
function refuseQuantized(format: Options['format'], quantize: QuantizationName): void {
  const own = format === 'all' ? [] : WRITTEN_AS[format];
  if (own.includes(quantize)) return;
  const others = EXPORT_FORMATS.filter((one) => WRITTEN_AS[one].includes(quantize));
  throw new UserError({
    where: '--quantize',
    what: `${format} is not written as ${quantize}`,
    expected: `--format ${others.join(' or ')}`,
    ...(own.length === 0 ? {} : { mend: `--quantize ${own.join(' or ')}, which ${format} has` }),
  });
}

function count(text: string): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value >= 1)) throw new InvalidArgumentError('a whole number from 1 on was expected');
  return value;
}

const WORDS: Readonly<Record<FormatName, string>> = {
  savedmodel: 'a SavedModel',
  tfjs: 'a tfjs layers model',
  'tfjs-graph': 'a tfjs graph model',
  onnx: 'an ONNX model',
  safetensors: 'weights in safetensors',
  keras: 'a Keras model',
};

/** What an export is and what it was held to. */
export function exportInWords({
  format,
  images,
  smallestCosine,
  tensors,
  largestDifference,
  recall,
  calibrated,
}: ExportCheck): string {
  const held = [
    ...(calibrated === null ? [] : [`int8 by the ranges of ${calibrated} training images`]),
    ...(smallestCosine === null
      ? []
      : [`its embeddings of ${images} images are the run's own (cosine ≥ ${smallestCosine.toFixed(6)})`]),
    ...(largestDifference === null ? [] : [`its probabilities differ by at most ${largestDifference.toExponential(0)}`]),
    ...(recall === null
      ? []
      : [`Recall@1 on ${recall.images} held-out images ${recall.own.toFixed(4)} → ${recall.exported.toFixed(4)}`]),
    ...(tensors === null ? [] : [`its ${tensors} tensors, read again, are the run's own to the last bit`]),
  ];
  return `${WORDS[format]}; ${held.join('; ')}`;
}
