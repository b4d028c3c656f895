/** Exported Keras weights under the names of keras.applications. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/backbones/assemble.js';
import { networkFromFile } from '../../src/backbones/from-file.js';
import { KERAS_BACKBONE, writeKerasExport } from '../../src/export/keras.js';
import { silent } from '../../src/progress.js';
import { reread } from '../../src/run/exports/reread.js';
import { formulaWeights, publishedTensors } from '../backbones/published.js';
import { variantAndLayout } from '../backbones/rows.js';
import { temporaryFolder } from '../weights/temporary.js';

describe('the backbone of a Keras export', () => {
  const published = variantAndLayout('mobilenet-v1-0.25.keras');
  const { variant, layout } = published;
  const tensors = publishedTensors(variant, layout, formulaWeights(layout.order));
  const network = assemble(variant, layout, tensors, { where: 'the formula' });
  const [first = ''] = network.variables.keys();
  const trained = { [first]: (network.variables.get(first)?.values ?? new Float32Array()).map((value) => value + 1) };
  const model = { network, weights: trained, head: null, side: 64 };

  it('has the names and the trained values of keras.applications, and is read as that network', async () => {
    const folder = await temporaryFolder();
    await writeKerasExport(model, folder, { published });
    const read = await networkFromFile(join(folder, KERAS_BACKBONE), { progress: silent });
    expect([read.fit?.variant.name, read.fit?.layout.name]).toEqual(['mobilenet-v1-0.25', 'keras']);
    expect(read.tensors?.has('conv_dw_1/kernel')).toBe(true);
    for (const [name, { values }] of network.variables)
      expect(read.network.variables.get(name)?.values, name).toEqual(trained[name] ?? values);
    // Its tensors are counted beside those of the whole model, which has the statistics of the preprocessing too.
    expect(await reread('keras', folder, model, { published })).toBe(2 * network.variables.size + 2);
  });

  it('is not written where keras.applications has no such network', async () => {
    const folder = await temporaryFolder();
    await writeKerasExport(model, folder, { published: null });
    await expect(networkFromFile(join(folder, KERAS_BACKBONE), { progress: silent })).rejects.toThrow();
    expect(await reread('keras', folder, model, { published: null })).toBe(network.variables.size + 2);
  });
});
