/** What each consumer makes of ft's exports, beside the run's own embeddings of the same images. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeImage } from '../../src/data/decode.js';
import { sharp } from '../../src/data/image-library.js';
import { exportFormats } from '../../src/export/formats.js';
import type { FinishedModel } from '../../src/export/model.js';
import type { FormatName } from '../../src/formats.js';
import { openEmbedder } from '../../src/run/embedder.js';
import { type Computing, reload } from '../../src/run/exports/reload.js';
import { type Tensor, tf } from '../../src/runtime/tensorflow.js';
import type { ExportQuantization } from '../../src/weights/quantize.js';
import { u } from '../train/formula.js';
import { runPython } from '../verify/python.js';
import { type BrowserModel, inBrowser } from './browser.js';
import { type Case, type Peer, SIDE } from './cases.js';

export const IMAGES = 8;
const LABELS = ['ant', 'bee', 'cat'];
const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** A number that says how far a consumer is from the run: the largest difference, or 1 − the smallest cosine. */
export interface Figure {
  /** A format, or one with its quantisation: `tfjs-graph uint8`. */
  readonly format: string;
  readonly consumer: string;
  readonly measure: 'difference' | '1 − cosine';
  readonly value: number;
}

export interface Found {
  readonly figures: readonly Figure[];
  /** What consumers say beside figures. */
  readonly said: Readonly<Record<string, unknown>>;
}

/** Images of waves whose direction, length and colours are their own: smooth, as photos are, and different. */
function waves(): Uint8Array {
  return Uint8Array.from({ length: IMAGES * SIDE * SIDE * 3 }, (_, at) => {
    const [image, y, x, colour] = [
      Math.floor(at / 3 / SIDE / SIDE),
      Math.floor(at / 3 / SIDE) % SIDE,
      Math.floor(at / 3) % SIDE,
      at % 3,
    ];
    const wave = Math.sin((x * Math.cos(image) + y * Math.sin(image)) / (4 + (image % 7)) + colour * image);
    return Math.round(127.5 + 127.5 * wave);
  });
}

function embeddingsOf(model: FinishedModel, images: readonly Uint8Array[]): Float32Array {
  const embedder = openEmbedder(model, images.length);
  for (const image of images) embedder.add(image);
  const values = embedder.finish().slice();
  embedder.close();
  return values;
}

/** The files of a case: images, what ft makes of them, and the exports. */
export interface Written {
  readonly folder: string;
  readonly pixels: Uint8Array;
  readonly own: Float32Array;
  /** Of an export, by the name of its folder. */
  readonly place: (format: string) => string;
}

/** Formats that compute, each as it is and in its quantised forms. */
export const FORMS: readonly { readonly format: FormatName; readonly quantization: ExportQuantization | null }[] = [
  ...(['savedmodel', 'onnx', 'tfjs-graph', 'tfjs', 'keras', 'safetensors'] as const).map((format) => ({
    format,
    quantization: null,
  })),
  ...(['tfjs-graph', 'tfjs'] as const).flatMap((format) =>
    (['float16', 'uint8'] as const).map((quantization) => ({ format, quantization })),
  ),
  { format: 'onnx', quantization: 'int8' },
];

export function formName({ format, quantization }: (typeof FORMS)[number]): string {
  return quantization === null ? format : `${format} ${quantization}`;
}

export async function writeCase({ model, published, whole, peer }: Case, folder: string): Promise<Written> {
  const pixels = waves();
  const length = SIDE * SIDE * 3;
  const all = Array.from({ length: IMAGES }, (_, image) => pixels.subarray(image * length, (image + 1) * length));
  const place = (format: string) => join(folder, format);
  const head = {
    kernel: Float32Array.from(u('classes', model.network.features * LABELS.length)),
    bias: Float32Array.from(u('class', LABELS.length)),
    inputs: model.network.features,
    outputs: LABELS.length,
  };
  for (const form of FORMS) {
    if (!whole && form.format !== (peer?.library === 'keras' ? 'keras' : 'safetensors')) continue;
    mkdirSync(place(formName(form)));
    const classifier = form.format === 'savedmodel' ? { head, labels: LABELS } : null;
    const { quantization } = form;
    const calibration =
      quantization === 'int8'
        ? {
            side: SIDE,
            count: IMAGES,
            batches: async function* () {
              yield pixels;
            },
          }
        : null;
    await exportFormats[form.format](model, place(formName(form)), {
      classifier,
      published,
      quantization,
      calibration,
      layout: 'nhwc',
    });
  }
  const raw = { width: SIDE, height: SIDE, channels: 3 } as const;
  const jpegs = await Promise.all(all.map((one) => sharp(one, { raw }).jpeg({ quality: 90 }).toBuffer()));
  for (const [at, jpeg] of jpegs.entries()) writeFileSync(join(folder, `${at}.jpg`), jpeg);
  const own = embeddingsOf(model, all);
  const decoded = embeddingsOf(model, await Promise.all(jpegs.map((jpeg) => decodeImage(jpeg, SIDE))));
  writeFileSync(join(folder, 'pixels'), pixels);
  writeFileSync(join(folder, 'own'), bytesOf(own));
  writeFileSync(join(folder, 'own-jpeg'), bytesOf(decoded));
  if (model.head !== null && peer?.library === 'keras') {
    writeFileSync(join(folder, 'keras/head.kernel'), bytesOf(model.head.kernel));
    writeFileSync(join(folder, 'keras/head.bias'), bytesOf(model.head.bias));
  }
  return { folder, pixels, own, place };
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Every consumer of a case, one after the other. */
export async function consume(one: Case, written: Written): Promise<Found> {
  const said: Record<string, unknown> = {};
  const figures = one.whole
    ? [...(await inNode(written)), ...inPython(written, said), ...(await converted(written)), ...(await inBrowsers(written))]
    : [];
  if (one.peer !== null) figures.push(ofPeer(one, one.peer, written, said));
  return { figures, said };
}

/** Where less than an embedding's last digits is lost, the difference says more than the cosine. */
function figuresOf(format: string, consumer: string, rows: ArrayLike<number>, own: Float32Array): Figure[] {
  if (rows.length !== own.length) throw new Error(`${format}, ${consumer}: ${rows.length} numbers in place of ${own.length}`);
  const dimensions = own.length / IMAGES;
  let [difference, smallest] = [0, 1];
  for (let image = 0; image < IMAGES; image++) {
    let dot = 0;
    for (let at = image * dimensions; at < (image + 1) * dimensions; at++) {
      const apart = Math.abs((rows[at] as number) - (own[at] as number));
      difference = apart <= difference ? difference : apart;
      dot += (rows[at] as number) * (own[at] as number);
    }
    smallest = dot >= smallest ? smallest : dot;
  }
  return [
    { format, consumer, measure: 'difference', value: difference },
    { format, consumer, measure: '1 − cosine', value: 1 - smallest },
  ];
}

async function inNode({ folder, own, pixels, place }: Written): Promise<Figure[]> {
  const figures: Figure[] = [];
  const names: Readonly<Record<Computing, string>> = {
    savedmodel: "ft's own session",
    onnx: 'onnxruntime-node',
    'tfjs-graph': 'tf.loadGraphModel, Node',
    tfjs: 'tf.loadLayersModel, Node',
  };
  for (const form of FORMS) {
    if (form.format === 'keras' || form.format === 'safetensors') continue;
    const loaded = await reload(form.format, place(formName(form)), 'embedding');
    const rows = await loaded.run(pixels, SIDE);
    figures.push(...figuresOf(formName(form), names[form.format], rows, own));
    await loaded.close();
    // What rounds to codes is held to what rounds as it does.
    if (form.quantization === 'int8') writeFileSync(join(folder, 'own-int8'), bytesOf(rows));
  }
  const saved = await tf.node.loadSavedModel(place('savedmodel'), ['serve'], 'serving_default');
  figures.push(
    ...figuresOf(
      'savedmodel',
      'tf.node.loadSavedModel',
      await predicted((image) => (saved.predict({ image } as never) as unknown as { embedding: Tensor }).embedding, pixels),
      own,
    ),
  );
  saved.dispose();
  return figures;
}

async function predicted(predict: (image: Tensor) => Tensor, pixels: Uint8Array): Promise<Float32Array> {
  const image = tf.tensor4d(Int32Array.from(pixels), [IMAGES, SIDE, SIDE, 3], 'int32');
  const result = predict(image);
  const rows = (await result.data()) as Float32Array;
  tf.dispose([image, result]);
  return rows.slice();
}

/** Of a figure that consumers.py finds: the format, the consumer, and whether it is 1 − cosine. */
const PYTHON: readonly (readonly [key: string, format: string, consumer: string, turned?: true])[] = [
  ['tf.saved_model.load, 1', 'savedmodel', 'tf.saved_model.load, one image'],
  [`tf.saved_model.load, ${IMAGES}`, 'savedmodel', 'tf.saved_model.load'],
  ['any size (1 - cosine)', 'savedmodel', "tf.saved_model.load, beside tf.image's resizing", true],
  ['from_bytes, PNG', 'savedmodel', 'tf.saved_model.load, bytes of PNG'],
  ['from_bytes, JPEG (1 - cosine)', 'savedmodel', 'tf.saved_model.load, bytes of JPEG', true],
  ['saved again', 'savedmodel', 'tf.saved_model.load, trained a step and saved again'],
  ['keras.layers.TFSMLayer', 'savedmodel', 'keras.layers.TFSMLayer'],
  ['TFLite', 'savedmodel', 'TFLite converter and interpreter'],
  ['tf2onnx, onnxruntime', 'savedmodel', 'tf2onnx, then onnxruntime'],
  ['onnxruntime, 1', 'onnx', 'onnxruntime (Python), one image'],
  [`onnxruntime, ${IMAGES}`, 'onnx', 'onnxruntime (Python)'],
  ['onnxruntime, any size (1 - cosine)', 'onnx', "onnxruntime (Python), beside tf.image's resizing", true],
  ['onnxruntime, int8 (1 - cosine)', 'onnx int8', 'onnxruntime (Python)', true],
  ['keras.models.load_model', 'keras', 'keras.models.load_model'],
];

function inPython({ folder }: Written, said: Record<string, unknown>): Figure[] {
  const output = runPython('export', [script('consumers.py'), folder, join(folder, 'pixels'), String(SIDE), join(folder, 'own')]);
  const found = JSON.parse(output.trim().split('\n').at(-1) as string) as Record<string, unknown>;
  Object.assign(said, found);
  return PYTHON.map(([key, format, consumer, turned]): Figure => {
    const value = found[key];
    if (typeof value !== 'number') throw new Error(`${key}: ${value}`);
    return { format, consumer, measure: turned === true ? '1 − cosine' : 'difference', value };
  });
}

/** What tensorflowjs_converter makes of the SavedModel, run by tfjs. */
async function converted({ folder, own, pixels, place }: Written): Promise<Figure[]> {
  const made = join(folder, 'converted');
  runPython('tensorflowjs', [
    '-m',
    'tensorflowjs.converters.converter',
    '--input_format=tf_saved_model',
    '--signature_name=serving_default',
    place('savedmodel'),
    made,
  ]);
  const loaded = await reload('tfjs-graph', made, 'embedding');
  const rows = await loaded.run(pixels, SIDE);
  await loaded.close();
  return figuresOf('savedmodel', 'tensorflowjs_converter, then tf.loadGraphModel', rows, own);
}

async function inBrowsers({ folder, own }: Written): Promise<Figure[]> {
  const models: BrowserModel[] = FORMS.flatMap((form) =>
    form.format === 'tfjs' || form.format === 'tfjs-graph'
      ? [{ name: formName(form), kind: form.format === 'tfjs' ? ('layers' as const) : ('graph' as const) }]
      : [],
  );
  const answers = await inBrowser(folder, { count: IMAGES, side: SIDE, models });
  return answers.flatMap(({ model, backend, rows }) => figuresOf(model, `Chromium, ${backend}`, rows, own));
}

/** The weights, in a network of another library that has the same. */
function ofPeer({ model, published }: Case, peer: Peer, written: Written, said: Record<string, unknown>): Figure {
  const { folder, place } = written;
  const { mean, std } = model.network.preprocessing;
  const input = [JSON.stringify(mean), JSON.stringify(std)];
  const images = [join(folder, 'pixels'), String(SIDE), join(folder, 'own')];
  const keras = peer.library === 'keras';
  const output = keras
    ? runPython('export', [
        script('consumers_keras.py'),
        place('keras'),
        ...images,
        peer.name,
        JSON.stringify(peer.options ?? {}),
        ...input,
        published?.layout.bgr === true ? 'bgr' : 'rgb',
      ])
    : runPython('backbones', [script('consumers_torch.py'), place('safetensors'), ...images, peer.library, peer.name, ...input]);
  const found = JSON.parse(output.trim().split('\n').at(-1) as string) as { readonly difference: number };
  said.peer = found;
  const consumer = keras ? `keras.applications.${peer.name}, load_weights` : `${peer.library} ${peer.name}, load_state_dict`;
  return { format: keras ? 'keras' : 'safetensors', consumer, measure: 'difference', value: found.difference };
}
