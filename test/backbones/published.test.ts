import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assemble } from '../../src/backbones/assemble.js';
import { publishedAs, pullPublished, readPublished } from '../../src/backbones/published.js';
import { silent } from '../../src/progress.js';
import { writeCheckpoint } from '../../src/runtime/checkpoint.js';
import { type PublishedCard, readCard } from '../../src/weights/cards.js';
import { sharedFolder } from '../run/runs.js';
import { formulaWeights, publishedTensors } from './published.js';

const folder = sharedFolder();
const FILE = 'mobilenet_2_5_224_tf.h5';

describe('published weights', () => {
  let server: Server;
  let card: PublishedCard;
  let requests = 0;
  let expected: ReturnType<typeof assemble>;

  beforeAll(async () => {
    const real = (await readCard('mobilenet-v1-0.25')) as PublishedCard;
    const { variant, layout } = publishedAs(real);
    const tensors = publishedTensors(variant, layout, formulaWeights(layout.order));
    expected = assemble(variant, layout, tensors, { where: 'the formula', classifier: true });
    const path = join(folder, FILE);
    const stored = [...tensors].map(([name, { shape, values }]) => [name, { shape, values: values() }] as const);
    await writeCheckpoint(path, { tensors: Object.fromEntries(stored), meta: {} });
    const bytes = readFileSync(path);
    server = createServer((_, response) => {
      requests++;
      response.end(bytes);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${FILE}`;
    card = { ...real, source: { kind: 'url', urls: [url], pin: { sha256: createHash('sha256').update(bytes).digest('hex') } } };
  });
  afterAll(() => server.close());

  it('are fetched once, kept with their classifier, and read up to their features or with it', async () => {
    const cache = join(folder, 'cache');
    const pulled = await pullPublished(card, { progress: silent, cache });
    expect((await pullPublished(card, { progress: silent, cache })).folder).toBe(pulled.folder);
    expect(requests).toBe(1);
    const whole = await readPublished(pulled.folder, card, { classifier: true });
    expect([...whole.variables.keys()]).toEqual([...expected.variables.keys()]);
    for (const [name, { values }] of expected.variables) expect(whole.variables.get(name)?.values).toEqual(values);
    const features = await readPublished(pulled.folder, card);
    expect([features.output, features.features, features.variables.has('conv_preds/kernel')]).toEqual([
      'conv_pw_13_relu',
      256,
      false,
    ]);
    const cut = await readPublished(pulled.folder, card, { upTo: 'conv_pw_5_relu' });
    expect([cut.output, cut.features, cut.stages]).toEqual(['conv_pw_5_relu', 64, ['conv1', 'conv2', 'conv3']]);
    // A byte of the cache that differs: made anew from the file that lies there.
    const file = join(pulled.folder, 'weights.safetensors');
    const bytes = readFileSync(file);
    bytes[bytes.length - 5] = (bytes.at(-5) as number) ^ 1;
    writeFileSync(file, bytes);
    await pullPublished(card, { progress: silent, cache });
    expect([requests, existsSync(file)]).toEqual([1, true]);
    expect((await readPublished(pulled.folder, card, { classifier: true })).variables.get('conv_preds/bias')?.values).toEqual(
      expected.variables.get('conv_preds/bias')?.values,
    );
  });

  it('are taken from a folder, where the file is the one that the card pins', async () => {
    const from = join(folder, 'by-hand');
    mkdirSync(from);
    const options = { progress: silent, cache: join(folder, 'other-cache'), from };
    await expect(pullPublished(card, options)).rejects.toThrow(`${join(from, FILE)}: there is no such file`);
    writeFileSync(join(from, FILE), 'another file');
    await expect(pullPublished(card, options)).rejects.toThrow('this is not the file that the card pins');
    copyFileSync(join(folder, FILE), join(from, FILE));
    const before = requests;
    const { folder: kept } = await pullPublished(card, options);
    expect([requests, (await readPublished(kept, card)).features]).toEqual([before, 256]);
  });

  it('that cannot be reached are described, so that they can be fetched by hand', async () => {
    const gone = { ...card, source: { ...card.source, urls: ['http://127.0.0.1:9/weights.h5'] } } as PublishedCard;
    const error = await pullPublished(gone, { progress: silent, cache: join(folder, 'offline') }).catch(
      (thrown: Error) => thrown.message,
    );
    expect(error).toContain('mobilenet-v1-0.25 cannot be fetched from here');
    expect(error).toContain(
      'do this:  fetch http://127.0.0.1:9/weights.h5 by hand into a folder, then: ft weights pull mobilenet-v1-0.25 --from FOLDER',
    );
    rmSync(join(folder, 'offline'), { recursive: true });
  });
});
