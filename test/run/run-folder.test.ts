import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRunFolder, openRunFolder, runFolder } from '../../src/train/run-folder.js';
import { readLines, sharedFolder } from './runs.js';

const now = new Date('2031-02-03T04:05:06.789Z');
const first = { 'manifest.json': '{"recipe": "small"}', 'recipe.yaml': 'seed: 0\n' };

const shared = sharedFolder();
let count = 0;
const newFolder = () => {
  const folder = join(shared, String(++count));
  mkdirSync(folder);
  return folder;
};

describe('a run folder', () => {
  it('is named by time and recipe, holds its first files, and is what runs/latest points to', async () => {
    const root = join(newFolder(), 'runs');
    const folder = await createRunFolder(root, 'small', now, first);
    expect(folder.path).toBe(join(root, '2031-02-03-040506-small'));
    expect(readdirSync(folder.path).sort()).toEqual(['checkpoints', 'manifest.json', 'recipe.yaml']);
    expect(readFileSync(folder.file('recipe.yaml'), 'utf8')).toBe('seed: 0\n');
    expect(readlinkSync(join(root, 'latest'))).toBe('2031-02-03-040506-small');
    expect(readdirSync(root).sort()).toEqual(['2031-02-03-040506-small', 'latest']);
  });

  it('gets a number where another run began in the same second', async () => {
    const root = newFolder();
    const made = await Promise.all([1, 2, 3].map(() => createRunFolder(root, 'small', now, first)));
    expect(new Set(made.map(({ path }) => path)).size).toBe(3);
    expect(readdirSync(root).sort()).toEqual([
      '2031-02-03-040506-small',
      '2031-02-03-040506-small-2',
      '2031-02-03-040506-small-3',
      'latest',
    ]);
  });

  it('is opened by its path, its name, or a link', async () => {
    const folder = newFolder();
    const { path } = await createRunFolder(join(folder, 'runs'), 'small', now, first);
    symlinkSync(path, join(folder, 'mine'));
    for (const argument of ['runs/latest', 'latest', '2031-02-03-040506-small', path, 'mine', './runs/2031-02-03-040506-small/'])
      expect((await openRunFolder(argument, folder)).path).toBe(path);
    mkdirSync(join(folder, 'runs/none'));
    await expect(openRunFolder('none', folder)).rejects.toThrow("'none' is no run");
  });

  it('forgets lines of its log that are to come again, and one that a kill cut in half', async () => {
    const run = runFolder(newFolder());
    for (const [phase, epoch] of [
      ['a', 1],
      ['a', 2],
      ['b', 1],
      ['b', 2],
    ])
      await run.log({ phase, epoch });
    writeFileSync(run.file('metrics.jsonl'), `${readFileSync(run.file('metrics.jsonl'), 'utf8')}{"phase":"b","epo`);
    await run.keepLogged((line) => line.phase !== 'b' || Number(line.epoch) <= 1);
    expect(readLines(run.file('metrics.jsonl')).map(({ phase, epoch }) => `${phase}${epoch}`)).toEqual(['a1', 'a2', 'b1']);
  });

  it('has no log before its first epoch', async () => {
    const run = runFolder(newFolder());
    await run.keepLogged(() => true);
    expect(existsSync(run.file('metrics.jsonl'))).toBe(false);
  });
});
