import { retrieve, summarise } from '../../src/evaluate/retrieval.js';
import { semiHard } from '../../src/miners/semi-hard.js';
import { silent } from '../../src/progress.js';
import { createProgram } from '../../src/runtime/program.js';
import { type Tensor, type Tensor2D, tf } from '../../src/runtime/tensorflow.js';
import { HEAD_BIAS, HEAD_KERNEL, tripletObjective } from '../../src/train/objectives.js';
import { createFeatureProgram, weightsOf } from '../../src/train/trainer.js';
import { u } from '../train/formula.js';
import { benchNetwork } from './networks.js';
import { benchTraining } from './training.js';

/* What needs TensorFlow: kept apart, for its library would be most of the memory of what does not. */

const DIMENSIONS = 64;
const SIDE = 128;

/** A step of a classification phase. */
export async function classificationStep(batch: number, classes: number): Promise<() => unknown> {
  const training = await benchTraining({
    network: 'resnet50-thin',
    until: 'conv4',
    side: 64,
    batch,
    classes,
    dropout: 0.2,
    rate: 1e-4,
    maps: false,
    precision: 'fp32',
  });
  let at = 0;
  return () => training.steps(at++);
}

/** What embedding and evaluation compute of a batch of images. */
export async function featuresOf(images: number): Promise<() => unknown> {
  const network = await benchNetwork('resnet50-thin', silent);
  const program = createFeatureProgram('traced', network, weightsOf(network), images, SIDE);
  const pixels = Uint8Array.from(u('pixels', images * SIDE * SIDE * 3), (value) => (value + 0.5) * 256);
  return () => program.run('features', { pixels });
}

const IMAGES_PER_CLASS = 4;

/** A triplet step of a head alone, so that what is measured is pairs and triplets: distances, mining, loss, gradients. */
export function tripletStep(images: number): () => unknown {
  const objective = tripletObjective({
    miner: semiHard,
    margin: 0.2,
    distance: 'euclidean',
    reduction: 'kept',
    positives: IMAGES_PER_CLASS - 1,
  });
  const state = {
    [HEAD_KERNEL]: { shape: [DIMENSIONS, DIMENSIONS], dtype: 'float32', values: formula('kernel', DIMENSIONS ** 2) },
    [HEAD_BIAS]: { shape: [DIMENSIONS], dtype: 'float32', values: formula('bias', DIMENSIONS) },
  } as const;
  const names = [HEAD_KERNEL, HEAD_BIAS];
  const program = createProgram('traced', state, {
    step: {
      signature: {
        inputs: { x: { shape: [images, DIMENSIONS], dtype: 'float32' }, labels: { shape: [images], dtype: 'int32' } },
      },
      fn: (inputs, present) => {
        const before = names.map((name) => present[name] as Tensor);
        const { value, grads } = tf.valueAndGrads(
          (...values) => objective(inputs.x as Tensor2D, (name) => values[names.indexOf(name)] as Tensor, inputs).loss,
        )(before);
        const after = names.map((name, at) => [name, tf.sub(before[at] as Tensor, tf.mul(grads[at] as Tensor, 1e-3))]);
        return { outputs: { loss: value }, state: Object.fromEntries(after) };
      },
    },
  });
  const inputs = {
    x: formula('embeddings', images * DIMENSIONS),
    labels: Int32Array.from({ length: images }, (_, image) => Math.floor(image / IMAGES_PER_CLASS)),
  };
  return () => program.run('step', inputs);
}

/** Leave-one-out retrieval over images of these labels. */
export function retrieval(labels: Int32Array): () => unknown {
  const embeddings = formula('embeddings', labels.length * DIMENSIONS);
  return () => summarise(retrieve(embeddings, DIMENSIONS, labels));
}

function formula(name: string, size: number): Float32Array {
  const drawn = u(name, size);
  const values = new Float32Array(size);
  for (let i = 0; i < size; i++) values[i] = drawn[i] as number;
  return values;
}
