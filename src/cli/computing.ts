import { UserError } from '../errors.js';
import type { Recipe } from '../recipe/schema.js';

/**
 * What a recipe says of how it is computed and TensorFlow reads from the environment, once, when it is loaded. `FT_DEVICE` as it is set comes first.
 * @throws UserError where `devices` names a card that `CUDA_VISIBLE_DEVICES` does not show
 */
export function setComputing({
  threads,
  device,
  devices,
  deterministic,
}: Pick<Recipe, 'threads' | 'device' | 'devices' | 'deterministic'>): void {
  if (deterministic) process.env.TF_DETERMINISTIC_OPS ||= '1';
  if (device !== 'auto') process.env.FT_DEVICE ||= device;
  if (devices !== null) showCards(devices);
  if (threads === null) return;
  process.env.TF_NUM_INTRAOP_THREADS = String(threads);
  process.env.TF_NUM_INTEROP_THREADS = String(threads);
}

/** Lets TensorFlow see these cards alone, in their order: numbers as nvidia-smi has them, or places among those that are shown already. */
function showCards(devices: readonly number[]): void {
  const shown = process.env.CUDA_VISIBLE_DEVICES?.split(',').map((card) => card.trim());
  const missing = shown === undefined ? undefined : devices.find((device) => device >= shown.length);
  if (missing !== undefined) {
    throw new UserError({
      what: 'the recipe names a card that CUDA_VISIBLE_DEVICES does not show',
      where: 'devices',
      expected: `0 to ${(shown?.length ?? 1) - 1}: places in CUDA_VISIBLE_DEVICES=${process.env.CUDA_VISIBLE_DEVICES}`,
      found: `${missing}`,
      mend: 'unset CUDA_VISIBLE_DEVICES, or change devices',
    });
  }
  // CUDA counts the fastest first by itself; nvidia-smi goes by the slots.
  process.env.CUDA_DEVICE_ORDER ||= 'PCI_BUS_ID';
  process.env.CUDA_VISIBLE_DEVICES = devices.map((device) => shown?.[device] ?? device).join(',');
}
