"""Weights and images of the formula for backbones.py and for what writes files of whole networks; NumPy alone, so that any framework can use it."""
import functools
import re

import numpy as np

from formula import u


def scale(name, shape, fan_in):
    """Scale and shift of a tensor's values, by what its name and shape say that it is."""
    last = name.replace('/', '.').split('.')[-1]
    if last in ('layer_scale', 'gamma') and ('layer_scale' in name or '.blocks.' in name):
        return .2, .3
    if len([n for n in shape if n > 1]) > 1:
        return np.sqrt(24 / fan_in), 0
    if last in ('weight', 'gamma', 'running_var', 'moving_variance'):
        return .2, 1
    return .2, 0


# Kept: an image is drawn anew many times, and the weights are then filled four times for each.
@functools.lru_cache(None)
def filled(name, shape, fan_in, shaken=None):
    """The formula's values; `shaken` names noise of a millionth of them."""
    a, b = scale(name, shape, fan_in)
    values = (u(name, int(np.prod(shape))) * a + b).astype(np.float32).astype(np.float64)
    if shaken is not None:
        values *= 1 + 2e-6 * u(f'{name} {shaken}', values.size)
    return values.reshape(shape)


def image(height, width, draw):
    """A normalised image, NHWC."""
    return (u(f'image {draw}', height * width * 3) * 4).astype(np.float32).reshape(1, height, width, 3)


def keras_variables(keras, model):
    """Name as in the publisher's file, variable and fan-in of all that a model of keras.applications holds but the numbers of its preprocessing."""
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Normalization) or hasattr(layer, 'layers'):
            continue
        for v in layer.weights:
            # ConvNeXt's LayerScale gives its factors no name.
            name = re.sub(r'/variable(_\d+)?$', '/gamma', '/'.join(v.path.split('/')[-2:]))
            depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
            yield name, v, float(np.prod(v.shape[:2] if depthwise else v.shape[:-1]))


def keras_head(keras, model):
    """The layer that takes the last feature map of a model of keras.applications."""
    pools = [layer for layer in model.layers if isinstance(layer, keras.layers.GlobalAveragePooling2D)]
    return (pools or [layer for layer in model.layers if isinstance(layer, keras.layers.Flatten)])[-1]
