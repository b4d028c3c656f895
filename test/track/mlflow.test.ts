import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mlflow } from '../../src/track/mlflow.js';
import { mlflowServer } from '../../src/track/mlflow-server.js';
import type { TrackedRun } from '../../src/track/tracker.js';
import { type StubServer, stubServer } from './stub-server.js';

const root = mkdtempSync(join(tmpdir(), 'ft-mlflow-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const run: TrackedRun = {
  name: 'a-run',
  recipeName: 'smoke',
  recipeText: '',
  parameters: {
    seed: 0,
    'data.side': 64,
    long: 'x'.repeat(900),
    ...Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`k${i}`, i])),
  },
  started: 1_700_000_000_000,
  tags: { 'ft.recipe': 'smoke' },
};
const scores = {
  rows: [
    { name: 'before', figures: { map_at_r: 0.25 } },
    { name: 'triplet', figures: { map_at_r: 0.5 } },
  ],
  exported: 'triplet',
  markdown: '| row |',
  finished: 1_700_000_500_000,
};
const line = (epoch: number, loss = 1 / 2 ** epoch) => ({ phase: 'triplet', epoch, loss });

let stub: StubServer;
let file: string;
let said: string[];
let clock: number;
const progress = { bar: () => ({ advance() {}, done() {} }), line: (text: string) => void said.push(text) };
const open = (uri = stub.uri, env: Record<string, string> = {}) =>
  mlflow(file, run, { server: mlflowServer(uri, env), experiment: 'shoes', progress, now: () => clock });
const state = () => JSON.parse(readFileSync(file, 'utf8'));

beforeEach(async () => {
  stub = await stubServer();
  file = join(mkdtempSync(join(root, 'run-')), 'mlflow.json');
  said = [];
  clock = 1_700_000_100_000;
});
afterEach(() => stub.close());

describe('a run that MLflow is told of', () => {
  it('has its parameters, its metrics by epoch, its scores and its end, in an experiment that is made', async () => {
    const tracker = await open();
    await tracker.restate([]);
    await tracker.logged(line(1));
    clock += 1000;
    await tracker.logged(line(2));
    await tracker.scored(scores);
    await tracker.ended('finished');
    expect(said).toEqual([]);
    expect([...stub.runs.keys()]).toEqual(['run1']);
    const { name, status, tags, params } = stub.runs.get('run1') as NonNullable<ReturnType<typeof stub.runs.get>>;
    expect([name, status]).toEqual(['a-run', 'FINISHED']);
    expect(Object.fromEntries(tags)).toMatchObject({
      'ft.recipe': 'smoke',
      'ft.exported': 'triplet',
      'mlflow.note.content': '| row |',
    });
    expect(params.size).toBe(153);
    expect(params.get('data.side')).toBe('64');
    expect(params.get('long')).toHaveLength(500);
    for (const { path, body } of stub.calls) {
      if (path === 'runs/log-batch') expect((body.params as unknown[] | undefined)?.length ?? 0).toBeLessThanOrEqual(100);
    }
    expect(stub.metricsOf('run1')).toEqual([
      'triplet/loss 1 0.5 1700000100000',
      'triplet/loss 2 0.25 1700000101000',
      'scores/before/map_at_r 0 0.25 1700000500000',
      'scores/triplet/map_at_r 0 0.5 1700000500000',
      'exported/map_at_r 0 0.5 1700000500000',
    ]);
    expect(state()).toMatchObject({ run_id: 'run1', waiting: [], told: ['triplet 1 0.5', 'triplet 2 0.25'] });
  });

  it('goes on as the same MLflow run when it is resumed, and epochs that come again are told once', async () => {
    const first = await open();
    await first.restate([]);
    await first.logged(line(1));
    await first.logged(line(2));
    await first.ended('stopped');
    expect(stub.runs.get('run1')?.status).toBe('KILLED');
    clock += 60_000;
    const second = await open();
    await second.restate([line(1)]);
    expect(stub.runs.get('run1')?.status).toBe('RUNNING');
    await second.logged(line(2));
    await second.logged(line(3));
    await second.ended('finished');
    expect([...stub.runs].map(([id, { status }]) => `${id} ${status}`)).toEqual(['run1 FINISHED']);
    expect(stub.metricsOf('run1').map((text) => text.split(' ').slice(0, 2).join(' '))).toEqual([
      'triplet/loss 1',
      'triplet/loss 2',
      'triplet/loss 3',
    ]);
  });

  it('is told of epochs that come again with other figures, because the phase began anew after a collapse', async () => {
    const tracker = await open();
    await tracker.restate([]);
    await tracker.logged(line(1));
    await tracker.restate([]);
    await tracker.logged(line(1, 0.375));
    await tracker.ended('finished');
    expect(stub.metricsOf('run1').map((text) => text.split(' ').slice(0, 3).join(' '))).toEqual([
      'triplet/loss 1 0.5',
      'triplet/loss 1 0.375',
    ]);
  });

  it('is told whole to another server than it began on', async () => {
    const first = await open();
    await first.restate([]);
    await first.logged(line(1));
    await first.ended('stopped');
    const other = await stubServer();
    const second = await open(other.uri);
    await second.restate([line(1)]);
    await second.ended('finished');
    expect(other.metricsOf('run1')).toHaveLength(1);
    await other.close();
  });
});

describe('a server that fails', () => {
  it('from the start is named once; the training goes on, and a resumed run tells it everything', async () => {
    const { uri } = stub;
    await stub.close();
    const first = await open(uri);
    await first.restate([]);
    for (const epoch of [1, 2, 3]) await first.logged(line(epoch));
    await first.ended('finished');
    expect(said).toEqual([
      `MLflow at ${uri}: it cannot be reached (ECONNREFUSED); training goes on, and what is missing there is sent later (at the end, or by \`ft train --resume\`)`,
      expect.stringMatching(/^MLflow at .* misses 6 messages of this run; `ft train --resume` sends them$/),
    ]);
    stub = await stubServer();
    // The server is back under its old address: here, another port.
    const kept = state();
    const { writeFileSync } = await import('node:fs');
    writeFileSync(file, JSON.stringify({ ...kept, server: stub.uri }));
    const second = await open();
    await second.restate([1, 2, 3].map((epoch) => line(epoch)));
    await second.ended('finished');
    expect(stub.metricsOf('run1')).toHaveLength(3);
    expect(stub.runs.get('run1')?.params.size).toBe(153);
    expect(said).toHaveLength(2);
  });

  it('in the middle gets what it missed, in order, as soon as it takes something again', async () => {
    const tracker = await open();
    await tracker.restate([]);
    stub.fail.set('runs/log-batch', (response) => void response.writeHead(503).end('<html>busy</html>'));
    await tracker.logged(line(1));
    await tracker.logged(line(2));
    await expect.poll(() => said).toEqual([expect.stringContaining('it answers 503 and not as MLflow does; training goes on')]);
    stub.fail.clear();
    await tracker.logged(line(3));
    await tracker.ended('finished');
    expect(said.slice(1)).toEqual([`MLflow at ${stub.uri} takes what it is told again; nothing is missing there`]);
    expect(stub.metricsOf('run1').map((text) => text.split(' ')[1])).toEqual(['1', '2', '3']);
  });

  it('whose answer to the making of the run is lost does not get a second run', async () => {
    // The stub keeps the run, and the connection breaks before it says so.
    const { createServer } = await import('node:http');
    let breaks = 1;
    const between = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const body = Buffer.concat(parts);
      const answer = await fetch(`${stub.uri}${request.url}`, {
        method: request.method as string,
        headers: { 'content-type': 'application/json' },
        ...(body.length === 0 ? {} : { body }),
      });
      const text = await answer.text();
      if (request.url?.endsWith('runs/create') && breaks-- > 0) response.destroy();
      else response.writeHead(answer.status).end(text);
    });
    await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
    const uri = `http://127.0.0.1:${(between.address() as { port: number }).port}`;
    const tracker = await open(uri);
    await tracker.restate([]);
    expect(said).toHaveLength(1);
    await tracker.logged(line(1));
    await tracker.ended('finished');
    between.close();
    between.closeAllConnections();
    expect([...stub.runs].map(([id, { status }]) => `${id} ${status}`)).toEqual(['run1 FINISHED']);
    expect(stub.metricsOf('run1')).toHaveLength(1);
    expect(state().waiting).toEqual([]);
  });

  it('that is slow does not hold a training up', async () => {
    const tracker = await open();
    await tracker.restate([]);
    const held: ServerResponse[] = [];
    stub.fail.set('runs/log-batch', (response) => void held.push(response));
    // None of them would come to its end if it waited: what is held is answered below.
    for (let epoch = 1; epoch <= 5; epoch++) await tracker.logged(line(epoch));
    await expect.poll(() => held.length).toBe(1);
    stub.fail.clear();
    held[0]?.end('{}');
    await tracker.ended('finished');
    expect(said).toEqual([]);
    // The stub forgot what it held; the others came behind it, in order.
    expect(stub.metricsOf('run1').map((text) => text.split(' ')[1])).toEqual(['2', '3', '4', '5']);
  });

  it('that never answers is given up after the time that MLFLOW_HTTP_REQUEST_TIMEOUT says', async () => {
    stub.fail.set('experiments/get-by-name', () => undefined);
    const tracker = await open(stub.uri, { MLFLOW_HTTP_REQUEST_TIMEOUT: '0.2' });
    await tracker.restate([]);
    expect(said).toEqual([expect.stringContaining('it does not answer within 0.2 s')]);
  });

  it('that refuses one thing for good loses that alone', async () => {
    const tracker = await open();
    await tracker.restate([]);
    stub.fail.set(
      'runs/set-tag',
      (response) => void response.writeHead(400).end('{"error_code":"INVALID_PARAMETER_VALUE","message":"too long\\nstack"}'),
    );
    await tracker.scored(scores);
    await tracker.ended('finished');
    expect(said).toEqual(
      Array(2).fill(expect.stringMatching(/refused something, which is left out: INVALID_PARAMETER_VALUE: too long$/)),
    );
    expect(stub.runs.get('run1')?.status).toBe('FINISHED');
    expect(state().waiting).toEqual([]);
  });

  it('that wants credentials is told those of the environment, and without them says where they come from', async () => {
    stub.fail.set('experiments/get-by-name', (response) => void response.writeHead(401).end('no'));
    await (await open()).restate([]);
    expect(said[0]).toContain(
      'it refuses the credentials (401); they come from MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME',
    );
    await (await open(stub.uri, { MLFLOW_TRACKING_TOKEN: 'abc' })).restate([]);
    await (await open(stub.uri, { MLFLOW_TRACKING_USERNAME: 'ann', MLFLOW_TRACKING_PASSWORD: 'ö:x' })).restate([]);
    await (await open(stub.uri.replace('//', '//bob:p%40ss@'))).restate([]);
    expect(stub.calls.map(({ authorization }) => authorization)).toEqual([
      undefined,
      'Bearer abc',
      `Basic ${Buffer.from('ann:ö:x').toString('base64')}`,
      `Basic ${Buffer.from('bob:p@ss').toString('base64')}`,
    ]);
    expect(readFileSync(file, 'utf8')).not.toContain('p%40ss');
  });
});

describe('the address of the server', () => {
  it.each([
    ['file:///tmp/mlruns', {}, 'track.mlflow.uri: this is no address of an MLflow server'],
    ['localhost:5000', {}, 'track.mlflow.uri: this is no address of an MLflow server'],
    ['databricks', {}, 'track.mlflow.uri: this is no address of an MLflow server'],
    [null, { MLFLOW_TRACKING_URI: 'nonsense' }, 'MLFLOW_TRACKING_URI: this is no address of an MLflow server'],
    [null, {}, 'track.mlflow.uri: the recipe logs to MLflow and names no server'],
    [null, { MLFLOW_TRACKING_URI: '' }, 'track.mlflow.uri: the recipe logs to MLflow and names no server'],
  ])('%s (%o) is refused before anything is written', async (uri, env, message) => {
    expect(() => mlflowServer(uri, env)).toThrow(message);
    expect(existsSync(file)).toBe(false);
  });

  it('is that of the recipe before that of the environment, below a path too', () => {
    const env = { MLFLOW_TRACKING_URI: 'https://two/ml/' };
    expect(mlflowServer('http://one:5000/', env)).toMatchObject({ uri: 'http://one:5000', authorization: null, timeout: 10_000 });
    expect(mlflowServer(null, env)).toMatchObject({ uri: 'https://two/ml' });
  });
});
