/** `ft weights`: which pre-trained backbones there are, what they are, and how they come into the cache. */
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { publishedAs } from '../backbones/published.js';
import { backbones, pullBackbone, weightsFolder } from '../backbones/pull.js';
import { STAGES } from '../backbones/topology.js';
import { UserError, unknownName } from '../errors.js';
import { type Card, cardNames, readCard } from '../weights/cards.js';
import { pinInWords } from '../weights/fetch/pin.js';
import { cachedWeights } from '../weights/fetch/store.js';
import { withExamples } from './examples.js';
import { type Io, processIo } from './io.js';
import { textTable } from './table.js';
import { checkWeightsVerb } from './weights-check.js';
import { convertWeights, FORMATS } from './weights-convert.js';
import { inspectWeights } from './weights-inspect.js';

export function weightsVerb(io: Io = processIo()): Command {
  const command = new Command('weights').description(
    'List, fetch and show pre-trained backbones. The weights lie in a cache, converted to tfjs layers models.',
  );
  const list = command
    .command('list')
    .description('the sets of weights that ft knows, and which are on this machine')
    .option('--json', 'for tools');
  list.action((options: { json?: true }) => listWeights(options.json === true, io));
  withExamples(list, [['ft weights list', 'names, sizes, licences, where they are']]);

  const pull = command
    .command('pull')
    .description('fetch a set of weights, check it by SHA-256 and convert it into the cache')
    .argument('<name>', 'of the weights')
    .option('--from <folder>', 'take the published files from here, not from the network')
    .option('--again', 'fetch and convert even where the cache is whole')
    .action((name: string, options: { from?: string; again?: true }) => pullWeights(name, options, io));
  withExamples(pull, [
    ['ft weights pull resnet50-thin', "through this machine's pip"],
    ['ft weights pull mobilenet-v1 --from ~/mobilenet_v1_1.0_224', 'a folder with model.json and its weight files'],
  ]);

  const show = command
    .command('show')
    .description('print what is known of a set of weights: source, licence, preprocessing, stages, checks')
    .argument('<name>', 'of the weights')
    .option('--layers', 'every layer with its stage and parameters too (needs the weights on this machine)')
    .option('--up-to <layer>', 'cut at this layer (with --layers)')
    .option('--json', 'the card, for tools')
    .action((name: string, options: { layers?: true; upTo?: string; json?: true }) => showWeights(name, options, io));
  withExamples(show, [
    ['ft weights show resnet50-thin', 'its card'],
    ['ft weights show mobilenet-v1 --layers --up-to conv_pw_12_relu', 'its layers below a cut'],
  ]);
  const inspect = command
    .command('inspect')
    .description('say what a file of weights is, by its content: format, tensors, the network that it fits, how that is fed')
    .argument('<file>', 'any file or folder of weights')
    .option('--tensors', 'every tensor with its shape too')
    .option('--json', 'for tools')
    .action((file: string, options: { tensors?: true; json?: true }) => inspectWeights(file, options, io));
  withExamples(inspect, [
    ['ft weights inspect resnet50-0676ba61.pth', 'which network is this?'],
    ['ft weights inspect model.onnx', 'its layers, in stages'],
  ]);
  const convert = command
    .command('convert')
    .description('write a network of any format in another')
    .argument('<file>', 'any file or folder of weights')
    .addOption(new Option('--to <format>', 'the format to write').choices(FORMATS).makeOptionMandatory())
    .requiredOption('--out <path>', 'where to: a folder for tfjs, else a file')
    .option('--network <name>', 'of these networks that the file fits, this one')
    .option('--classifier', 'with the classifier of ImageNet on top')
    .action((file: string, options: Parameters<typeof convertWeights>[1]) => convertWeights(file, options, io));
  withExamples(convert, [['ft weights convert resnet50-0676ba61.pth --to onnx --out resnet50.onnx', 'from PyTorch to ONNX']]);
  const check = command
    .command('check')
    .description(
      "run a network's own classifier of ImageNet on images whose classes are known, fed as its card says and in other ways",
    )
    .argument('<name>', 'of the weights')
    .requiredOption('--images <folder>', 'photos and a labels.csv with the columns file and class_index (0–999)')
    .option('--json', 'for tools')
    .action((name: string, options: { images: string; json?: true }) => checkWeightsVerb(name, options, io));
  withExamples(check, [['ft weights check efficientnet-lite1 --images imagenet-samples', 'is it read right, is it fed right?']]);
  return withExamples(command, [
    ['ft weights list', 'what there is, what is on this machine'],
    ['ft weights pull resnet50-thin', 'fetch and convert one'],
    ['ft weights show resnet50-thin', 'what it plainly is'],
  ]);
}

async function listWeights(json: boolean, io: Io): Promise<void> {
  const rows = await Promise.all(
    (await cardNames()).map(async (name) => ({ card: await readCard(name), cached: await cachedWeights(weightsFolder(), name) })),
  );
  if (json) {
    const entries = rows.map(({ card, cached }) => ({
      name: card.name,
      title: card.title,
      parameters: card.parameters,
      licence: card.licence.name,
      folder: cached?.folder ?? null,
      missing: cached?.missing ?? [],
    }));
    io.stdout.write(`${JSON.stringify(entries, null, 2)}\n`);
    return;
  }
  const columns = [
    { title: 'weights' },
    { title: 'parameters', align: 'right' as const },
    { title: 'licence' },
    { title: 'here' },
    { title: 'what' },
  ];
  const table = textTable(
    columns,
    rows.map(({ card, cached }) => [card.name, thousands(card.parameters), card.licence.name, hereOf(cached), card.title]),
  );
  io.stdout.write(`${table}\n`);
}

function hereOf(cached: { missing: readonly string[] } | undefined): string {
  if (cached === undefined) return 'no';
  return cached.missing.length === 0 ? 'yes' : `without ${cached.missing.join(', ')}`;
}

async function pullWeights(name: string, options: { from?: string; again?: true }, io: Io): Promise<void> {
  const pulled = await pullBackbone(name, {
    progress: io.progress,
    again: options.again === true,
    ...(options.from === undefined ? {} : { from: resolve(io.folder, options.from) }),
  });
  io.stdout.write(`${pulled.folder}\n`);
}

async function showWeights(name: string, options: { layers?: true; upTo?: string; json?: true }, io: Io): Promise<void> {
  const names = await cardNames();
  if (!names.includes(name)) throw new UserError(unknownName(name, names, 'set of weights'));
  const card = await readCard(name);
  if (options.json) io.stdout.write(`${JSON.stringify(card, null, 2)}\n`);
  else io.stdout.write(describeCard(card, (await cachedWeights(weightsFolder(), name))?.folder));
  if (options.layers || options.upTo !== undefined) io.stdout.write(`\n${await describeLayers(card, options.upTo, io)}\n`);
}

async function describeLayers(card: Card, upTo: string | undefined, io: Io): Promise<string> {
  // TensorFlow is loaded only where layers are asked for: the cards can be read before `make setup`.
  const { loadBackbone } = await import('../backbones/registry.js');
  const { network } = await loadBackbone(card.name, { progress: io.progress, upTo });
  const parameters = new Map<string, number>();
  for (const variable of network.variables.values())
    parameters.set(variable.layer, (parameters.get(variable.layer) ?? 0) + variable.values.length);
  const rows = network.layers.map((layer) => [
    layer.stage,
    layer.name,
    layer.kind,
    parameters.has(layer.name) ? thousands(parameters.get(layer.name) ?? 0) : '',
  ]);
  return textTable([{ title: 'stage' }, { title: 'layer' }, { title: 'kind' }, { title: 'parameters', align: 'right' }], rows);
}

/** A card as text. */
export function describeCard(card: Card, folder: string | undefined): string {
  const place = featuresOf(card);
  const lines: [string, string][] = [
    ['what', card.what],
    ['source', describeSource(card)],
    ['licence', `${card.licence.name}, ${card.licence.of}${card.licence.note === undefined ? '' : `; ${card.licence.note}`}`],
    ['parameters', `${thousands(card.parameters)} up to ${place.output}, whose ${place.features} channels are pooled`],
    ['trained at', `${card.side} px`],
    ['published', card.published],
    ['in ft', `RGB, (value − [${card.preprocessing.mean.join(', ')}]) / [${card.preprocessing.std.join(', ')}]`],
    ['stages', place.stages],
    [
      'checked',
      card.measured.map(({ check, figure, command }) => `${check}: ${figure}\n  ${command}`).join('\n') || 'not measured yet',
    ],
    ['on disk', folder ?? ('network' in card || backbones.has(card.name) ? `not yet: ft weights pull ${card.name}` : 'not yet')],
  ];
  const body = lines.flatMap(([title, text]) => wrap(text, 68).map((line, at) => `${(at === 0 ? title : '').padEnd(12)}${line}`));
  return `${card.name}: ${card.title}\n\n${body.join('\n')}\n`;
}

/** Where a network ends in its feature map, and its stages in words. */
function featuresOf(card: Card): { output: string; features: number; stages: string } {
  if (!('network' in card)) {
    const { output, features } = card;
    const stages = Object.entries(card.stages).map(([stage, globs]) => `${stage}: ${globs.join(' ')}`);
    return { output, features, stages: stages.join('\n') };
  }
  const { layers, output, features } = publishedAs(card).variant.topology();
  const ends = STAGES.map((stage) => `${stage}: up to ${layers.findLast((layer) => layer.stage === stage)?.name}`);
  return { output, features, stages: ends.join('\n') };
}

function describeSource(card: Card): string {
  const { source } = card;
  switch (source.kind) {
    case 'pypi':
      return `PyPI ${source.package} ${source.version}, ${source.member}\nSHA-256 ${source.memberSha256}`;
    case 'url':
      return `${source.urls.join('\n')}\n${pinInWords(source.pin)}`;
    case 'tfjs':
      return `${source.url}\n${Object.keys(source.files).length} files pinned by SHA-256`;
    case 'folder':
      return source.folder;
  }
}

function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else line = line === '' && lines.length === 0 ? word : `${line} ${word}`;
    }
    return [...lines, line];
  });
}

function thousands(count: number): string {
  return count.toLocaleString('en-US');
}
