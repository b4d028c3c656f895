import { z } from 'zod';

const mlflowSchema = z.strictObject({
  uri: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('address of the server, e.g. http://127.0.0.1:5000; null: MLFLOW_TRACKING_URI'),
  experiment: z.string().min(1).default('ft').describe('experiment that the run goes into; made where there is none'),
});

/** Where a run is shown while it goes on, besides its folder. */
export const trackSchema = z.strictObject({
  tensorboard: z.boolean().default(true).describe('event files in the run folder: tensorboard --logdir runs'),
  mlflow: mlflowSchema.nullable().default(null).describe('an MLflow server that is told of the run; null: none'),
});

export type TrackOptions = z.infer<typeof trackSchema>;
