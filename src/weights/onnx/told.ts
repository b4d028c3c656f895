import { z } from 'zod';
import type { Preprocessing } from '../../network/network.js';

/** Under which name ft's own files say what their input is made of RGB by: `metadata_props` is there for such things. */
const KEY = 'ft.preprocessing';
const triple = z.tuple([z.number(), z.number(), z.number()]);
const schema = z.object({ mean: triple, std: triple });

/** An entry for the metadata of a model that takes what `preprocessing` makes of RGB. */
export function preprocessingTold({ mean, std }: Preprocessing): { key: string; value: string } {
  return { key: KEY, value: JSON.stringify({ mean, std }) };
}

/** What such an entry says; undefined where there is none, or none that can be read. */
export function toldPreprocessing(
  metadata: readonly { readonly key?: string | null; readonly value?: string | null }[],
): Preprocessing | undefined {
  const value = metadata.find(({ key }) => key === KEY)?.value;
  if (value == null) return undefined;
  try {
    const { mean, std } = schema.parse(JSON.parse(value));
    return std.includes(0) ? undefined : { mean, std };
  } catch {
    return undefined;
  }
}
