/** What MLflow is told, as bodies of its calls, cut to the sizes that it takes. */
import type { RunEnd, TrackedScores } from './tracker.js';

/** A call on one run; its id is added when it is sent. */
export interface Message {
  readonly path: 'runs/log-batch' | 'runs/set-tag' | 'runs/update';
  readonly body: Readonly<Record<string, unknown>>;
}

/** What one `log-batch` takes, and the longest value of a parameter and of a tag. Source: MLflow's REST documentation. */
const METRICS = 1000;
const PARAMETERS = 100;
const PARAMETER_LETTERS = 500;
const TAG_LETTERS = 5000;

/** Metrics of one epoch; `time` in milliseconds. Told again with the same time, the server keeps them once. */
export function metricMessages(scalars: ReadonlyMap<string, number>, step: number, time: number): Message[] {
  const metrics = [...scalars].map(([key, value]) => ({ key: mlflowName(key), value, timestamp: Math.round(time), step }));
  return parts(metrics, METRICS).map((part) => ({ path: 'runs/log-batch', body: { metrics: part } }));
}

export function parameterMessages(parameters: Readonly<Record<string, string | number | boolean>>): Message[] {
  const params = Object.entries(parameters).map(([key, value]) => ({
    key: mlflowName(key),
    value: cut(String(value), PARAMETER_LETTERS),
  }));
  return parts(params, PARAMETERS).map((part) => ({ path: 'runs/log-batch', body: { params: part } }));
}

/** Each row's scores, those of the exported row under `exported/` too, and the table as the run's description. */
export function scoreMessages({ rows, exported, markdown, finished }: TrackedScores): Message[] {
  const scalars = new Map<string, number>();
  for (const { name, figures } of rows) {
    for (const [metric, value] of Object.entries(figures)) {
      scalars.set(`scores/${name}/${metric}`, value);
      if (name === exported) scalars.set(`exported/${metric}`, value);
    }
  }
  return [
    ...metricMessages(scalars, 0, finished),
    { path: 'runs/set-tag', body: { key: 'ft.exported', value: exported } },
    { path: 'runs/set-tag', body: { key: 'mlflow.note.content', value: cut(markdown, TAG_LETTERS) } },
  ];
}

const STATUS: Readonly<Record<RunEnd, string>> = { finished: 'FINISHED', stopped: 'KILLED', failed: 'FAILED' };

export function endMessage(how: RunEnd, time: number): Message {
  return { path: 'runs/update', body: { status: STATUS[how], end_time: Math.round(time) } };
}

/** MLflow's names hold letters of ASCII, digits, and _ - . / and spaces. */
function mlflowName(name: string): string {
  return name.replace(/[^\w\-./ ]/g, '_').slice(0, 250);
}

function cut(text: string, letters: number): string {
  return text.length <= letters ? text : `${text.slice(0, letters - 1)}…`;
}

function parts<T>(values: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, i) => values.slice(i * size, (i + 1) * size));
}
