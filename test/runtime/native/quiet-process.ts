// Everything that makes TensorFlow talk: loading it, running an operation, loading a SavedModel with an attribute that its
// release does not know, running it, and all of that once more in a worker. It writes what it computed.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker } from 'node:worker_threads';
import { type AttrMessage, DT, messages } from '../../../src/runtime/graph/proto.js';
import { binding, type Tensor4D, tf } from '../../../src/runtime/tensorflow.js';

/** `y = relu(x · x)`: two operations for the graph optimiser to have its say, one with an attribute that nobody defines. */
function writeSavedModel(folder: string): void {
  const node = (name: string, op: string, inputs: string[], attributes: Record<string, (value: AttrMessage) => void>) => {
    const made = new messages.NodeDef();
    made.setName(name);
    made.setOp(op);
    for (const input of inputs) made.addInput(input);
    for (const [key, set] of Object.entries(attributes)) {
      const value = new messages.AttrValue();
      set(value);
      made.getAttrMap().set(key, value);
    }
    return made;
  };
  const float = (value: AttrMessage) => value.setType(DT.float32);
  const graph = new messages.GraphDef();
  graph.addNode(node('x', 'Placeholder', [], { dtype: float }));
  graph.addNode(node('square', 'MatMul', ['x', 'x'], { T: float, not_known_to_tensorflow: (value) => value.setB(true) }));
  graph.addNode(node('y', 'Relu', ['square'], { T: float }));
  const version = new messages.VersionDef();
  // Newer than the library: only then does it let an unknown attribute pass, with a warning.
  version.setProducer(9999);
  graph.setVersions(version);
  const info = new messages.MetaGraphDef.MetaInfoDef();
  info.addTags('serve');
  const meta = new messages.MetaGraphDef();
  meta.setMetaInfoDef(info);
  meta.setGraphDef(graph);
  const model = new messages.SavedModel();
  model.setSavedModelSchemaVersion(1);
  model.addMetaGraphs(meta);
  writeFileSync(join(folder, 'saved_model.pb'), model.serializeBinary());
}

const eager = tf
  .matMul(
    tf.tensor2d([
      [1, 2],
      [3, 4],
    ]),
    tf.tensor2d([
      [1, 0],
      [0, 1],
    ]),
  )
  .dataSync()
  .join();
tf.conv2d(tf.ones([1, 8, 8, 3]) as Tensor4D, tf.ones([3, 3, 3, 4]) as Tensor4D, 1, 'same').dataSync();

const folder = mkdtempSync(join(tmpdir(), 'ft-quiet-'));
try {
  writeSavedModel(folder);
  const model = binding().loadSavedModel(folder, 'serve');
  const x = binding().createTensor([2, 2], binding().TF_FLOAT, new Float32Array([1, 2, 3, 4]));
  const [y] = binding().runSavedModel(model, [x], 'x:0', 'y:0');
  process.stdout.write(`${isMainThread ? 'main' : 'worker'} ${eager} ${[...binding().tensorDataSync(y?.id ?? -1)].join()}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
// An error of TensorFlow's is ours to see.
try {
  binding().loadSavedModel(join(folder, 'nothing'), 'serve');
} catch (error) {
  process.stdout.write(`${(error as Error).message.includes('nothing') ? 'told' : 'not told'}\n`);
}

if (isMainThread) {
  const here = JSON.stringify(fileURLToPath(import.meta.url));
  new Worker(`require('tsx/cjs/api').require(${here}, ${here})`, { eval: true });
}
