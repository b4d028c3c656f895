import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GraphBuilder } from '../../runtime/graph/builder.js';
import { DT } from '../../runtime/graph/proto.js';
import { type Fields, shapeFields } from './messages.js';

/** A file that belongs to a SavedModel: Python's `tf.saved_model.load` gives its path as the model's attribute `name`. */
export interface Asset {
  readonly name: string;
  readonly file: string;
  readonly text: string;
}

const FOLDER = 'assets';

/** The names of classes, one a line, in the order of their probabilities. A line break in a name is written as a space. */
export function classesAsset(labels: readonly string[]): Asset {
  const lines = labels.map((label) => `${label.replace(/[\r\n]+/g, ' ')}\n`);
  return { name: 'classes', file: 'classes.txt', text: lines.join('') };
}

/** Writes the files, and a node for each into the graph whose value is its path; gives the AssetFileDefs. */
export async function writeAssets(folder: string, graph: GraphBuilder, assets: readonly Asset[]): Promise<Fields[]> {
  if (assets.length > 0) await mkdir(join(folder, FOLDER), { recursive: true });
  const definitions: Fields[] = [];
  for (const { name, file, text } of assets) {
    await writeFile(join(folder, FOLDER, file), text);
    // Loaders feed the true path while they run what initialises a model.
    const place = graph.strings(`asset_${name}`, [], [`${FOLDER}/${file}`]);
    definitions.push({ tensor_info: { name: `${place}:0`, dtype: DT.string, tensor_shape: shapeFields([]) }, filename: file });
  }
  return definitions;
}
