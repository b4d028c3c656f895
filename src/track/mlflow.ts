/** Tells an MLflow server of a run. What the server does not take is kept in the run folder and told later. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Progress } from '../progress.js';
import { writeFileAtomic } from '../runtime/folders.js';
import { figuresOf } from './figures.js';
import { endMessage, type Message, metricMessages, parameterMessages, scoreMessages } from './mlflow-messages.js';
import { experimentId, findOrCreateRun } from './mlflow-run.js';
import { callMlflow, MlflowFailure, type MlflowServer } from './mlflow-server.js';
import type { TrackedRun, Tracker } from './tracker.js';

/** `mlflow.json` of a run folder. */
interface State {
  server: string;
  experiment: string;
  /** Of this run, as a tag on the server. */
  key: string;
  /** Whether the server was asked for a run before: its answer may have been lost. */
  asked: boolean;
  run_id: string | null;
  /**
   * `<phase> <epoch> <loss>` of every epoch that was told or waits. A resumed run comes to the same figures, which are told once; a
   * phase that began anew after a collapse comes to others, which are told too.
   */
  told: string[];
  /** What the server has not taken yet, in order. */
  waiting: Message[];
}

export interface MlflowOptions {
  readonly server: MlflowServer;
  readonly experiment: string;
  readonly progress: Progress;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * A tracker that writes what is to be told into `file`, and sends it while the training goes on. A resumed run goes on with the
 * MLflow run whose id lies there. The server's failures are said once, and whatever it missed is sent with the next epoch, at the
 * end, or when the run is resumed.
 */
export async function mlflow(file: string, run: TrackedRun, options: MlflowOptions): Promise<Tracker> {
  const { server, experiment, progress, now } = options;
  const state = await stateOf(file, server, experiment, run);
  let saving: Promise<void> = Promise.resolve();
  const save = () => {
    const text = `${JSON.stringify(state, null, 2)}\n`;
    saving = saving.then(() => writeFileAtomic(file, text));
    return saving;
  };
  const tell = (line: Readonly<Record<string, unknown>>) => {
    const figures = figuresOf(line);
    const name = `${figures?.phase} ${figures?.epoch} ${line.loss}`;
    if (figures === undefined || state.told.includes(name)) return;
    state.told.push(name);
    state.waiting.push(...metricMessages(figures.scalars, figures.epoch, now()));
  };

  const send = async () => {
    if (state.run_id === null) {
      const id = await experimentId(server, experiment);
      const mayExist = state.asked;
      state.asked = true;
      await save();
      state.run_id = await findOrCreateRun(
        server,
        id,
        { key: state.key, name: run.name, started: run.started, tags: run.tags },
        mayExist,
      );
      await save();
    }
    for (let message = state.waiting[0]; message !== undefined; message = state.waiting[0]) {
      const { path, body } = message;
      await callMlflow(server, path, { body: { run_id: state.run_id, ...body } }).catch((error: unknown) => {
        if (!(error instanceof MlflowFailure && error.final)) throw error;
        progress.line(`MLflow at ${server.uri} refused something, which is left out: ${error.message}`);
      });
      state.waiting.shift();
      await save();
    }
  };
  let failing = false;
  const flush = async () => {
    try {
      await send();
      if (failing) progress.line(`MLflow at ${server.uri} takes what it is told again; nothing is missing there`);
      failing = false;
    } catch (error) {
      if (!(error instanceof MlflowFailure)) throw error;
      if (!failing) {
        progress.line(
          `MLflow at ${server.uri}: ${error.message}; training goes on, and what is missing there is sent later (at the end, or by \`ft train --resume\`)`,
        );
      }
      failing = true;
    }
  };
  // One at a time, in the order they were asked for. A disk that is full is met by the run's own files too.
  let flushing: Promise<void> = Promise.resolve();
  const flushBehind = () => {
    flushing = flushing.then(flush).catch((error: unknown) => progress.line(`MLflow: ${(error as Error).message}`));
    return flushing;
  };

  return {
    async restate(lines) {
      for (const line of lines) tell(line);
      await save();
      await flushBehind();
    },
    async logged(line) {
      tell(line);
      await save();
      // Not waited for: a slow server must not hold the training up.
      void flushBehind();
    },
    async scored(scores) {
      state.waiting.push(...scoreMessages(scores));
      await save();
    },
    async ended(how) {
      state.waiting.push(endMessage(how, now()));
      await save();
      await flushing;
      await flushBehind();
      if (state.waiting.length > 0) {
        progress.line(
          `MLflow at ${server.uri} misses ${state.waiting.length} messages of this run; \`ft train --resume\` sends them`,
        );
      }
    },
  };
}

/** The state that an earlier call left for the same server and experiment, or a new one. */
async function stateOf(file: string, server: MlflowServer, experiment: string, run: TrackedRun): Promise<State> {
  const before = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as State,
    () => undefined,
  );
  if (before !== undefined && before.server === server.uri && before.experiment === experiment) {
    before.waiting.push({ path: 'runs/update', body: { status: 'RUNNING' } });
    return before;
  }
  return {
    server: server.uri,
    experiment,
    key: randomUUID(),
    asked: false,
    run_id: null,
    told: [],
    waiting: parameterMessages(run.parameters),
  };
}
