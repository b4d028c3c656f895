import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Session } from '../runtime/session.js';
import type { ExportedClassifier, FinishedModel } from './model.js';
import { classesAsset } from './saved-model/assets.js';
import { decoded } from './saved-model/messages.js';
import { type Result, savedVariables, signaturesOf } from './saved-model/signatures.js';
import { writeFunctions } from './saved-model/write.js';

/**
 * Writes a SavedModel whose weights are variables and whose preprocessing is inside, resizing with it: see {@link signaturesOf} for what
 * it takes and gives. Python loads it with its variables, trains them on and saves it again. A classifier's names are in the graph,
 * and in the asset `classes`.
 */
export async function writeSavedModel(
  model: FinishedModel,
  folder: string,
  { classifier = null, result = 'embedding' }: { classifier?: ExportedClassifier | null; result?: Result } = {},
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const assets = classifier === null ? [] : [classesAsset(classifier.labels)];
  await writeFunctions(folder, signaturesOf(model, classifier, result), savedVariables(model, classifier), assets);
}

interface Ends {
  readonly inputs: Readonly<Record<string, { readonly name: string }>>;
  readonly outputs: Readonly<Record<string, { readonly name: string }>>;
}

/** An exported model, loaded again by the first signature that takes images and gives what is wanted. */
export class LoadedSavedModel {
  private readonly session: Session;
  private readonly input: string;
  private readonly output: string;

  constructor(folder: string, output: 'embedding' | 'probabilities' = 'embedding') {
    const { meta_graphs: graphs } = decoded('SavedModel', readFileSync(join(folder, 'saved_model.pb'))) as unknown as {
      meta_graphs: readonly { signature_def: Readonly<Record<string, Ends>> }[];
    };
    const signatures = graphs[0]?.signature_def;
    const ends = [signatures?.serving_default, signatures?.classify].find((one) => one?.outputs[output] !== undefined);
    const [input, found] = [ends?.inputs.image?.name, ends?.outputs[output]?.name];
    if (input === undefined || found === undefined) throw new Error(`${folder}: no signature takes images and gives ${output}`);
    [this.input, this.output] = [input.replace(/:0$/, ''), found];
    this.session = Session.fromFolder(folder, 'serve');
  }

  /** The output for images given as RGB bytes, row-major, all of one height and width. */
  run(pixels: Uint8Array, [height, width]: readonly [number, number]): Float32Array {
    const shape = [pixels.length / (height * width * 3), height, width, 3];
    return this.session.run([{ name: this.input, values: pixels, shape }], [this.output])[0] as Float32Array;
  }

  close(): void {
    this.session.close();
  }
}
