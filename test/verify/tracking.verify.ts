import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, renameSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ftChild, signalWhen } from '../run/children.js';
import { hasRun, onlyRun, readJson, readLines, setting, sharedFolder, TINY } from '../run/runs.js';
import { differences } from './near.js';
import { pythonOf, runPython } from './python.js';

const TRACK = fileURLToPath(new URL('../track/', import.meta.url));
const LONG = [...TINY, 'classification.epochs=8', 'triplet.epochs=8'];

it("the golden of records and events is what TensorBoard's own package writes", () => {
  const fresh: unknown = JSON.parse(runPython('track', [join(TRACK, 'golden.py')]));
  expect(fresh).toEqual(JSON.parse(readFileSync(join(TRACK, 'golden.json'), 'utf8')));
});

interface Read {
  runs: Record<string, Record<string, { plugin: string; values: [step: number, time: number, value: unknown][] }>>;
  sessions: { status: string; hparams: Record<string, unknown>; metrics: Record<string, number> }[];
}

describe('a run that was stopped and resumed', () => {
  const folder = sharedFolder();
  const mlflow = mlflowServer(join(folder, 'mlflow'));
  let run: string;
  let api: (path: string, body?: unknown) => Promise<Record<string, never>>;
  let read: Read['runs'][string];
  let sessions: Read['sessions'];

  beforeAll(async () => {
    // A server that has just started takes its time on a busy machine.
    vi.stubEnv('MLFLOW_HTTP_REQUEST_TIMEOUT', '60');
    const uri = await mlflow.start();
    api = async (path, body) => {
      const answer = await fetch(`${uri}/api/2.0/mlflow/${path}`, {
        ...(body === undefined
          ? {}
          : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      return (await answer.json()) as Record<string, never>;
    };
    const keys = setting(...LONG, `track.mlflow={uri: "${uri}", experiment: shoes & more}`);
    const runs = join(folder, 'runs');
    const during = () => hasRun(runs) && readLines(onlyRun(runs), 'metrics.jsonl').length >= 3;
    const { code } = await signalWhen(ftChild(['train', 'smoke', ...keys], folder), 'SIGINT', during);
    expect(code).toBe(130);
    run = onlyRun(runs);
    expect(await statuses()).toEqual(['KILLED']);
    // An hour of the server's absence: the run goes on without it, and tells it afterwards.
    await mlflow.stop();
    const without = await signalWhen(
      ftChild(['train', '--resume', run], folder),
      'SIGINT',
      () => readLines(run, 'metrics.jsonl').length >= 6,
    );
    expect(without.err.match(/MLflow at .* cannot be reached/g)).toHaveLength(1);
    await mlflow.start();
    const last = await ftChild(['train', '--resume', run], folder).ended;
    expect([last.code, last.err]).toEqual([0, expect.not.stringContaining('misses')]);
    // A second name for the same folder would be a second run.
    renameSync(join(runs, 'latest'), join(folder, 'latest'));
    ({
      runs: { [`${run.slice(runs.length + 1)}/tensorboard`]: read = {} },
      sessions,
    } = JSON.parse(
      runPython('track', [join(TRACK, 'read_events.py'), runs])
        .trim()
        .split('\n')
        .at(-1) as string,
    ) as Read);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await mlflow.stop();
  });

  const found = async () => {
    const { experiment } = await api(`experiments/get-by-name?experiment_name=${encodeURIComponent('shoes & more')}`);
    const { runs } = await api('runs/search', {
      experiment_ids: [(experiment as unknown as { experiment_id: string }).experiment_id],
    });
    return (runs ?? []) as {
      info: { run_id: string; status: string; run_name: string };
      data: { params: { key: string; value: string }[]; tags: { key: string; value: string }[] };
    }[];
  };
  const statuses = async () => (await found()).map(({ info }) => info.status);
  /** Every figure of metrics.jsonl: name, epoch, value. */
  const logged = () =>
    readLines(run, 'metrics.jsonl').flatMap(({ phase, epoch, ...rest }) =>
      Object.entries(rest).flatMap(([key, value]) =>
        typeof value === 'number' ? [{ tag: `${phase}/${key}`, epoch, value }] : [],
      ),
    );

  it('is read by TensorBoard with every figure of every epoch once, and nothing twice', () => {
    expect(logged().length).toBeGreaterThan(16 * 5);
    const tags = new Set(logged().map(({ tag }) => tag));
    for (const tag of tags) {
      const wanted = logged().filter((one) => one.tag === tag);
      const values = read[tag]?.values.map(([step, , value]) => ({ epoch: step, value }));
      expect(
        differences(
          wanted.map(({ epoch, value }) => ({ epoch, value })),
          values,
          { relative: 1e-6, absolute: 1e-9 },
        ),
        tag,
      ).toEqual([]);
    }
    for (const { epoch, distances } of readLines(run, 'metrics.jsonl').filter(({ phase }) => phase === 'triplet')) {
      for (const side of ['positive', 'negative']) {
        const found = read[`triplet/distances/${side}`];
        expect(found?.plugin).toBe('histograms');
        const bins = distances[side].map((count: number, bin: number) => [distances.edges[bin], distances.edges[bin + 1], count]);
        expect(found?.values.find(([step]) => step === epoch)?.[2], `${side} ${epoch}`).toEqual(bins);
      }
    }
    const times = read['triplet/loss']?.values.map(([, time]) => time) ?? [];
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('shows TensorBoard its recipe, its scores as text, and itself among the runs that are set side by side', () => {
    expect(read.recipe?.plugin).toBe('text');
    expect(String(read.scores?.values[0]?.[2])).toContain('triplet-whitened | 8 |');
    const { exported, ...rows } = readJson(run, 'scores.json');
    expect(sessions).toHaveLength(1);
    expect(sessions[0]).toMatchObject({ status: 'STATUS_SUCCESS', hparams: { seed: 0, 'triplet.epochs': 8, recipe: 'smoke' } });
    expect(sessions[0]?.metrics['exported/map_at_r']).toBeCloseTo(rows[exported].map_at_r, 6);
  });

  it('is one run on the real MLflow server, with every figure of every epoch once', async () => {
    const [only, ...more] = await found();
    expect(more).toEqual([]);
    expect(only?.info).toMatchObject({ status: 'FINISHED', run_name: run.split('/').at(-1) });
    for (const tag of ['classification/loss', 'triplet/loss', 'triplet/validation']) {
      const { metrics } = await api(`metrics/get-history?run_id=${only?.info.run_id}&metric_key=${encodeURIComponent(tag)}`);
      const values = (metrics as unknown as { step: number; value: number }[]).map(({ step, value }) => ({
        epoch: Number(step),
        value,
      }));
      const wanted = logged().filter((one) => one.tag === tag);
      expect(
        values.sort((a, b) => a.epoch - b.epoch),
        tag,
      ).toEqual(wanted.map(({ epoch, value }) => ({ epoch, value })));
    }
    const params = Object.fromEntries(only?.data.params.map(({ key, value }) => [key, value]) ?? []);
    expect(params).toMatchObject({ recipe: 'smoke', seed: '0', 'triplet.epochs': '8' });
    const tags = Object.fromEntries(only?.data.tags.map(({ key, value }) => [key, value]) ?? []);
    expect(tags['ft.exported']).toBe(readJson(run, 'scores.json').exported);
    expect(tags['mlflow.note.content']).toContain('triplet-whitened | 8 |');
    expect(readJson(run, 'mlflow.json')).toMatchObject({ waiting: [], run_id: only?.info.run_id });
  });
});

/** The server of the `mlflow` package, on one free port and one data base for all its starts. */
function mlflowServer(data: string) {
  let child: ChildProcess | undefined;
  let port: number | undefined;
  return {
    async start(): Promise<string> {
      port ??= await freePort();
      const store = ['--backend-store-uri', `sqlite:///${data}.db`, '--default-artifact-root', `${data}-artifacts`];
      const place = ['--host', '127.0.0.1', '--port', String(port), '--workers', '1'];
      // A group of its own: the server starts workers, which must end with it.
      child = spawn(pythonOf('track'), ['-m', 'mlflow', 'server', ...place, ...store], { stdio: 'ignore', detached: true });
      const uri = `http://127.0.0.1:${port}`;
      for (let waited = 0; ; waited++) {
        const up = await fetch(`${uri}/health`).then(
          ({ ok }) => ok,
          () => false,
        );
        if (up) return uri;
        if (waited > 600) throw new Error('the MLflow server does not start');
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    },
    async stop(): Promise<void> {
      const running = child;
      child = undefined;
      if (running?.pid === undefined) return;
      const ended = new Promise((resolve) => running.once('exit', resolve));
      process.kill(-running.pid, 'SIGTERM');
      await ended;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
