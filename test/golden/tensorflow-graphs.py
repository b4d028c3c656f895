"""Small models as TensorFlow writes them, with what they give for an image by formula and some gradients:
tensorflow-graphs.json and tensorflow-graphs/. `keras` is a SavedModel with variables, `frozen-*` are tfjs graph models of
the same function (frozen, optimised by Grappler so that convolutions are fused; float32, uint8, float16).
Run: KERAS_BACKEND=tensorflow python tensorflow-graphs.py"""
import json
import pathlib
import shutil
import sys
import keras
import numpy as np
import tensorflow as tf
from google.protobuf.json_format import MessageToDict
from keras import layers
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tensorflow.python.grappler import tf_optimizer

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'bench'))
from formula import u

HERE = pathlib.Path(__file__).with_suffix('')
SIDE = 20
shutil.rmtree(HERE, ignore_errors=True)
HERE.mkdir()

x = inputs = keras.Input((SIDE, SIDE, 3), name='images')
x = layers.Rescaling(1 / 127.5, offset=-1, name='rescale')(x)
x = layers.ZeroPadding2D(((0, 1), (0, 1)), name='pad')(x)
x = layers.Conv2D(8, 3, strides=2, use_bias=False, name='stem')(x)
x = layers.BatchNormalization(name='stem_bn')(x)
x = y = layers.ReLU(max_value=6, name='stem_relu')(x)
x = layers.DepthwiseConv2D(3, padding='same', use_bias=False, name='depthwise')(x)
x = layers.BatchNormalization(center=False, name='depthwise_bn')(x)
x = layers.Activation('swish', name='depthwise_swish')(x)
s = layers.GlobalAveragePooling2D(name='se_pool')(x)
s = layers.Reshape((1, 1, 8), name='se_reshape')(s)
s = layers.Conv2D(4, 1, activation='relu', name='se_down')(s)
s = layers.Conv2D(8, 1, activation='sigmoid', name='se_up')(s)
x = layers.Multiply(name='se')([x, s])
x = layers.Conv2D(8, 1, name='project')(x)
x = layers.Add(name='sum')([y, x])
x = layers.Dropout(.3, name='drop')(x)
x = layers.MaxPooling2D(2, name='pool')(x)
a = layers.Conv2D(6, 3, padding='same', activation='hard_silu', name='left')(x)
b = layers.AveragePooling2D(3, strides=1, padding='same', name='average')(x)
x = layers.Concatenate(name='join')([a, b])
x = layers.Conv2D(10, 3, padding='same', activation='tanh', name='last')(x)
top = layers.GlobalAveragePooling2D(name='pooled')(x)
top = layers.Dense(4, activation='softmax', name='top')(top)
model = keras.Model(inputs, top, name='small')
maps = keras.Model(inputs, x)
for w in model.weights:
    role = w.path.split('/')[-1]
    size = int(np.prod(w.shape))
    scale, shift = {'gamma': (.4, 1), 'moving_variance': (.4, 1)}.get(role, (1.2, 0) if 'kernel' in role else (.4, .1))
    w.assign((u(w.path, size) * scale + shift).reshape(w.shape))
image = np.floor((u('image', 2 * SIDE * SIDE * 3) + .5) * 256).astype('f4').reshape(2, SIDE, SIDE, 3)
flat = lambda a: [float(np.float32(v)) for v in np.asarray(a).ravel()]

# Keras numbers the second trace of a model, which is the one that it exports.
watched = {'stem_1/kernel': model.get_layer('stem').kernel, 'stem_bn_1/gamma': model.get_layer('stem_bn').gamma,
           'project_1/bias': model.get_layer('project').bias, 'last_1/kernel': model.get_layer('last').kernel}
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.square(maps(image, training=False)))
grads = tape.gradient(loss, [v.value for v in watched.values()])
golden = {'tensorflow': tf.__version__, 'keras': keras.__version__, 'side': SIDE,
          'map': {'shape': list(maps(image).shape), 'values': flat(maps(image))},
          'decoded': {},
          'gradients': {k: flat(g) for k, g in zip(watched, grads)}}

model.export(HERE / 'keras', verbose=False)
shutil.rmtree(HERE / 'keras' / 'assets', ignore_errors=True)
(HERE / 'keras' / 'fingerprint.pb').unlink(missing_ok=True)

call = tf.function(lambda images: model(images, training=False))
frozen = convert_variables_to_constants_v2(call.get_concrete_function(tf.TensorSpec((None, SIDE, SIDE, 3), tf.float32)))
graph = frozen.graph.as_graph_def()
for node in graph.node:
    node.device = '/device:CPU:0'  # Grappler fuses convolutions on CPUs alone
meta = tf.compat.v1.train.export_meta_graph(graph_def=graph, graph=frozen.graph)
collection = meta_graph_pb2.CollectionDef()
collection.node_list.value.extend([t.name for t in frozen.inputs + frozen.outputs])
meta.collection_def['train_op'].CopyFrom(collection)
config = config_pb2.ConfigProto()
config.graph_options.rewrite_options.optimizers.extend(['pruning', 'constfold', 'arithmetic', 'dependency', 'pruning', 'remap', 'constfold', 'arithmetic', 'dependency'])
config.graph_options.rewrite_options.meta_optimizer_iterations = 2
optimised = tf_optimizer.OptimizeGraph(config, meta)
golden['operations'] = sorted({n.op for n in optimised.node})


def write(name, dtype):
    folder = HERE / name
    folder.mkdir()
    weights, data = [], b''
    clean, decoded = type(optimised)(), type(optimised)()
    clean.CopyFrom(optimised)
    decoded.CopyFrom(optimised)
    for node, twin in zip(clean.node, decoded.node):
        if node.op != 'Const':
            continue
        values = tf.make_ndarray(node.attr['value'].tensor)
        entry = {'name': node.name, 'shape': list(values.shape), 'dtype': 'float32' if values.dtype == np.float32 else 'int32'}
        values = values.astype(entry['dtype'])
        if entry['dtype'] == 'float32' and values.size > 1 and dtype == 'uint8':
            low, scale = float(values.min()), float(values.max() - values.min()) / 255 or 1
            values = np.round((values - low) / scale).astype('u1')
            entry['quantization'] = {'min': low, 'scale': scale, 'dtype': 'uint8'}
        elif entry['dtype'] == 'float32' and dtype == 'float16':
            values = values.astype('f2')
            entry['quantization'] = {'dtype': 'float16'}
        data += values.tobytes()
        back = values.astype('f4') * np.float32(scale) + np.float32(low) if 'min' in entry.get('quantization', {}) else values.astype(entry['dtype'])
        twin.attr['value'].tensor.CopyFrom(tf.make_tensor_proto(back))
        weights.append(entry)
        node.attr['value'].tensor.ClearField('tensor_content')
        node.attr['value'].tensor.ClearField('float_val')
        node.attr['value'].tensor.ClearField('int_val')
    clean.ClearField('library')
    pooled = next(n.input[0] for n in reversed(decoded.node) if n.op == 'Mean' and 'pooled' in n.name)
    run = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(decoded, name=''), []).prune(frozen.inputs[0].name, pooled + ':0')
    golden['decoded'][dtype] = flat(run(tf.constant(image)))
    half = len(data) // 2
    shards = {'group1-shard1of2.bin': data[:half], 'group1-shard2of2.bin': data[half:]}
    for path, part in shards.items():
        (folder / path).write_bytes(part)
    out = frozen.outputs[0].name
    (folder / 'model.json').write_text(json.dumps({
        'format': 'graph-model', 'generatedBy': tf.__version__, 'modelTopology': MessageToDict(clean),
        'signature': {'outputs': {'top': {'name': out}}},
        'weightsManifest': [{'paths': list(shards), 'weights': weights}]}) + '\n')


for name, dtype in (('frozen-float32', 'float32'), ('frozen-uint8', 'uint8'), ('frozen-float16', 'float16')):
    write(name, dtype)
HERE.with_suffix('.json').write_text(json.dumps(golden) + '\n')
