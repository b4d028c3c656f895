import { copyFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../errors.js';
import type { Progress } from '../../progress.js';
import type { TfjsSource } from '../cards.js';
import { sha256Of, sha256OfFile } from '../fetch/checksum.js';
import { parsedJson } from '../json-text.js';
import { checkedModel, readModelJson, type WeightGroup } from './manifest.js';

/**
 * Copies a tfjs layers model from a folder, each file compared with the card's SHA-256 where the card pins one. Gives the
 * weight files that the folder lacks: a network cut below them can still be read.
 */
export async function copyTfjsModel(source: TfjsSource, from: string, into: string): Promise<string[]> {
  const groups = groupsOf(await readModelJson(from), join(from, 'model.json'));
  const missing: string[] = [];
  for (const file of ['model.json', ...groups.flatMap((group) => group.paths)]) {
    const path = join(from, file);
    if (
      !(await stat(path).then(
        (found) => found.isFile(),
        () => false,
      ))
    ) {
      missing.push(file);
      continue;
    }
    expectPinned(source, file, await sha256OfFile(path), path);
    await copyFile(path, join(into, file));
  }
  return missing;
}

/** Fetches one address; `undefined` stands for a file that is not there. */
export type FetchBytes = (url: string) => Promise<Uint8Array>;

/** Fetches a tfjs layers model from its official address, each file compared with the card's SHA-256 where it pins one. */
export async function downloadTfjsModel(
  source: TfjsSource,
  name: string,
  into: string,
  progress: Progress,
  fetchBytes: FetchBytes = fetchUrl,
): Promise<string[]> {
  const get = async (file: string): Promise<Uint8Array> => {
    const url = new URL(file, source.url).href;
    const bytes = await fetchBytes(url).catch((error: Error) => {
      throw new UserError({
        where: url,
        what: `the weights '${name}' cannot be fetched from here`,
        found: error.message,
        mend:
          `fetch ${source.url} and the weight files that it lists by hand into one folder, ` +
          `then: ft weights pull ${name} --from FOLDER`,
      });
    });
    expectPinned(source, file, sha256Of(bytes), url);
    await writeFile(join(into, file), bytes);
    return bytes;
  };
  const text = Buffer.from(await get('model.json')).toString('utf8');
  const groups = groupsOf(parsedJson(text, source.url), source.url);
  const files = groups.flatMap((group) => group.paths);
  const bar = progress.bar(`fetching ${name}`, files.length, 'files');
  try {
    for (const file of files) {
      await get(file);
      bar.advance(1, file);
    }
  } finally {
    bar.done();
  }
  return [];
}

function groupsOf(json: unknown, where: string): readonly WeightGroup[] {
  return checkedModel(json, 'layers', z.unknown(), where).groups;
}

function expectPinned(source: TfjsSource, file: string, found: string, where: string): void {
  const expected = source.files[file];
  if (expected === undefined || expected === found) return;
  throw new UserError({
    where,
    what: `${file} is not the file that the card pins`,
    expected: `SHA-256 ${expected}`,
    found,
    mend: 'fetch it again; a model of your own is used with backbone.name: tfjs:FOLDER',
  });
}

const fetchUrl: FetchBytes = async (url) => {
  const response = await fetch(url, { signal: AbortSignal.timeout(120_000) }).catch((error: Error) => {
    throw new Error(error.cause instanceof Error ? error.cause.message : error.message);
  });
  if (!response.ok) throw new Error(`the server answers ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
};
