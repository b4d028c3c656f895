import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { publishedAs } from '../../src/backbones/published.js';
import { backbones } from '../../src/backbones/pull.js';
import { featureVariables } from '../../src/backbones/topology.js';
import { cardNames, cardsFolder, parseCard, readCard } from '../../src/weights/cards.js';

describe('the cards in pretrained/', () => {
  it('are one for each backbone, and each can be read', async () => {
    const names = await cardNames();
    expect(names).toEqual(expect.arrayContaining([...backbones.keys(), 'resnet50', 'vgg16', 'efficientnet-lite2']));
    for (const name of names) {
      const card = await readCard(name);
      expect(card.name).toBe(name);
      if (!('network' in card)) expect(backbones.has(name)).toBe(true);
      else {
        const variables = featureVariables(publishedAs(card).variant.topology());
        const sizes = variables.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
        expect(card.parameters, name).toBe(sizes.reduce((a, b) => a + b, 0));
      }
    }
  });

  it('list every fault of a card at once, with its key', async () => {
    const text = await readFile(join(cardsFolder, 'resnet50-thin.yaml'), 'utf8');
    const faulty = text.replace('side: 224', 'side: wide').replace('features: 1024', 'featurs: 1024');
    expect(() => parseCard(faulty, 'card.yaml')).toThrow(/card\.yaml: side[\s\S]*card\.yaml: features[\s\S]*featurs/);
  });

  it('answer a name that none of them has with the nearest one', async () => {
    await expect(readCard('resnet50thin')).rejects.toThrow(
      /^unknown set of weights 'resnet50thin'\n {2}expected: one of \d+, such as resnet50-thin, .*\n {2}do this: {2}did you mean 'resnet50-thin'\?$/,
    );
  });
});
