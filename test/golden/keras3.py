"""A small Keras 3 model as a tfjs layers model in the form that Keras 3 writes (batch_shape, data type policies, nested
keras_history), with random weights, an input and the output: keras3.json. Run: KERAS_BACKEND=torch python keras3.py"""
import json
import pathlib
import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(7)
x = inputs = keras.Input((None, None, 3), name='images')
x = layers.ZeroPadding2D(((1, 2), (0, 1)), name='pad')(x)
x = layers.Conv2D(6, 3, strides=2, use_bias=False, name='stem')(x)
x = layers.BatchNormalization(scale=False, name='stem_bn')(x)
x = y = layers.ReLU(max_value=6, name='stem_relu')(x)
x = layers.ZeroPadding2D(1, name='pool_pad')(x)
x = layers.MaxPooling2D(3, strides=1, name='pool')(x)
x = layers.DepthwiseConv2D(3, padding='same', depth_multiplier=2, name='depthwise')(x)
x = layers.BatchNormalization(center=False, name='depthwise_bn')(x)
x = layers.Activation('swish', name='depthwise_swish')(x)
x = layers.Dropout(0.3, name='dropout')(x)
x = layers.Conv2D(6, 1, activation='tanh', name='project')(x)
x = layers.Add(name='sum')([y, x])
x = layers.AveragePooling2D(2, padding='same', name='average')(x)
x = layers.GlobalAveragePooling2D(name='pooled')(x)
x = layers.Dense(4, activation='sigmoid', name='top')(x)
model = keras.Model(inputs, x, name='small')

rng = np.random.default_rng(7)
for w in model.weights:
    values = rng.normal(0, 0.5, w.shape)
    w.assign(np.abs(values) + 0.5 if w.path.endswith('variance') else values)
image = rng.normal(0, 1, (2, 13, 10, 3)).astype('f4')
maps = keras.Model(inputs, model.get_layer('average').output)
flat = lambda a: [float(np.float32(v)) for v in np.asarray(a).ravel()]
weights = [{'name': w.path, 'shape': list(w.shape), 'values': flat(keras.ops.convert_to_numpy(w))} for w in model.weights]
golden = {
    'keras': keras.__version__,
    'topology': json.loads(model.to_json()),
    'weights': weights,
    'input': {'shape': image.shape, 'values': flat(image)},
    'map': {'shape': maps(image).shape, 'values': flat(keras.ops.convert_to_numpy(maps(image)))},
    'output': {'shape': model(image).shape, 'values': flat(keras.ops.convert_to_numpy(model(image)))},
}
pathlib.Path(__file__).with_suffix('.json').write_text(json.dumps(golden) + '\n')
