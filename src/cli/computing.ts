import type { Recipe } from '../recipe/schema.js';

/** What a recipe says of how it is computed and TensorFlow reads from the environment, once, when it is loaded. `FT_DEVICE` as it is set comes first. */
export function setComputing({ threads, device, deterministic }: Recipe): void {
  if (deterministic) process.env.TF_DETERMINISTIC_OPS ||= '1';
  if (device !== 'auto') process.env.FT_DEVICE ||= device;
  if (threads === null) return;
  process.env.TF_NUM_INTRAOP_THREADS = String(threads);
  process.env.TF_NUM_INTEROP_THREADS = String(threads);
}
