/** MLflow's REST interface (2.0), as far as ft calls it. Source: https://mlflow.org/docs/latest/rest-api.html */
import { UserError } from '../errors.js';

/** Where a server is and how it is spoken to. */
export interface MlflowServer {
  /** Without credentials and without a slash at its end. */
  readonly uri: string;
  readonly authorization: string | null;
  /** Milliseconds that an answer may take. */
  readonly timeout: number;
}

/** The variables that MLflow's own client reads. */
export type MlflowEnvironment = Readonly<Record<string, string | undefined>>;

const TIMEOUT = 10_000;

/**
 * The server of a recipe's `track.mlflow.uri`, or of MLFLOW_TRACKING_URI where the recipe names none. Credentials come from
 * MLFLOW_TRACKING_TOKEN, MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or from the address itself.
 * @throws UserError where no address is given, or one that is no http(s) address
 */
export function mlflowServer(given: string | null, env: MlflowEnvironment): MlflowServer {
  const where = given === null ? 'MLFLOW_TRACKING_URI' : 'track.mlflow.uri';
  const written = given ?? (env.MLFLOW_TRACKING_URI || undefined);
  if (written === undefined) {
    throw new UserError({
      what: 'the recipe logs to MLflow and names no server',
      where: 'track.mlflow.uri',
      mend: 'set it, e.g. --set track.mlflow.uri=http://127.0.0.1:5000, or set MLFLOW_TRACKING_URI; `--set track.mlflow=null` logs nowhere',
    });
  }
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UserError({
      what: 'this is no address of an MLflow server',
      where,
      expected: 'http://… or https://…',
      found: written,
      mend: 'start a server (`mlflow server`) and give its address',
    });
  }
  return {
    uri: `${url.origin}${url.pathname}`.replace(/\/+$/, ''),
    authorization: authorizationOf(url, env),
    timeout: timeoutOf(env.MLFLOW_HTTP_REQUEST_TIMEOUT),
  };
}

function authorizationOf({ username, password }: URL, env: MlflowEnvironment): string | null {
  const basic = (user: string, secret: string) => `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
  if (username !== '') return basic(decodeURIComponent(username), decodeURIComponent(password));
  if (env.MLFLOW_TRACKING_USERNAME) return basic(env.MLFLOW_TRACKING_USERNAME, env.MLFLOW_TRACKING_PASSWORD ?? '');
  return env.MLFLOW_TRACKING_TOKEN ? `Bearer ${env.MLFLOW_TRACKING_TOKEN}` : null;
}

function timeoutOf(seconds: string | undefined): number {
  const given = Number(seconds);
  return seconds !== undefined && given > 0 ? given * 1000 : TIMEOUT;
}

/** What a server refused, or why it could not be asked. */
export class MlflowFailure extends Error {
  constructor(
    message: string,
    /** MLflow's own name for it, e.g. RESOURCE_DOES_NOT_EXIST; null where the server did not answer as MLflow does. */
    readonly code: string | null,
    /** Whether the same call can never succeed. */
    readonly final: boolean,
  ) {
    super(message);
    this.name = 'MlflowFailure';
  }
}

/**
 * Calls `api/2.0/mlflow/<path>` and gives the answer's JSON. A connection that breaks is tried once more (an idle one may just
 * have been closed), but for a call that may not come twice (`once`). @throws MlflowFailure
 */
export async function callMlflow<T>(
  server: MlflowServer,
  path: string,
  request: { body?: unknown; query?: string; once?: boolean },
): Promise<T> {
  const { body, query, once = false } = request;
  const ask = () =>
    fetch(`${server.uri}/api/2.0/mlflow/${path}${query === undefined ? '' : `?${query}`}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        'content-type': 'application/json',
        ...(server.authorization === null ? {} : { authorization: server.authorization }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(server.timeout),
    }).then(async (answer) => ({ status: answer.status, text: await answer.text() }));
  const { status, text } = await ask()
    .catch((error: unknown) => (once || isTimeout(error) ? Promise.reject(error) : ask()))
    .catch((error: unknown) => {
      throw new MlflowFailure(unreachable(error, server.timeout), null, false);
    });
  const json = parsed(text);
  if (status === 200 && json !== undefined) return json as T;
  throw refusal(status, json);
}

function refusal(status: number, json: Record<string, unknown> | undefined): MlflowFailure {
  const { error_code: code, message } = json ?? {};
  if (status === 401 || status === 403) {
    return new MlflowFailure(
      `it refuses the credentials (${status}); they come from MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD`,
      typeof code === 'string' ? code : null,
      false,
    );
  }
  if (typeof code !== 'string') return new MlflowFailure(`it answers ${status} and not as MLflow does`, null, false);
  const words = typeof message === 'string' ? message.split('\n')[0]?.slice(0, 300) : '';
  return new MlflowFailure(`${code}: ${words}`, code, status === 400);
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

function unreachable(error: unknown, timeout: number): string {
  if (isTimeout(error)) return `it does not answer within ${timeout / 1000} s`;
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  return `it cannot be reached (${cause?.code ?? cause?.message ?? String(error)})`;
}
