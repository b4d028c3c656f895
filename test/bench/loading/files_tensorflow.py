"""ResNet-50 as TensorFlow's world stores it, with Keras' own random weights: python files_tensorflow.py FOLDER"""
import json
import os
import pathlib
import sys

os.environ.update(KERAS_BACKEND='tensorflow', TF_CPP_MIN_LOG_LEVEL='3', CUDA_VISIBLE_DEVICES='-1')
import keras
import tensorflow as tf
from google.protobuf.json_format import MessageToDict
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

folder = pathlib.Path(sys.argv[1])
SHARD = 4 * 2**20
keras.utils.set_random_seed(0)
model = keras.applications.ResNet50(weights=None)
model.save(folder / 'resnet50.h5')
model.save(folder / 'resnet50.keras')
model.save_weights(folder / 'resnet50.weights.h5')
model.export(folder / 'savedmodel', verbose=False)
# By the layers' names, as TensorFlow 1 wrote them: without a graph beside it, keys of an object graph name no layer.
tf.raw_ops.SaveV2(prefix=str(folder / 'checkpoint'), tensor_names=[v.path for v in model.weights],
                  shape_and_slices=[''] * len(model.weights), tensors=[v.value.read_value() for v in model.weights])

call = tf.function(lambda images: model(images, training=False))
frozen = convert_variables_to_constants_v2(call.get_concrete_function(tf.TensorSpec((None, 224, 224, 3), tf.float32)))
graph = frozen.graph.as_graph_def()
graph.ClearField('library')
constants = []
for node in graph.node:
    if node.op == 'Const':
        constants.append((node.name, tf.make_ndarray(node.attr['value'].tensor)))
        for field in ('tensor_content', 'float_val', 'int_val'):
            node.attr['value'].tensor.ClearField(field)

# A model.json and its weights in files of 4 MiB, as tensorflowjs' converter cuts them.
place = folder / 'tfjs-graph'
place.mkdir()
data = b''.join(values.astype('f4' if values.dtype.kind == 'f' else 'i4').tobytes() for _, values in constants)
paths = [f'group1-shard{at + 1}of{-(-len(data) // SHARD)}.bin' for at in range(-(-len(data) // SHARD))]
for at, path in enumerate(paths):
    (place / path).write_bytes(data[at * SHARD:(at + 1) * SHARD])
entries = [{'name': key, 'shape': list(values.shape), 'dtype': 'float32' if values.dtype.kind == 'f' else 'int32'} for key, values in constants]
(place / 'model.json').write_text(json.dumps({
    'format': 'graph-model', 'modelTopology': MessageToDict(graph), 'signature': {'outputs': {'top': {'name': frozen.outputs[0].name}}},
    'weightsManifest': [{'paths': paths, 'weights': entries}]}))
