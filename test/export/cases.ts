/** Models whose exports go through the hands of their consumers. */
import { assemble } from '../../src/backbones/assemble.js';
import { loadBackbone } from '../../src/backbones/registry.js';
import type { FinishedModel, Published } from '../../src/export/model.js';
import { silent } from '../../src/progress.js';
import { weightsOf } from '../../src/train/trainer.js';
import { formulaWeights, publishedTensors } from '../backbones/published.js';
import { variantAndLayout } from '../backbones/rows.js';
import { u } from '../train/formula.js';

export const SIDE = 96;
export const DIMENSIONS = 16;

/** What an implementation in Python calls a network: of torchvision, timm, or keras.applications with what it is made with. */
export interface Peer {
  readonly library: 'torchvision' | 'timm' | 'keras';
  readonly name: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

export interface Case {
  readonly name: string;
  readonly model: FinishedModel;
  readonly published: Published | null;
  readonly peer: Peer | null;
  /** Whether the formats that compute are written, or weights for the peer alone. */
  readonly whole: boolean;
}

function finished(network: FinishedModel['network']): FinishedModel {
  const kernel = Float32Array.from(u('kernel', network.features * DIMENSIONS));
  const bias = Float32Array.from(u('bias', DIMENSIONS));
  const head = { kernel, bias, inputs: network.features, outputs: DIMENSIONS };
  return { network, weights: weightsOf(network), head, side: SIDE };
}

/** Weights of ImageNet. */
async function pretrained(name: string, published: Published | null, peer: Peer | null): Promise<Case> {
  const { network } = await loadBackbone(name, { progress: silent });
  return { name, model: finished(network), published, peer, whole: true };
}

/** Weights of the formula, of a network whose own are not on every machine. */
function made(key: string, peer: Peer): Case {
  const published = variantAndLayout(key);
  const { variant, layout } = published;
  const network = assemble(variant, layout, publishedTensors(variant, layout, formulaWeights(layout.order)), { where: key });
  return { name: variant.name, model: finished(network), published, peer, whole: false };
}

export const CASES: Readonly<Record<string, () => Promise<Case>>> = {
  'resnet50-thin': () => pretrained('resnet50-thin', null, null),
  'efficientnet-lite0': () =>
    pretrained('efficientnet-lite0', variantAndLayout('efficientnet-lite0.timm'), {
      library: 'timm',
      name: 'tf_efficientnet_lite0',
    }),
  resnet18: async () => made('resnet18.torchvision', { library: 'torchvision', name: 'resnet18' }),
  'mobilenet-v3-small': async () =>
    made('mobilenet-v3-small.torchvision', { library: 'torchvision', name: 'mobilenet_v3_small' }),
  'mobilenet-v1-0.25': async () =>
    made('mobilenet-v1-0.25.keras', { library: 'keras', name: 'MobileNet', options: { alpha: 0.25 } }),
  'resnet50-v1': async () => made('resnet50-v1.keras', { library: 'keras', name: 'ResNet50' }),
};
