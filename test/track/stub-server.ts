/** A server that answers as MLflow does, keeps what it was told, and fails when it is asked to. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StubServer {
  readonly uri: string;
  /** `experiments`, `runs`, and every call in order. */
  readonly calls: { path: string; body: Body; authorization: string | undefined }[];
  /** Metrics of a run, each (key, step, value, timestamp) once, as the server's table keeps them. */
  readonly metricsOf: (run: string) => string[];
  readonly runs: Map<
    string,
    { name: string; experiment: string; status: string; tags: Map<string, string>; params: Map<string, string> }
  >;
  /** What the next calls get instead of an answer, by their path. */
  readonly fail: Map<string, (response: ServerResponse) => void>;
  readonly close: () => Promise<void>;
}

interface Body {
  readonly [key: string]: unknown;
}
interface Entity {
  key: string;
  value: unknown;
  step?: number;
  timestamp?: number;
}

export async function stubServer(): Promise<StubServer> {
  const experiments = new Map<string, string>();
  const metrics = new Map<string, Set<string>>();
  const stub: Pick<StubServer, 'calls' | 'runs' | 'fail'> = { calls: [], runs: new Map(), fail: new Map() };

  const answers: Record<string, (body: Body, query: URLSearchParams) => unknown> = {
    'experiments/get-by-name': (_, query) => {
      const id = experiments.get(query.get('experiment_name') as string);
      return id === undefined
        ? refused('RESOURCE_DOES_NOT_EXIST', 404)
        : { experiment: { experiment_id: id, lifecycle_stage: 'active' } };
    },
    'experiments/create': ({ name }) => {
      experiments.set(name as string, String(experiments.size + 1));
      return { experiment_id: experiments.get(name as string) };
    },
    'runs/search': ({ filter }) => ({
      runs: [...stub.runs]
        .filter(([, { tags }]) => [...tags].some(([key, value]) => filter === `tags.\`${key}\` = '${value}'`))
        .map(([run_id]) => ({ info: { run_id } })),
    }),
    'runs/create': ({ run_name, experiment_id, tags }) => {
      const run_id = `run${stub.runs.size + 1}`;
      stub.runs.set(run_id, {
        name: run_name as string,
        experiment: experiment_id as string,
        status: 'RUNNING',
        tags: new Map((tags as Entity[]).map(({ key, value }) => [key, value as string])),
        params: new Map(),
      });
      return { run: { info: { run_id } } };
    },
    'runs/log-batch': ({ run_id, metrics: told = [], params = [] }) => {
      const own = metrics.get(run_id as string) ?? new Set();
      metrics.set(run_id as string, own);
      for (const { key, step, value, timestamp } of told as Entity[]) own.add(`${key} ${step} ${value} ${timestamp}`);
      for (const { key, value } of params as Entity[]) stub.runs.get(run_id as string)?.params.set(key, value as string);
      return {};
    },
    'runs/set-tag': ({ run_id, key, value }) => {
      stub.runs.get(run_id as string)?.tags.set(key as string, value as string);
      return {};
    },
    'runs/update': ({ run_id, status }) => {
      const run = stub.runs.get(run_id as string);
      if (run !== undefined) run.status = status as string;
      return {};
    },
  };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url as string, 'http://stub');
    const path = url.pathname.replace('/api/2.0/mlflow/', '');
    const body = await bodyOf(request);
    stub.calls.push({ path, body, authorization: request.headers.authorization });
    const failure = stub.fail.get(path);
    if (failure !== undefined) {
      failure(response);
      return;
    }
    const answer = answers[path]?.(body, url.searchParams) ?? refused('ENDPOINT_NOT_FOUND', 404);
    const status = answer instanceof Refused ? answer.status : 200;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    ...stub,
    uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    metricsOf: (run) => [...(metrics.get(run) ?? [])],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

class Refused {
  readonly message: string;
  constructor(
    readonly error_code: string,
    readonly status: number,
  ) {
    this.message = `${error_code} in words\nand a stack`;
  }
}

export function refused(code: string, status: number): Refused {
  return new Refused(code, status);
}

async function bodyOf(request: IncomingMessage): Promise<Body> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString();
  return text === '' ? {} : (JSON.parse(text) as Body);
}
