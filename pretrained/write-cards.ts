/** Writes the cards of the weights that published.py lists: facts of their publishers, and the sizes of our networks. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { variantOf } from '../src/backbones/families.js';
import { featureVariables } from '../src/backbones/topology.js';
import { cardsFolder, type PublishedCard, parseCard } from '../src/weights/cards.js';

interface Facts {
  readonly network: string;
  readonly publisher: PublishedCard['publisher'];
  readonly name: string;
  readonly title: string;
  readonly url: string;
  readonly pin: Record<string, string> | null;
  readonly evaluation: PublishedCard['evaluation'];
}

const LICENCES = {
  torchvision: {
    name: 'BSD-3-Clause',
    of: 'the PyTorch project',
    note: 'trained on ImageNet, whose photos have terms of their own',
  },
  keras: { name: 'Apache-2.0', of: 'the Keras project', note: 'trained on ImageNet, whose photos have terms of their own' },
};

let text = '';
for await (const chunk of process.stdin) text += chunk;
for (const line of text.trim().split('\n')) {
  const facts = JSON.parse(line) as Facts;
  const variant = variantOf(facts.network, 'published.py');
  const parameters = featureVariables(variant.topology()).reduce(
    (sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1),
    0,
  );
  const layout = variant.layouts.find(({ name }) => name === facts.publisher);
  if (layout === undefined) throw new Error(`${facts.network} has no layout of ${facts.publisher}`);
  const { mean, std } = layout.preprocessing;
  const order = layout.bgr === true ? 'BGR' : 'RGB';
  const card: PublishedCard = {
    name: facts.name,
    title: facts.title,
    what: `ImageNet classifier of 1,000 classes (${variant.name}); the classifier is kept beside the features for checks.`,
    source: { kind: 'url', urls: [facts.url], pin: (facts.pin ?? { unpinned: true }) as never },
    licence: LICENCES[facts.publisher as keyof typeof LICENCES],
    parameters,
    side: facts.evaluation.crop,
    published: `${order}, (value − [${mean.join(', ')}]) / [${std.join(', ')}] in RGB`,
    preprocessing: { mean: [...mean], std: [...std] },
    network: facts.network,
    publisher: facts.publisher,
    evaluation: facts.evaluation,
    measured: [],
  };
  const yaml = `# Written by pretrained/write-cards.ts: \`ft weights show ${card.name}\`.\n${stringify(card, { lineWidth: 120 })}`;
  parseCard(yaml, card.name);
  writeFileSync(join(cardsFolder, `${card.name}.yaml`), yaml);
}
