"""Keras' side of `make bench`: training steps of a `tf.function` on one batch, ready made, as step.ts and peer.py time them. Prints one
line of JSON.   python test/bench/keras_peer.py --topology FILE --until conv3

The network is built of Keras' layers from what topology.ts printed, with the formula's values, so that equal losses show equal work.
Frozen layers are `trainable = False`, BatchNorm runs in inference mode.
"""
import argparse
import json
import os
import statistics
import time

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
import keras
import tensorflow as tf
from keras import layers

from formula import pixels, values
from peak import peak_mib

ap = argparse.ArgumentParser()
ap.add_argument('--topology', required=True)
ap.add_argument('--until', default='none')
ap.add_argument('--batch', type=int, default=64)
ap.add_argument('--side', type=int, default=128)
ap.add_argument('--classes', type=int, default=797)
ap.add_argument('--dropout', type=float, default=.2)
ap.add_argument('--rate', type=float, default=1e-4)
ap.add_argument('--warm', type=int, default=2)
ap.add_argument('--steps', type=int, default=9)
ap.add_argument('--seconds', type=float, default=float('inf'))
a = ap.parse_args()


def padded(x, node, window):
    """The input and the padding by its name; padding that neither name means at this size is written out."""
    padding, stride = node['padding'], node['strides'][0]
    if isinstance(padding, str):
        return x, padding
    total = max(0, (-(-x.shape[1] // stride) - 1) * stride + window - x.shape[1])
    if padding == [total // 2, total - total // 2] * 2:
        return x, 'same' if total else 'valid'
    return layers.ZeroPadding2D((tuple(padding[:2]), tuple(padding[2:])))(x), 'valid'


def layer_of(node, inputs, shapes):
    """One layer of the network and what it gives; (None, its value) where Keras needs none."""
    kind, name = node['kind'], node['name']
    if kind in ('conv', 'depthwise-conv'):
        height, _, _, outputs = shapes[node['kernel']]
        x, padding = padded(inputs[0], node, height)
        options = dict(strides=node['strides'], padding=padding, use_bias='bias' in node, name=name)
        one = layers.Conv2D(outputs, height, **options) if kind == 'conv' else layers.DepthwiseConv2D(height, **options)
    elif kind == 'batch-norm':
        x, one = inputs[0], layers.BatchNormalization(epsilon=node['epsilon'], name=name)
    elif kind == 'activation':
        x, one = inputs[0], layers.Activation(node['activation'], name=name)
    elif kind == 'max-pool':
        x, padding = padded(inputs[0], node, node['size'][0])
        one = layers.MaxPooling2D(node['size'], node['strides'], padding, name=name)
    elif kind == 'add':
        x, one = inputs, layers.Add(name=name)
    else:
        raise ValueError(f'no layer for {kind}')
    return one, one(x)


def backbone(network, frozen):
    shapes = {variable['name']: variable['shape'] for variable in network['variables']}
    image = keras.Input((a.side, a.side, 3))
    made = {}
    for node in network['layers']:
        if node['kind'] == 'input':
            made[node['name']] = image
            continue
        one, made[node['name']] = layer_of(node, [made[name] for name in node['inputs']], shapes)
        names = [node[role] for role in ('kernel', 'bias', 'gamma', 'beta', 'mean', 'variance') if role in node]
        one.set_weights([values(name, shapes[name]) for name in names])
        one.trainable = node['stage'] not in frozen
        if node['name'] == network['output']:
            break
    return keras.Model(image, layers.GlobalAveragePooling2D()(made[network['output']]))


with open(a.topology) as file:
    network = json.load(file)
stages = network['stages']
frozen = {'none': [], 'all': stages}[a.until] if a.until in ('none', 'all') else stages[:stages.index(a.until) + 1]
body = backbone(network, frozen)
head = layers.Dense(a.classes)
head.build((None, network['features']))
head.set_weights([values('head/kernel', (network['features'], a.classes)), values('head/bias', (a.classes,))])
live = body.trainable_variables + head.trainable_variables
decay = [5e-4 if len(v.shape) > 1 else 0. for v in live]
optimizer = keras.optimizers.SGD(a.rate, momentum=.9)
optimizer.build(live)
mean, std = network['preprocessing']['mean'], network['preprocessing']['std']
x = tf.constant(((pixels(a.batch, a.side) - mean) / std).astype('float32'))
y = tf.range(a.batch) * 37 % a.classes


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        features = body(x, training=False)
        logits = head(tf.nn.dropout(features, a.dropout) if a.dropout else features)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
    gradients = tape.gradient(loss, live)
    # Keras' own weight_decay is taken off the weights past the momentum; here it goes into the gradient, as in ft and PyTorch.
    optimizer.apply([g + d * v if d else g for g, d, v in zip(gradients, decay, live)], live)
    return loss


seconds, losses = [], []
while len(losses) < a.warm + a.steps and (len(seconds) < 3 or sum(seconds) < a.seconds):
    began = time.perf_counter()
    losses.append(float(step(x, y)))
    if len(losses) > a.warm:
        seconds.append(time.perf_counter() - began)
middle = statistics.median(seconds)
print(json.dumps(dict(engine='keras', seconds=dict(median=middle, min=min(seconds), max=max(seconds)), imagesPerSecond=a.batch / middle,
                      peakMiB=peak_mib(), trainable=int(sum(tf.size(v) for v in live)), losses=losses,
                      version=f'{tf.__version__}, Keras {keras.__version__}')))
