import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { loadRecipe, recipeNames } from '../../src/recipe/load.js';
import { recipeSchema } from '../../src/recipe/schema.js';
import { resolveRecipeArgument } from '../../src/recipe/working.js';
import { writeRecipe } from '../../src/recipe/write.js';
import { folderWith } from './files.js';

describe('a recipe', () => {
  it('that says nothing is the defaults', () => {
    expect(loadRecipe('a.yaml', { folder: folderWith({ 'a.yaml': '' }) }).recipe).toEqual(recipeSchema.parse({}));
  });

  it('takes what it does not say from the one it extends: mappings key by key, lists whole', () => {
    const folder = folderWith({
      'a.yaml': 'extends: b.yaml\ntriplet: { rate: 0.5 }\nhead: { shrinkage: [0.7] }\n',
      'b.yaml': 'extends: c.yaml\ntriplet: { margin: 0.4 }\n',
      'c.yaml':
        'seed: 9\ntriplet: { margin: 0.3, rate: 0.1, multipliers: [{ match: conv4, by: 2 }] }\nhead: { shrinkage: [0.1, 0.2, 0.3] }\n',
    });
    const { recipe, name, files } = loadRecipe('a.yaml', { folder });
    expect(recipe.seed).toBe(9);
    expect(recipe.triplet).toMatchObject({ margin: 0.4, rate: 0.5, multipliers: [{ match: 'conv4', by: 2 }] });
    expect(recipe.head.shrinkage).toEqual([0.7]);
    expect(name).toBe('a');
    expect(files.map((file) => file.split('/').at(-1))).toEqual(['c.yaml', 'b.yaml', 'a.yaml']);
  });

  it('that names another optimizer keeps nothing of the old one', () => {
    const folder = folderWith({ 'a.yaml': 'extends: resnet-semihard\ntriplet: { optimizer: { name: adam } }\n' });
    expect(loadRecipe('a.yaml', { folder }).recipe.triplet?.optimizer).toEqual({
      name: 'adam',
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 5e-4,
    });
  });

  it('that changes one key of an optimizer keeps the others', () => {
    const folder = folderWith({ 'a.yaml': 'triplet: { optimizer: { momentum: 0.5 } }\n' });
    expect(loadRecipe('a.yaml', { folder }).recipe.triplet?.optimizer).toEqual({ name: 'sgd', momentum: 0.5, weightDecay: 5e-4 });
  });

  it('that freezes by name drops the boundary it inherits, and the other way round', () => {
    const folder = folderWith({
      'a.yaml': 'extends: b.yaml\ntriplet: { freeze: { until: conv2 } }\n',
      'b.yaml': 'triplet: { freeze: { only: [conv1] } }\n',
    });
    expect(loadRecipe('b.yaml', { folder }).recipe.triplet?.freeze).toEqual({ only: ['conv1'] });
    expect(loadRecipe('a.yaml', { folder }).recipe.triplet?.freeze).toEqual({ until: 'conv2' });
  });

  it('can leave a phase out, and one that extends it can bring it back', () => {
    const folder = folderWith({
      'a.yaml': 'classification: null\n',
      'b.yaml': 'extends: a.yaml\nclassification: { epochs: 2 }\n',
    });
    expect(loadRecipe('a.yaml', { folder }).recipe.classification).toBeNull();
    expect(loadRecipe('b.yaml', { folder }).recipe.classification).toEqual({
      ...recipeSchema.parse({}).classification,
      epochs: 2,
    });
  });

  it('is overruled by --set, and --set by --data', () => {
    const folder = folderWith({ 'a.yaml': 'triplet: { margin: 0.3 }\ndata: { classes: 24 }\n' });
    const { recipe } = loadRecipe('a.yaml', {
      folder,
      data: 'photos',
      sets: [
        'triplet.margin=0.5',
        'triplet.margin=0.6',
        'head.shrinkage=[0, 1]',
        'data.augment=none',
        'data.folder=x',
        'triplet.freeze={only: [conv1]}',
      ],
    });
    expect(recipe.triplet?.margin).toBe(0.6);
    expect(recipe.head.shrinkage).toEqual([0, 1]);
    expect(recipe.triplet?.freeze).toEqual({ only: ['conv1'] });
    expect(recipe.data).toMatchObject({ source: 'folder', folder: 'photos', classes: null, augment: 'none' });
  });

  it('is found by name in the current folder too, with anchors and aliases read', () => {
    const folder = folderWith({ 'mine.yaml': 'classification: &shared { rate: 0.5 }\ntriplet: *shared\n' });
    expect(loadRecipe('mine', { folder }).recipe.triplet?.rate).toBe(0.5);
  });

  it('that does not exist names those that do', () => {
    expect(() => loadRecipe('resnet-semihrad')).toThrow(
      "unknown recipe 'resnet-semihrad'\n  expected: classifier, efficientnet-semihard, folder, mobilenet-semihard, resnet-semihard, smoke\n  do this:  did you mean 'resnet-semihard'?",
    );
    expect(() => loadRecipe('./no.yaml')).toThrow(UserError);
  });

  it('written out with its comments reads back as the same recipe', () => {
    for (const name of recipeNames()) {
      const { recipe } = loadRecipe(name);
      const text = writeRecipe(recipe);
      expect(loadRecipe('a.yaml', { folder: folderWith({ 'a.yaml': text }) }).recipe, name).toEqual(recipe);
      if (recipe.triplet !== null)
        expect(text).toContain('margin: 0.2 # how much farther the negative shall be than the positive');
    }
  });
});

describe('the recipes that come with ft', () => {
  it('are all whole, and each says what for, how run and what it scored', async () => {
    const { readFileSync } = await import('node:fs');
    const { recipesFolder } = await import('../../src/recipe/load.js');
    expect(recipeNames()).toEqual([
      'classifier',
      'efficientnet-semihard',
      'folder',
      'mobilenet-semihard',
      'resnet-semihard',
      'smoke',
    ]);
    for (const name of recipeNames()) {
      expect(() => loadRecipe(name)).not.toThrow();
      const text = readFileSync(`${recipesFolder}${name}.yaml`, 'utf8');
      expect(text).toMatch(/^# yaml-language-server: \$schema=\.\/schema\.json\n# \S/);
      expect(text).toMatch(/^# Run: /m);
      expect(text).toMatch(/^# Scores: /m);
    }
  });

  it('freeze conv1–conv3 in both phases of the main job', () => {
    const { recipe } = loadRecipe('resnet-semihard');
    expect(recipe.classification?.freeze).toEqual({ until: 'conv3' });
    expect(recipe.triplet?.freeze).toEqual({ until: 'conv3' });
  });
});

describe('a verb without a recipe', () => {
  it('takes ft.yaml where there is one', () => {
    expect(resolveRecipeArgument(undefined, folderWith({ 'ft.yaml': '' }))).toBe('./ft.yaml');
    expect(resolveRecipeArgument('smoke', folderWith({ 'ft.yaml': '' }))).toBe('smoke');
  });

  it('says what to do where there is none', () => {
    expect(() => resolveRecipeArgument(undefined, folderWith())).toThrow(/no recipe was named[^]*ft freeze --until conv3/);
  });
});
