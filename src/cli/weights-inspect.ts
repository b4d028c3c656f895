import { resolve } from 'node:path';
import type { Fit } from '../backbones/fit.js';
import { MINUS_ONE_TO_ONE } from '../backbones/layout.js';
import type { Network } from '../network/network.js';
import type { NamedTensors } from '../weights/named-tensor.js';
import type { Io } from './io.js';
import { textTable } from './table.js';

/** Networks that are shown at most. */
const SHOWN = 5;

/** `ft weights inspect`: what a file of weights is, and which network it fits. */
export async function inspectWeights(file: string, options: { tensors?: true; json?: true }, io: Io): Promise<void> {
  const [{ openWeights }, { fitsOf, withoutPrefix }] = await Promise.all([
    import('../weights/open.js'),
    import('../backbones/fit.js'),
  ]);
  const opened = await openWeights(resolve(io.folder, file));
  const tensors = opened.tensors === null ? null : withoutPrefix(opened.tensors);
  const fits = tensors === null ? [] : fitsOf(tensors);
  const own = opened.network !== null && fits[0]?.whole !== true;
  const network = own ? await opened.network?.({ name: file, preprocessing: MINUS_ONE_TO_ONE }) : undefined;
  if (options.json) {
    io.stdout.write(
      `${JSON.stringify({ file, format: opened.format, ...facts(tensors, network), fits: fits.map(fitJson) }, null, 2)}\n`,
    );
    return;
  }
  io.stdout.write(
    `${file}: ${opened.format}\n${described(tensors, network)}\n${fitsInWords(fits)}${preprocessingInWords(fits[0], network)}`,
  );
  if (options.tensors === true && tensors !== null) io.stdout.write(`\n${tensorTable(tensors)}\n`);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

function facts(tensors: NamedTensors | null, network: Network | undefined) {
  return {
    tensors: tensors === null ? null : tensors.size,
    parameters: tensors === null ? null : [...tensors.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    layers: network === undefined ? null : network.layers.length,
    stages: network?.stages ?? null,
  };
}

function described(tensors: NamedTensors | null, network: Network | undefined): string {
  const lines: string[] = [];
  const { tensors: count, parameters } = facts(tensors, network);
  if (count !== null) lines.push(`${count} tensors of ${parameters?.toLocaleString('en-US')} numbers`);
  if (network !== undefined) {
    const stages = network.stages.map(
      (stage) => `${stage} to ${network.layers.findLast((layer) => layer.stage === stage)?.name}`,
    );
    lines.push(
      `its own graph of ${network.layers.length} layers up to ${network.output}, ${network.features} channels`,
      `stages: ${stages.join(', ')}`,
    );
  }
  return lines.join('\n');
}

function fitJson({ variant, layout, found, wanted, left, whole, classifier }: Fit) {
  return { network: variant.name, publisher: layout.name, found, wanted, left, whole, classifier };
}

function fitsInWords(fits: readonly Fit[]): string {
  if (fits.length === 0) return '\nno network that ft knows has such tensors\n';
  const table = textTable(
    [
      { title: 'network' },
      { title: 'stored as' },
      { title: 'found', align: 'right' as const },
      { title: 'left over', align: 'right' as const },
      { title: '' },
    ],
    fits
      .slice(0, SHOWN)
      .map(({ variant, layout, found, wanted, left, whole, classifier }) => [
        variant.name,
        layout.name,
        `${found} of ${wanted}`,
        String(left),
        whole ? (classifier ? 'fits, with its classifier' : 'fits') : '',
      ]),
  );
  return `\n${table}\n`;
}

function preprocessingInWords(fit: Fit | undefined, network: Network | undefined): string {
  const known = fit?.whole === true ? fit.layout : undefined;
  const preprocessing = known?.preprocessing ?? network?.preprocessing;
  if (preprocessing === undefined) return '';
  const why =
    known === undefined
      ? 'the graph does not say all of it: taken as −1 … 1 where it does not'
      : `what ${known.name} trained ${fit?.variant.name} on${known.bgr === true ? ', blue first (turned round when it is read)' : ''}`;
  return `\nfed with RGB, (value − [${preprocessing.mean.join(', ')}]) / [${preprocessing.std.join(', ')}]: ${why}\n`;
}

function tensorTable(tensors: NamedTensors): string {
  return textTable(
    [{ title: 'tensor' }, { title: 'shape' }],
    [...tensors].map(([name, { shape }]) => [name, `[${shape.join(', ')}]`]),
  );
}
