/** The tables of docs/exports.md. */
import { power } from '../backbones/table.js';
import { median } from '../bench/figures.js';
import { markdown } from '../bench/report.js';
import type { Figure } from './consumers.js';

/** What one network's exports were found to be. */
export interface Measured {
  readonly name: string;
  readonly figures: readonly Figure[];
}

const FORMATS: Readonly<Record<string, string>> = {
  savedmodel: 'SavedModel',
  onnx: 'ONNX',
  'tfjs-graph': 'tfjs graph model',
  tfjs: 'tfjs layers model',
  keras: 'Keras',
  safetensors: 'safetensors',
};

/** `tfjs uint8` as a person says it. */
function formatInWords(format: string): string {
  const [name = '', quantization] = format.split(' ');
  return [FORMATS[name] ?? name, ...(quantization === undefined ? [] : [quantization])].join(', ');
}

/** A row for each format and consumer, with the largest of what all networks came to. */
export function consumersTable(measured: readonly Measured[]): string {
  const rows = new Map<string, { format: string; consumer: string; networks: Set<string>; worst: Map<string, number> }>();
  for (const { name, figures } of measured)
    for (const { format, consumer, measure, value } of figures) {
      const key = `${format}\n${consumer}`;
      const row = rows.get(key) ?? { format, consumer, networks: new Set(), worst: new Map() };
      rows.set(key, row);
      row.networks.add(name);
      row.worst.set(measure, Math.max(row.worst.get(measure) ?? 0, value));
    }
  const cell = (value: number | undefined) => (value === undefined ? '–' : power(Math.max(0, value).toExponential(1)));
  const order = Object.keys(FORMATS);
  const sorted = [...rows.values()].sort(
    (a, b) => order.indexOf(a.format.split(' ')[0] as string) - order.indexOf(b.format.split(' ')[0] as string),
  );
  return markdown(
    ['format', 'consumer', 'networks', 'largest difference', '1 − smallest cosine'],
    sorted.map(({ format, consumer, networks, worst }) => [
      formatInWords(format),
      consumer,
      [...networks].join(', '),
      cell(worst.get('difference')),
      cell(worst.get('1 − cosine')),
    ]),
    [0, 1, 2],
  );
}

/** An export's size, and how long it took in each round until it was loaded, and until it had answered for the first time. */
export interface Cost {
  readonly network: string;
  readonly format: string;
  readonly bytes: number;
  readonly loaded: readonly number[];
  /** Empty where the format holds weights alone. */
  readonly answered: readonly number[];
}

/** Sizes and times as ratios to the SavedModel's of the same network, times inside a round. */
export function costsTable(costs: readonly Cost[]): string {
  const networks = [...new Set(costs.map(({ network }) => network))];
  const formats = [...new Set(costs.map(({ format }) => format))];
  const of = (network: string, format: string) => costs.find((cost) => cost.network === network && cost.format === format);
  const times = (a: readonly number[] = [], b: readonly number[] = []) =>
    a.length === 0 ? '–' : median(a.map((value, at) => value / (b[at] as number))).toFixed(2);
  return markdown(
    ['format', ...networks.flatMap((name) => [`${name}: size`, 'loaded in', 'first answer in'])],
    formats.map((format) => [
      formatInWords(format),
      ...networks.flatMap((network) => {
        const [cost, base] = [of(network, format), of(network, 'savedmodel')];
        if (cost === undefined || base === undefined) return ['–', '–', '–'];
        return [(cost.bytes / base.bytes).toFixed(2), times(cost.loaded, base.loaded), times(cost.answered, base.answered)];
      }),
    ]),
    0,
  );
}
