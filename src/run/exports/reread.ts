/** Exported weights, read again as a person's own files would be, and compared number by number. */
import { basename, join } from 'node:path';
import { kerasNames } from '../../backbones/layout.js';
import { publishedTensors } from '../../backbones/publish.js';
import type { ExportOptions } from '../../export/formats.js';
import { KERAS_BACKBONE, KERAS_FILE, kerasBackbone, kerasNetwork } from '../../export/keras.js';
import type { FinishedModel } from '../../export/model.js';
import { BACKBONE_FILE, HEAD_FILE, linearTensors } from '../../export/safetensors.js';
import { wholeNetwork } from '../../export/whole-network.js';
import { readKerasFile } from '../../weights/keras/file.js';
import { openTensors } from '../../weights/open.js';

/** Values by names, as they should be or as they were found. */
type Values = ReadonlyMap<string, Float32Array>;

/**
 * Compares every weight of an export, as it is read from its file, with the model's.
 * @returns how many tensors are the same, to the last bit
 * @throws Error naming the first that is not
 */
export async function reread(
  format: 'safetensors' | 'keras',
  folder: string,
  model: FinishedModel,
  { published }: Pick<ExportOptions, 'published'>,
): Promise<number> {
  switch (format) {
    case 'safetensors': {
      const { variables } = wholeNetwork(model, null, '');
      const wanted =
        published === null ? variables : publishedTensors({ ...model.network, variables }, published.variant, published.layout);
      const count = same(valuesOf(wanted), await tensorsOf(join(folder, BACKBONE_FILE)));
      if (model.head === null) return count;
      return count + same(valuesOf(new Map(Object.entries(linearTensors(model.head)))), await tensorsOf(join(folder, HEAD_FILE)));
    }
    case 'keras': {
      const found = await kerasValues(join(folder, KERAS_FILE));
      const nameOf = kerasNames((layer) => layer);
      const wanted = [...kerasNetwork(model).variables.values()];
      const count = same(new Map(wanted.map((one) => [nameOf(one), one.values])), found);
      const backbone = kerasBackbone(model, published);
      if (backbone === null) return count;
      return count + same(valuesOf(backbone), await kerasValues(join(folder, KERAS_BACKBONE)));
    }
  }
}

async function tensorsOf(path: string): Promise<Values> {
  return new Map([...(await openTensors(path))].map(([name, tensor]) => [name, tensor.values()]));
}

async function kerasValues(path: string): Promise<Values> {
  const { variables } = await readKerasFile(path, basename(path));
  return new Map(variables.map(({ path: layers, variable, tensor }) => [`${layers.at(-1)}/${variable}`, tensor.values()]));
}

function valuesOf(tensors: ReadonlyMap<string, { readonly values: Float32Array }>): Values {
  return new Map([...tensors].map(([name, { values }]) => [name, values]));
}

function same(wanted: Values, found: Values): number {
  for (const [name, values] of wanted) {
    const read = found.get(name);
    if (read === undefined) throw new Error(`the file lacks ${name}`);
    if (read.length !== values.length || values.some((value, at) => !Object.is(value, read[at])))
      throw new Error(`${name} is read with other values than were written`);
  }
  const extra = [...found.keys()].find((name) => !wanted.has(name));
  if (extra !== undefined) throw new Error(`the file holds ${extra}, which is none of the model's`);
  return wanted.size;
}
