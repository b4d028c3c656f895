/** TensorBoard's messages, encoded by protobufjs after the definitions in `tensorboard.proto`. */
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import type { Histogram } from './figures.js';

const { root } = protobuf.parse(readFileSync(new URL('tensorboard.proto', import.meta.url), 'utf8'), { keepCase: true });
const Event = root.lookupType('Event');
const HParamsPluginData = root.lookupType('HParamsPluginData');

/** TensorFlow's numbers for types of tensors, and TensorBoard's for what a tensor means. */
const DT = { float: 1, double: 2, string: 7 } as const;
const TENSOR_CLASS = 2;
const SESSION_START = 1;
const STATUS = { finished: 1, failed: 2, stopped: 2 } as const;
const HPARAM_TYPE = { string: 1, boolean: 2, number: 3 } as const;

/** What a parameter of a recipe may be once its keys are flattened. */
export type Parameter = string | number | boolean;

/** One value under a tag; what an event holds is a list of these. */
export type SummaryValue = Readonly<Record<string, unknown>> & { readonly tag: string };

export function scalar(tag: string, value: number): SummaryValue {
  return { tag, simple_value: value };
}

/** Markdown that TensorBoard shows on its page of texts. */
export function text(tag: string, markdown: string): SummaryValue {
  return {
    tag,
    metadata: { plugin_data: { plugin_name: 'text' }, data_class: TENSOR_CLASS },
    tensor: { dtype: DT.string, tensor_shape: { dim: [{ size: 1 }] }, string_val: [Buffer.from(markdown)] },
  };
}

/** Rows of (left edge, right edge, count) in doubles, as TensorBoard's second format of histograms has them. */
export function histogram(tag: string, { edges, counts }: Histogram): SummaryValue {
  const rows = Float64Array.from({ length: counts.length * 3 }, (_, at) => {
    const bin = Math.floor(at / 3);
    return (at % 3 === 2 ? counts[bin] : edges[bin + (at % 3)]) as number;
  });
  return {
    tag,
    metadata: { plugin_data: { plugin_name: 'histograms' }, data_class: TENSOR_CLASS },
    tensor: {
      dtype: DT.double,
      tensor_shape: { dim: [{ size: counts.length }, { size: 3 }] },
      tensor_content: new Uint8Array(rows.buffer),
    },
  };
}

/** The recipe's keys and when the run began, for the page that sets runs side by side. `metrics` are tags of scalars. */
export function hparams(
  parameters: Readonly<Record<string, Parameter>>,
  metrics: readonly string[],
  startedSeconds: number,
): SummaryValue[] {
  const entries = Object.entries(parameters);
  const kind = (value: Parameter) => typeof value as keyof typeof HPARAM_TYPE;
  return [
    hparamsValue('experiment', {
      experiment: {
        hparam_infos: entries.map(([name, value]) => ({ name, type: HPARAM_TYPE[kind(value)] })),
        metric_infos: metrics.map((tag) => ({ name: { tag }, display_name: tag })),
      },
    }),
    hparamsValue('session_start_info', {
      session_start_info: {
        hparams: Object.fromEntries(
          entries.map(([name, value]) => [name, { [`${kind(value) === 'boolean' ? 'bool' : kind(value)}_value`]: value }]),
        ),
        start_time_secs: startedSeconds,
      },
    }),
  ];
}

/** How the run ended, for the same page. */
export function hparamsEnd(status: keyof typeof STATUS, seconds: number): SummaryValue {
  return hparamsValue('session_end_info', { session_end_info: { status: STATUS[status], end_time_secs: seconds } });
}

function hparamsValue(name: string, content: Record<string, unknown>): SummaryValue {
  const encoded = HParamsPluginData.encode(HParamsPluginData.fromObject(content)).finish();
  return {
    tag: `_hparams_/${name}`,
    metadata: { plugin_data: { plugin_name: 'hparams', content: encoded } },
    // The plugin looks at the metadata alone; a value without a tensor would be dropped.
    tensor: { dtype: DT.float, tensor_shape: { dim: [{ size: 1 }] }, tensor_content: new Uint8Array(4) },
  };
}

/** The first event of every file. */
export function fileVersion(seconds: number): Uint8Array {
  return encode({ wall_time: seconds, file_version: 'brain.Event:2' });
}

/** Says that a run begins anew: whatever a running TensorBoard has read of it before is dropped. */
export function sessionStart(seconds: number): Uint8Array {
  return encode({ wall_time: seconds, step: 0, session_log: { status: SESSION_START } });
}

export function summaryEvent(seconds: number, step: number, value: readonly SummaryValue[]): Uint8Array {
  return encode({ wall_time: seconds, step, summary: { value } });
}

function encode(event: Record<string, unknown>): Uint8Array {
  return Event.encode(Event.fromObject(event)).finish();
}

/** What an event says, as plain objects with the names of `tensorboard.proto`. @throws where the bytes are no event */
export interface DecodedEvent {
  wall_time?: number;
  step: number;
  file_version?: string;
  session_log?: { status: number };
  summary?: { value: (Record<string, unknown> & { tag: string; simple_value?: number })[] };
}

export function decodeEvent(bytes: Uint8Array): DecodedEvent {
  return { step: 0, ...Event.toObject(Event.decode(bytes), { longs: Number }) } as DecodedEvent;
}
