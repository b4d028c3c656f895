import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { backbones } from '../../src/backbones/pull.js';
import { cardNames, cardsFolder, parseCard, readCard } from '../../src/weights/cards.js';

describe('the cards in pretrained/', () => {
  it('are one for each backbone, and each can be read', async () => {
    const names = await cardNames();
    expect(names).toEqual([...backbones.keys()].sort());
    for (const name of names) expect((await readCard(name)).name).toBe(name);
  });

  it('list every fault of a card at once, with its key', async () => {
    const text = await readFile(join(cardsFolder, 'resnet50-thin.yaml'), 'utf8');
    const faulty = text.replace('side: 224', 'side: wide').replace('features: 1024', 'featurs: 1024');
    expect(() => parseCard(faulty, 'card.yaml')).toThrow(/card\.yaml: side[\s\S]*card\.yaml: features[\s\S]*featurs/);
  });

  it('answer a name that none of them has with the nearest one', async () => {
    await expect(readCard('resnet50thin')).rejects.toThrow(
      "unknown set of weights 'resnet50thin'\n  expected: efficientnet-lite0, mobilenet-v1, resnet50-thin\n  do this:  did you mean 'resnet50-thin'?",
    );
  });
});
