"""What TensorFlow writes for one thing in several ways, each in a small graph between two convolutions, with the map that it gives for
an image by formula and the gradient of the sum of its squares by the first kernel: tensorflow-forms.json, and tensorflow-forms/ with a
frozen SavedModel of each. `tf1` are SavedModels of TensorFlow 1 (VariableV2, no graph of objects, a checkpoint in two shards).
Run: KERAS_BACKEND=tensorflow python tensorflow-forms.py"""
import json
import pathlib
import shutil
import sys
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'bench'))
from formula import u

HERE = pathlib.Path(__file__).with_suffix('')
SIDE = 14
v1 = tf.compat.v1
shutil.rmtree(HERE, ignore_errors=True)
HERE.mkdir()


def tensor(name, shape, scale=1., shift=0.):
    return (u(name, int(np.prod(shape))) * scale + shift).astype('f4').reshape(shape)


image = tensor('image', (1, SIDE, SIDE, 3), 4)
flat = lambda a: [float(np.float32(v)) for v in np.asarray(a).ravel()]
C = 6
gamma, beta = tensor('gamma', (C,), .6, 1), tensor('beta', (C,), .6, .1)
kernel, depthwise = tensor('dilated', (3, 3, C, C)), tensor('depthwise', (3, 3, C, 1), 2)
matrix, grouped = tensor('matrix', (C, C), 2), tensor('grouped', (3, 3, 1, C), 2)


def keras_layer(layer):
    layer.build((None, None, None, C))
    for w in layer.weights:
        w.assign(tensor(w.path.split('/')[-1], w.shape, .6, 1 if 'gamma' in w.path else .1))
    return layer


def keras2_layer_norm(x, axis=3, epsilon=1e-3):
    """keras 2.15, layers/normalization/layer_normalization.py, `_fused`."""
    shape = tf.shape(x)
    before, inside = 1, 1
    for dim in range(4):
        if dim < axis:
            before = before * shape[dim]
        else:
            inside = inside * shape[dim]
    y = tf.reshape(x, [1, before, inside, 1])
    scale, offset = tf.fill([before], 1.), tf.fill([before], 0.)
    y, _, _ = v1.nn.fused_batch_norm(y, scale=scale, offset=offset, epsilon=epsilon, data_format='NCHW')
    return tf.reshape(y, shape) * gamma.reshape(1, 1, 1, C) + beta.reshape(1, 1, 1, C)


def batch_normalization_layer_norm(x):
    """The same layer where the fused operation would not do."""
    mean, variance = tf.nn.moments(x, [3], keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3)


def layer_norm_by_hand(x):
    mean = tf.reduce_mean(x, -1, keepdims=True)
    variance = tf.reduce_mean(tf.square(x - mean), -1, keepdims=True)
    return beta + gamma * (x - mean) / tf.sqrt(variance + 1e-3)


def layer_norm_behind_another(x):
    """With one sum between them, as where a stage of ConvNeXt has one block."""
    y = batch_normalization_layer_norm(x)
    return batch_normalization_layer_norm(tf.nn.relu(y) + y)


def prelu(x):
    """keras, layers/activations/prelu.py, with a slope for each channel."""
    return tf.nn.relu(x) + -gamma * tf.nn.relu(-x)


def each_channel_alone(x):
    """keras 3.15, backend/tensorflow/nn.py, `conv`: groups go through XLA, as a function of its own."""
    return tf.function(lambda: tf.nn.conv2d(x, grouped, 1, 'SAME'), jit_compile=True)() + beta


def loose_batch(f):
    """The batch and the size left open, so that paddings are computed by the graph."""
    f.open = True
    return f


FORMS = {
    'gelu-erfc': lambda x: tf.nn.gelu(x),  # TensorFlow 2.21
    'gelu-erf': lambda x: .5 * x * (1. + tf.math.erf(x / tf.cast(1.4142135623730951, x.dtype))),  # before
    'gelu-erf-product': lambda x: x * .5 * (tf.math.erf(x * np.float32(.70710678)) + 1.),
    'gelu-tanh': lambda x: tf.nn.gelu(x, approximate=True),
    'gelu-tanh-cube': lambda x: x * (.5 * (1. + tf.tanh(.7978845608 * (x + .044715 * x * x * x)))),
    'gelu-tanh-factored': lambda x: .5 * x * (1. + tf.tanh(x * .7978845608 * (1. + .044715 * x * x))),
    'elu': tf.nn.elu, 'selu': tf.nn.selu, 'softplus': tf.nn.softplus, 'mish': keras.activations.mish,
    'swish': tf.nn.silu, 'leaky-relu': lambda x: tf.nn.leaky_relu(x, .1), 'leaky-relu-maximum': lambda x: tf.maximum(.1 * x, x),
    'prelu': prelu,
    'layer-norm-keras3': keras_layer(layers.LayerNormalization()),
    'layer-norm-keras3-plain': keras_layer(layers.LayerNormalization(center=False, scale=False)),
    'layer-norm-keras3-scale': keras_layer(layers.LayerNormalization(center=False)),
    'layer-norm-keras2': keras2_layer_norm,
    'layer-norm-batch-normalization': batch_normalization_layer_norm,
    'layer-norm-by-hand': layer_norm_by_hand,
    'layer-norm-of-sum': lambda x: x + layer_norm_by_hand(x),
    'layer-norm-behind-another': layer_norm_behind_another,
    'dilated': lambda x: tf.nn.conv2d(x, kernel, 1, 'SAME', dilations=[2, 1]),
    'dilated-space-to-batch': lambda x: tf.nn.atrous_conv2d(x, kernel, 2, 'SAME'),
    'dilated-space-to-batch-valid': lambda x: tf.nn.atrous_conv2d(x, kernel, 2, 'VALID') + beta,
    'dilated-space-to-batch-open': loose_batch(lambda x: tf.nn.atrous_conv2d(x, kernel, 3, 'SAME')),
    'dilated-depthwise': lambda x: tf.nn.relu(tf.nn.depthwise_conv2d(x, depthwise, [1] * 4, 'SAME', dilations=[2, 3]) + beta),
    # The bias before the places are put back, as Grappler leaves it.
    'dilated-bias-inside': lambda x: tf.batch_to_space(tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(
        tf.space_to_batch(x, [2, 2], [[2, 3], [2, 3]]), kernel, 1, 'VALID'), beta)), [2, 2], [[0, 1], [0, 1]]),
    'dense-on-map': keras_layer(layers.Dense(C)),
    'dense-on-map-open': loose_batch(lambda x: tf.nn.relu(tf.tensordot(x, matrix, 1) + beta)),
    'dense-on-rows': lambda x: tf.reshape(tf.nn.relu(tf.reshape(x, [-1, C]) @ matrix + beta), tf.shape(x)),
    'grouped': each_channel_alone,
}
golden = {'tensorflow': tf.__version__, 'keras': keras.__version__, 'side': SIDE, 'forms': {}, 'tf1': {}}


def ends(form):
    stem, top = tf.Variable(tensor('stem', (3, 3, 3, C))), tf.Variable(tensor('top', (3, 3, C, 4)))

    def map_of(x):
        with tf.name_scope('stem'):
            y = tf.nn.conv2d(x, stem, 2, 'SAME', name='Conv2D')
        with tf.name_scope('form'):
            y = form(y)
        with tf.name_scope('top'):
            return tf.nn.conv2d(y, top, 1, 'VALID', name='Conv2D')
    return stem, map_of


for name, form in FORMS.items():
    stem, map_of = ends(form)
    with tf.GradientTape() as tape:
        y = map_of(tf.constant(image))
        loss = tf.reduce_sum(tf.square(y))
    golden['forms'][name] = {'shape': list(y.shape), 'values': flat(y), 'gradient': flat(tape.gradient(loss, stem))}
    shape = (None, None, None, 3) if hasattr(form, 'open') else (None, SIDE, SIDE, 3)
    call = tf.function(lambda images: map_of(images)).get_concrete_function(tf.TensorSpec(shape, tf.float32, name='images'))
    frozen = convert_variables_to_constants_v2(call)
    with tf.Graph().as_default() as graph, v1.Session() as session:
        tf.import_graph_def(frozen.graph.as_graph_def(), name='')
        v1.saved_model.simple_save(session, str(HERE / name), {'images': graph.get_tensor_by_name(frozen.inputs[0].name)},
                                   {'map': graph.get_tensor_by_name(frozen.outputs[0].name)})
    shutil.rmtree(HERE / name / 'variables')


def tf1(name, resource):
    """A network as TensorFlow 1 has it: its variables are nodes, on two devices, so its saver writes two shards."""
    with tf.Graph().as_default(), v1.Session(config=v1.ConfigProto(device_count={'CPU': 2})) as session:
        def variable(role, shape, *scale, trainable=True):
            return v1.get_variable(role, initializer=tensor(role, shape, *scale), use_resource=resource, trainable=trainable)
        x = v1.placeholder(tf.float32, (None, SIDE, SIDE, 3), 'images')
        with tf.device('/cpu:0'), v1.variable_scope('stem'):
            kernel = variable('weights', (3, 3, 3, C))
            y = tf.nn.conv2d(x, kernel, 2, 'SAME', name='Conv2D')
        with tf.device('/cpu:1'), v1.variable_scope('stem/BatchNorm'):
            y, _, _ = v1.nn.fused_batch_norm(
                y, variable('gamma', (C,), .6, 1), variable('beta', (C,)), variable('moving_mean', (C,), trainable=False),
                variable('moving_variance', (C,), .6, 1, trainable=False), is_training=False)
            y = tf.nn.relu6(y)
        with tf.device('/cpu:1'), v1.variable_scope('top'):
            y = tf.nn.bias_add(tf.nn.conv2d(y, variable('weights', (3, 3, C, 4)), 1, 'SAME', name='Conv2D'), variable('biases', (4,)))
        gradient, = tf.gradients(tf.reduce_sum(tf.square(y)), kernel)
        session.run(v1.global_variables_initializer())
        values, gradient = session.run([y, gradient], {x: image})
        v1.saved_model.simple_save(session, str(HERE / name), {'images': x}, {'map': y})
        golden['tf1'][name] = {'shape': list(values.shape), 'values': flat(values), 'gradient': flat(gradient)}


tf1('tf1', False)
tf1('tf1-resource', True)
HERE.with_suffix('.json').write_text(json.dumps(golden) + '\n')
