/** Finds or makes the experiment and the run on an MLflow server. */
import { callMlflow, MlflowFailure, type MlflowServer } from './mlflow-server.js';

/** The id of an experiment by its name, made where there is none. @throws MlflowFailure */
export async function experimentId(server: MlflowServer, name: string): Promise<string> {
  const find = async () => {
    const query = `experiment_name=${encodeURIComponent(name)}`;
    const { experiment } = await callMlflow<{ experiment: { experiment_id: string; lifecycle_stage: string } }>(
      server,
      'experiments/get-by-name',
      { query },
    );
    if (experiment.lifecycle_stage === 'deleted') {
      throw new MlflowFailure(
        `its experiment '${name}' is deleted; restore it, or name another (track.mlflow.experiment)`,
        null,
        false,
      );
    }
    return experiment.experiment_id;
  };
  const missing = (code: string) => (error: unknown) => {
    if (error instanceof MlflowFailure && error.code === code) return undefined;
    throw error;
  };
  return (
    (await find().catch(missing('RESOURCE_DOES_NOT_EXIST'))) ??
    (await callMlflow<{ experiment_id: string }>(server, 'experiments/create', { body: { name } }).then(
      ({ experiment_id }) => experiment_id,
      missing('RESOURCE_ALREADY_EXISTS'),
    )) ??
    // Another run made it at the same moment.
    (await find())
  );
}

/** Names a run of ours on the server, so that one whose making was never answered is found again. */
export const KEY_TAG = 'ft.key';

export interface NewRun {
  readonly key: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly started: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** The id of the run with this key, made where there is none. @throws MlflowFailure */
export async function findOrCreateRun(server: MlflowServer, experiment: string, run: NewRun, mayExist: boolean): Promise<string> {
  if (mayExist) {
    const { runs } = await callMlflow<{ runs?: { info: { run_id: string } }[] }>(server, 'runs/search', {
      body: { experiment_ids: [experiment], filter: `tags.\`${KEY_TAG}\` = '${run.key}'`, max_results: 1 },
    });
    const found = runs?.[0]?.info.run_id;
    if (found !== undefined) return found;
  }
  const created = await callMlflow<{ run: { info: { run_id: string } } }>(server, 'runs/create', {
    once: true,
    body: {
      experiment_id: experiment,
      run_name: run.name,
      start_time: run.started,
      tags: Object.entries({ ...run.tags, [KEY_TAG]: run.key }).map(([key, value]) => ({ key, value })),
    },
  });
  return created.run.info.run_id;
}
