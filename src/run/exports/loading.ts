import type { FormatName } from '../../formats.js';
import type { ImageLayout } from '../../weights/onnx/image-entry.js';

const code = (language: string, text: string) => ['', `\`\`\`${language}`, ...text.trim().split('\n'), '```', ''];

/** How others load an export, as Markdown: the code that `make verify` runs for them (test/export/consumers.py). */
export function loading(format: FormatName, side: number, backbone: string, layout: ImageLayout): string[] {
  switch (format) {
    case 'savedmodel':
      return [
        'Python (TF Serving and the C API take the same signatures, `serving_default` and `from_bytes`):',
        ...code(
          'python',
          `
import tensorflow as tf
model = tf.saved_model.load(".")
embed = model.signatures["serving_default"]            # image: uint8 [batch, H, W, 3], any size
vectors = embed(image=images)["embedding"]
vectors = model.signatures["from_bytes"](bytes=tf.stack([tf.io.read_file("a.jpg")]))["embedding"]`,
        ),
        'JavaScript:',
        ...code(
          'js',
          `
const model = await tf.node.loadSavedModel('.', ['serve'], 'serving_default');
const { embedding } = model.predict({ image });          // int32 [batch, H, W, 3]`,
        ),
      ];
    case 'onnx':
      return [
        `Python, JavaScript and C++ by onnxruntime; \`image\` is uint8 [batch, ${layout === 'nchw' ? '3, H, W' : 'H, W, 3'}] of any size:`,
        ...code(
          'python',
          `
import onnxruntime
session = onnxruntime.InferenceSession("model.onnx")
vectors, = session.run(["embedding"], {"image": images})`,
        ),
        ...code(
          'js',
          `
const session = await ort.InferenceSession.create('model.onnx');
const { embedding } = await session.run({ image: new ort.Tensor('uint8', bytes, [1, ${layout === 'nchw' ? '3, height, width' : 'height, width, 3'}]) });`,
        ),
      ];
    case 'tfjs-graph':
      return [
        'JavaScript, in a browser or Node; an image of any size:',
        ...code(
          'js',
          `
const model = await tf.loadGraphModel('model.json');
const embedding = model.predict({ image: tf.browser.fromPixels(element).expandDims() });`,
        ),
      ];
    case 'tfjs':
      return [
        `JavaScript, in a browser or Node, where it can be trained on; images of ${side} × ${side}. The vectors are not yet of unit length:`,
        ...code(
          'js',
          `
const model = await tf.loadLayersModel('model.json');
const embedding = model.predict(tf.browser.fromPixels(element).resizeBilinear([${side}, ${side}]).expandDims());`,
        ),
      ];
    case 'keras':
      return [
        `Keras 2 or 3, images of ${side} × ${side} as float32 of 0 … 255:`,
        ...code(
          'python',
          `
model = keras.models.load_model("model.h5", compile=False)
vectors = model(images)`,
        ),
        'Where keras.applications has the network, `backbone.h5` holds its weights by the names of the layers there:',
        ...code(
          'python',
          `
backbone = keras.applications.MobileNet(include_top=False, weights=None)   # the network that was fine-tuned
backbone.load_weights("backbone.h5", by_name=True)`,
        ),
      ];
    case 'safetensors':
      return [
        `PyTorch: \`backbone.safetensors\` holds the weights by their publisher's names (${backbone}) where a family knows the network, \`head.safetensors\` a linear layer on the pooled features:`,
        ...code(
          'python',
          `
from safetensors.torch import load_file
backbone.load_state_dict(load_file("backbone.safetensors"), strict=False)   # the network without its classifier
weights = load_file("head.safetensors")
head = torch.nn.Linear(weights["weight"].shape[1], weights["weight"].shape[0])
head.load_state_dict(weights)
vectors = torch.nn.functional.normalize(head(features), dim=1)`,
        ),
      ];
  }
}
