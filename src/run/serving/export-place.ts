import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../../errors.js';

/** What the models of others are known by. */
const MODELS = ['saved_model.pb', 'model.json', 'model.onnx'];

/**
 * The folder of an export that a person names by that folder or by a file in it; null where there is none, so that it has to be a run.
 * @throws UserError where a model lies there that has no card: nothing says what it takes and gives
 */
export function exportPlace(named: string): string | null {
  const isFile = statSync(named, { throwIfNoEntry: false })?.isFile() === true;
  const place = isFile ? dirname(named) : named;
  const has = (file: string) => existsSync(join(place, file));
  if (has('manifest.json')) return null;
  if (has('card.json')) return place;
  if (isFile ? !/\.(onnx|pb|json|h5|keras|safetensors)$/.test(basename(named)) : !MODELS.some(has)) return null;
  throw new UserError({
    what: 'this model was not exported by ft, or lost its card',
    where: named,
    expected: 'a run, or a folder that ft export wrote, with its card.json',
    mend: 'ft export RUN --out FOLDER',
  });
}
