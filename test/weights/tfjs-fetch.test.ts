import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { silent } from '../../src/progress.js';
import type { TfjsSource } from '../../src/weights/cards.js';
import { sha256Of } from '../../src/weights/fetch/checksum.js';
import { copyTfjsModel, downloadTfjsModel } from '../../src/weights/tfjs/fetch.js';
import { temporaryFolder } from './temporary.js';

const model = JSON.stringify({
  modelTopology: {},
  weightsManifest: [
    { paths: ['a'], weights: [] },
    { paths: ['b'], weights: [] },
  ],
});
const files: Record<string, string> = { 'model.json': model, a: 'first', b: 'second' };

/** A server of the files on this machine; gives the address of model.json. */
async function serve(content: Record<string, string>): Promise<string> {
  const server = createServer((request, response) => {
    const body = content[(request.url ?? '').slice('/net/'.length)];
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/net/model.json`;
}

const pinned = (url: string): TfjsSource => ({
  kind: 'tfjs',
  url,
  files: { 'model.json': sha256Of(model), a: sha256Of('first') },
});

describe('a tfjs layers model from its official address', () => {
  it('is fetched file by file', async () => {
    const into = await temporaryFolder();
    expect(await downloadTfjsModel(pinned(await serve(files)), 'net', into, silent)).toEqual([]);
    expect((await readdir(into)).sort()).toEqual(['a', 'b', 'model.json']);
    expect(await readFile(join(into, 'b'), 'utf8')).toBe('second');
  });

  it('is refused when a file is not the pinned one', async () => {
    const url = await serve({ ...files, a: 'another' });
    await expect(downloadTfjsModel(pinned(url), 'net', await temporaryFolder(), silent)).rejects.toThrow(
      `a is not the file that the card pins\n  expected: SHA-256 ${sha256Of('first')}\n  found:    ${sha256Of('another')}`,
    );
  });

  it('says what to fetch by hand and where to put it when the address cannot be reached', async () => {
    const { b: _, ...without } = files;
    const url = await serve(without);
    const message = `the weights 'net' cannot be fetched from here\n  found:    the server answers 404 Not Found\n  do this:  fetch ${url} and the weight files that it lists by hand into one folder, then: ft weights pull net --from FOLDER`;
    await expect(downloadTfjsModel(pinned(url), 'net', await temporaryFolder(), silent)).rejects.toThrow(message);
    const nowhere = pinned('http://127.0.0.1:9/net/model.json');
    await expect(downloadTfjsModel(nowhere, 'net', await temporaryFolder(), silent)).rejects.toThrow(
      /cannot be fetched from here\n\s+found:\s+\S/,
    );
  });
});

describe('a tfjs layers model from a folder', () => {
  it('is copied, and what the folder lacks is named', async () => {
    const base = await temporaryFolder();
    const [from, into] = [join(base, 'from'), join(base, 'into')];
    await Promise.all([mkdir(from), mkdir(into)]);
    await writeFile(join(from, 'model.json'), model);
    await writeFile(join(from, 'a'), 'first');
    expect(await copyTfjsModel(pinned('http://localhost/model.json'), from, into)).toEqual(['b']);
    expect((await readdir(into)).sort()).toEqual(['a', 'model.json']);
    await writeFile(join(from, 'a'), 'anothr');
    await expect(copyTfjsModel(pinned('http://localhost/model.json'), from, into)).rejects.toThrow(
      'a is not the file that the card pins',
    );
  });
});
