import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { recipeJsonSchema } from '../../src/recipe/json-schema.js';
import { loadRecipe, recipesFolder } from '../../src/recipe/load.js';
import { folderWith } from '../recipe/files.js';
import { ft } from './terminal.js';

describe('ft recipes', () => {
  it('lists what comes with ft, and what each is for', async () => {
    const { out } = await ft(['recipes', 'list']);
    expect(out).toMatch(/^folder +Your own photos/m);
    expect(out).toMatch(/^resnet-semihard +The main job/m);
    expect(out.split('\n').every((line) => line.length <= 110)).toBe(true);
    expect((JSON.parse((await ft(['recipes', 'list', '--json'])).out) as { name: string }[]).map(({ name }) => name)).toEqual([
      'classifier',
      'efficientnet-semihard',
      'folder',
      'mobilenet-semihard',
      'resnet-semihard',
      'smoke',
    ]);
  });

  it('shows one as it is written, or whole', async () => {
    expect((await ft(['recipes', 'show', 'smoke'])).out).toBe(readFileSync(`${recipesFolder}smoke.yaml`, 'utf8'));
    const { out } = await ft(['recipes', 'show', 'smoke', '--resolved', '--set', 'seed=7']);
    expect(parse(out)).toEqual({ ...loadRecipe('smoke').recipe, seed: 7 });
    expect((await ft(['recipes', 'show', 'smke'])).err).toContain("did you mean 'smoke'?");
  });

  it('makes a new one, whole and explained, that reads back as the one it came from', async () => {
    const folder = folderWith();
    expect(await ft(['recipes', 'new', 'birds', '--from', 'folder', '--set', 'data.folder=birds'], { folder })).toEqual({
      code: 0,
      out: 'birds.yaml\n',
      err: '',
    });
    const base = loadRecipe('folder').recipe;
    expect(loadRecipe('birds', { folder }).recipe).toEqual({ ...base, data: { ...base.data, folder: 'birds' } });
    expect(readFileSync(`${folder}/birds.yaml`, 'utf8')).toContain("# Made from 'folder' by `ft recipes new`.");
  });

  it('never writes over a file, and takes no name that comes with ft or is none', async () => {
    const folder = folderWith({ 'birds.yaml': 'seed: 1\n' });
    expect(await ft(['recipes', 'new', 'birds'], { folder })).toMatchObject({
      code: 2,
      err: expect.stringContaining('there is such a file already'),
    });
    expect(await ft(['recipes', 'new', 'smoke'], { folder })).toMatchObject({
      code: 2,
      err: expect.stringContaining('my-smoke'),
    });
    expect(await ft(['recipes', 'new', '../x'], { folder })).toMatchObject({
      code: 2,
      err: expect.stringContaining('is not a name'),
    });
    expect(readFileSync(`${folder}/birds.yaml`, 'utf8')).toBe('seed: 1\n');
  });

  it('prints the schema for editors', async () => {
    expect((await ft(['recipes', 'schema'])).out).toBe(recipeJsonSchema());
  });
});
