"""Small models as Keras writes them, and what it makes of an image with each: every class of layer that ft reads, in every format of file.
Weights and image come from a formula (test/bench/formula.py), so that a reader can be held to each number.
  KERAS_BACKEND=torch python test/golden/keras-files.py          (test/backbones/requirements.txt)   writes keras-files/ and keras-files.json
  KERAS_BACKEND=torch python test/golden/keras-files.py FOLDER NAME ...     writes whole networks of keras.applications there instead
"""
import json
import os
import pathlib
import re
import sys
import zipfile

os.environ.setdefault('KERAS_BACKEND', 'torch')
# The folder `tensorflow` beside this file is no package of Python.
sys.path[0] = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../bench')
import h5py
import keras
import numpy as np
from keras import layers, ops

from formula import u

HERE = pathlib.Path(__file__).resolve().parent
LayerScale = keras.src.applications.convnext.LayerScale
StochasticDepth = keras.src.applications.convnext.StochasticDepth


def plain():
    x = inputs = keras.Input((18, 14, 3), name='images')
    x = layers.Rescaling(1 / 127.5, offset=-1, name='rescaling')(x)
    x = layers.ZeroPadding2D(((1, 2), (0, 1)), name='pad')(x)
    x = layers.Conv2D(6, 3, strides=2, use_bias=False, name='stem')(x)
    x = layers.BatchNormalization(scale=False, momentum=.9, name='stem_bn')(x)
    x = stem = layers.ReLU(max_value=6, name='stem_relu6')(x)
    x = layers.ZeroPadding2D(1, name='pool_pad')(x)
    x = layers.MaxPooling2D(3, strides=1, name='pool')(x)
    x = layers.DepthwiseConv2D(3, padding='same', depth_multiplier=2, name='depthwise')(x)
    x = layers.BatchNormalization(center=False, name='depthwise_bn')(x)
    x = layers.Activation('swish', name='swish')(x)
    x = layers.Conv2D(6, (1, 3), padding='same', activation='tanh', dilation_rate=1, name='project')(x)
    x = layers.SpatialDropout2D(.2, name='spatial_dropout')(x)
    x = layers.Add(name='sum')([stem, x])
    y = layers.SeparableConv2D(5, 3, padding='same', depth_multiplier=2, activation='gelu', name='separable')(x)
    z = layers.Conv2D(4, 3, padding='same', dilation_rate=2, activation='sigmoid', name='dilated')(x)
    x = layers.Concatenate(name='side_by_side')([y, z, x])
    x = layers.AveragePooling2D(2, padding='same', name='average')(x)
    x = layers.Activation('hard_swish', name='hard_swish')(x)
    gate = layers.Activation('hard_sigmoid', name='hard_sigmoid')(layers.Conv2D(15, 1, name='gate')(x))
    x = layers.Multiply(name='gated')([x, gate])
    x = layers.Activation('linear', name='identity')(x)
    x = layers.GlobalAveragePooling2D(name='pooled')(x)
    x = layers.Dropout(.3, name='dropout')(x)
    x = layers.Dense(7, activation='relu', name='hidden')(x)
    x = layers.BatchNormalization(name='hidden_bn')(x)
    x = layers.Dense(4, name='logits')(x)
    return keras.Model(inputs, layers.Softmax(name='classes')(x), name='plain')


def operations():
    """Arithmetic on tensors, as MobileNetV3 has it, and on the input."""
    x = inputs = keras.Input((16, 12, 3), name='images')
    x = x / 127.5 - 1.0
    x = y = layers.Conv2D(6, 3, strides=2, padding='same', name='stem')(x)
    hard_sigmoid = lambda one: layers.ReLU(6.0)(one + 3.0) * (1.0 / 6.0)
    z = layers.GlobalAveragePooling2D(keepdims=True, name='squeeze')(x)
    z = layers.Conv2D(3, 1, activation='relu', name='reduce')(z)
    z = hard_sigmoid(layers.Conv2D(6, 1, name='expand')(z))
    x = layers.Multiply(name='excite')([x, z])
    x = x * hard_sigmoid(x)
    x = x + y
    x = ops.add(x, layers.Activation('hard_silu', name='hard_silu')(x))
    return keras.Model(inputs, layers.GlobalAveragePooling2D(name='pooled')(x), name='operations')


def convnext():
    x = inputs = keras.Input((16, 20, 3), name='images')
    x = layers.Normalization(mean=[123.675, 116.28, 103.53], variance=[(0.229 * 255) ** 2, (.224 * 255) ** 2, (.225 * 255) ** 2], name='scaled')(x)
    x = keras.Sequential([layers.Conv2D(8, 4, strides=4, name='stem_conv'), layers.LayerNormalization(epsilon=1e-6, name='stem_norm')], name='stem')(x)
    for block in range(2):
        y = layers.Conv2D(8, 3, padding='same', groups=8, name=f'block{block}_depthwise')(x)
        y = layers.LayerNormalization(epsilon=1e-6, center=block == 0, name=f'block{block}_norm')(y)
        y = layers.Dense(16, name=f'block{block}_expand')(y)
        y = layers.Activation('gelu', name=f'block{block}_gelu')(y)
        y = layers.Dense(8, name=f'block{block}_project')(y)
        y = LayerScale(.5, 8, name=f'block{block}_scale')(y)
        y = StochasticDepth(.1, name=f'block{block}_drop')(y) if block else layers.Activation('linear', name='block0_identity')(y)
        x = x + y
    x = layers.Conv2D(16, 2, strides=2, groups=8, name='grouped')(x)
    x = layers.GlobalAveragePooling2D(name='pooled')(x)
    x = layers.LayerNormalization(epsilon=1e-6, name='head_norm')(x)
    return keras.Model(inputs, layers.Dense(5, name='head')(x), name='convnext')


def nested():
    """A model within a model within a Sequential; `conv` stands in two of them."""
    x = inner_inputs = keras.Input((None, None, 3), name='inner_images')
    x = layers.Conv2D(5, 3, strides=2, activation='relu', name='conv')(x)
    block = keras.Sequential([keras.Input((None, None, 5)), layers.DepthwiseConv2D(3, padding='same', name='depthwise'), layers.Conv2D(5, 1, name='conv')], name='block')
    x = layers.Add(name='sum')([x, block(x)])
    backbone = keras.Model(inner_inputs, x, name='backbone')
    return keras.Sequential([
        keras.Input((15, 15, 3), name='images'),
        layers.Rescaling([1 / 255, 1 / 128, 1 / 64], offset=[0, -.5, .25], name='rescaling'),
        backbone,
        layers.MaxPooling2D(name='pool'),
        layers.Flatten(name='flat'),
        layers.Dense(6, name='top'),
    ], name='nested')


def squeezed():
    """Squeeze-and-excitation by Dense layers, and by a Reshape of the pool; Reshape back."""
    x = inputs = keras.Input((None, None, 3), name='images')
    x = layers.Conv2D(8, 3, strides=2, padding='same', activation='relu6', name='stem')(x)
    y = layers.GlobalAveragePooling2D(name='a_squeeze')(x)
    y = layers.Dense(4, activation='relu', name='a_reduce')(y)
    y = layers.Dense(8, activation='sigmoid', name='a_expand')(y)
    y = layers.Reshape((1, 1, 8), name='a_reshape')(y)
    x = layers.Multiply(name='a_excite')([x, y])
    y = layers.GlobalAveragePooling2D(name='b_squeeze')(x)
    y = layers.Reshape((1, 1, 8), name='b_reshape')(y)
    y = layers.Conv2D(8, 1, activation='silu', name='b_expand')(y)
    x = layers.Multiply(name='b_excite')([y, x])
    x = layers.GlobalAveragePooling2D(keepdims=True, name='pooled')(x)
    x = layers.Conv2D(6, 1, name='top')(x)
    return keras.Model(inputs, layers.Reshape((6,), name='flat')(x), name='squeezed')


def counted():
    """Names of Keras' own, from wherever its counters stand; in the list of layers they are not in the order of their numbers."""
    for _ in range(17):
        layers.Conv2D(1, 1), layers.BatchNormalization()
    x = inputs = keras.Input((12, 12, 3))
    x = layers.Rescaling(1 / 255)(x)
    norm = layers.Normalization()
    norm.build((None, 12, 12, 3))
    x = norm(x)
    x = layers.BatchNormalization(scale=False)(layers.Conv2D(4, 3, use_bias=False)(x))
    y = layers.Conv2D(4, 1)(x)
    z = layers.Conv2D(3, 1)(x)
    y = layers.BatchNormalization(scale=False)(layers.Conv2D(4, 3, padding='same')(y))
    for _ in range(3):
        z = layers.Conv2D(3, 1)(z)
    return keras.Model(inputs, layers.Concatenate()([z, y]), name='counted')


def fill(model):
    """Values by the formula; where they came from, by the names that ft has for them."""
    for at, w in enumerate(model.weights):
        last = w.path.split('/')[-1]
        if last == 'count':
            continue
        scale, shift = (1, 1) if last in ('moving_variance', 'variance') else (.5, 1) if last == 'gamma' else (1.2, 0)
        w.assign((u(f'{model.name}/{at}', int(np.prod(w.shape))) * scale + shift).astype('f4').reshape(w.shape))


def placed(model, path=()):
    """Every variable with the names of the models around its layer and its own."""
    for layer in model.layers:
        if hasattr(layer, 'layers'):
            yield from placed(layer, (*path, layer.name))
        else:
            for w in layer.weights:
                yield (*path, layer.name), w


def described(model):
    paths = [path for path, _ in placed(model)]
    leaves = [path[-1] for path in set(paths)]
    names = {path: '_'.join(path) if leaves.count(path[-1]) > 1 else path[-1] for path in paths}
    counters = {}
    for name in set(names.values()):
        if kind := re.fullmatch(r'(conv2d|batch_normalization|normalization)(?:_(\d+))?', name):
            counters.setdefault(kind[1], []).append((int(kind[2] or 0), name))
    renamed = {name: kind + (f'_{at}' if at else '') for kind, list_ in counters.items() for at, (_, name) in enumerate(sorted(list_))}
    tensors = {}
    for path, w in placed(model):
        last = re.sub(r'^variable(_\d+)?$', 'gamma', w.path.split('/')[-1])
        last = {'depthwise_kernel': 'kernel'}.get(last, last)
        if last != 'count':
            values = keras.ops.convert_to_numpy(w).ravel()
            tensors[f'{renamed.get(names[path], names[path])}/{last}'] = {'shape': list(w.shape), 'values': [float(v) for v in values]}
    return tensors


def image(model, side=(18, 14)):
    height, width = model.input_shape[1] or side[0], model.input_shape[2] or side[1]
    return np.floor((u('pixels', height * width * 3) + .5) * 256).astype('f4').reshape(1, height, width, 3)


def answer(model):
    x = image(model)
    y = keras.ops.convert_to_numpy(model(x))
    last = model.outputs[0]._keras_history.operation.name
    return {'input': list(x.shape), 'last': last, 'shape': list(y.shape), 'output': [float(v) for v in y.ravel()]}


def keras2_config(model):
    """The configuration as Keras 2.15 wrote it; operations as TensorFlow's."""
    def history(tensor):
        return tensor['config']['keras_history'][0]

    def plain_layer(one, functional):
        config = {k: v for k, v in one['config'].items() if k not in ('batch_shape', 'dtype', 'layers', 'input_layers', 'output_layers', 'build_input_shape')}
        if 'batch_shape' in one['config']:
            config['batch_input_shape'] = one['config']['batch_shape']
        if 'layers' in one['config']:
            return {**inner(one), 'name': config['name'], **nodes(one, functional)}
        config['dtype'] = 'float32'
        if config.get('activation') == 'silu':
            config['activation'] = 'swish'
        if one['class_name'] == 'BatchNormalization':
            config['axis'] = [3]
        if '.ops.' in one['module'] + '.':
            function = {'Add': '__operators__.add', 'Multiply': 'math.multiply', 'TrueDivide': 'math.truediv', 'Subtract': 'math.subtract'}[one['class_name']]
            first, second = one['inbound_nodes'][0]['args']
            y = second if isinstance(second, (int, float)) else [history(second), 0, 0]
            return {'class_name': 'TFOpLambda', 'name': one['name'], 'config': {'name': one['name'], 'trainable': True, 'dtype': 'float32', 'function': function},
                    'inbound_nodes': [[history(first), 0, 0, {'y': y, 'name': None}]]}
        return {'class_name': one['class_name'], 'config': config, **({'name': config['name']} if functional else {}), **nodes(one, functional)}

    def nodes(one, functional):
        if not functional:
            return {}
        calls = []
        for node in one['inbound_nodes']:
            first = node['args'][0]
            calls.append([[history(t), 0, 0, {}] for t in (first if isinstance(first, list) else [first])])
        return {'inbound_nodes': calls}

    def inner(one):
        config = one['config']
        functional = one['class_name'] == 'Functional'
        ends = lambda end: [[t[0], 0, 0] for t in (end if isinstance(end[0], list) else [end])]
        result = {'name': config['name'], 'layers': [plain_layer(each, functional) for each in config['layers']]}
        if functional:
            result |= {'input_layers': ends(config['input_layers']), 'output_layers': ends(config['output_layers'])}
        return {'class_name': one['class_name'], 'config': result}

    return inner(json.loads(model.to_json()))


def write_keras2(model, path, whole=True, split=False):
    """An .h5 as Keras 2 laid it out: `LAYER/LAYER/kernel:0`, kernels of depthwise convolutions by their longer name."""
    with h5py.File(path, 'w') as file:
        root = file.create_group('model_weights') if whole else file
        if whole:
            file.attrs['model_config'] = json.dumps(keras2_config(model))
            file.attrs['keras_version'] = '2.15.0'
        names = [one.name.encode() for one in model.layers]
        if split:
            root.attrs['layer_names0'], root.attrs['layer_names1'] = names[:3], names[3:]
        else:
            root.attrs['layer_names'] = names
        root.attrs['backend'], root.attrs['keras_version'] = 'tensorflow', '2.15.0'
        for layer in model.layers:
            group = root.create_group(layer.name)
            weights, values = [], []
            for w in layer.trainable_weights + layer.non_trainable_weights:
                owner, last = w.path.split('/')[-2:]
                if last == 'kernel' and 'depthwise' in owner and 'convnext' not in model.name:
                    last = 'depthwise_kernel'
                name = 'Variable:0' if last.startswith('variable') else f'{owner}/{last}:0'
                weights.append(name.encode())
                values.append(keras.ops.convert_to_numpy(w))
            group.attrs['weight_names'] = weights
            for name, value in zip(weights, values):
                group.create_dataset(name, data=value)


def write_keras1(model, path):
    """Weights alone with the names of Keras 1, as keras.applications still publishes VGG's; in float16 to be smaller."""
    short = {'kernel': 'W', 'bias': 'b', 'moving_mean': 'running_mean', 'moving_variance': 'running_std'}
    with h5py.File(path, 'w') as file:
        file.attrs['layer_names'] = [one.name.encode() for one in model.layers]
        for layer in model.layers:
            group = file.create_group(layer.name)
            weights = layer.trainable_weights + layer.non_trainable_weights
            names = [f"{layer.name}_{short.get(w.path.split('/')[-1], w.path.split('/')[-1])}_1:0".encode() for w in weights]
            group.attrs['weight_names'] = names
            for name, w in zip(names, weights):
                group.create_dataset(name, data=keras.ops.convert_to_numpy(w).astype('f2'), compression='gzip')


def without_names(source, path, container='layers'):
    """A .weights.h5 as Keras 3.0 wrote it, without the names of layers; or as TensorFlow's Keras 2.12 did, under another container."""
    with h5py.File(source) as old, h5py.File(path, 'w') as new:
        def copy(name, one):
            if isinstance(one, h5py.Dataset):
                new.create_dataset(name.replace('layers/', f'{container}/'), data=one[()])
        old.visititems(copy)


def applications(folder, names):
    """Whole networks of keras.applications with weights by the formula, in every format, and their logits for the bytes of an image; besides
    the published form, without a classifier and weights alone, and its map for an image prepared as its publisher says."""
    from keras.src.legacy.saving import legacy_h5_format

    modules = {'ResNet50': 'resnet', 'MobileNetV3Small': 'mobilenet_v3', 'EfficientNetB0': 'efficientnet', 'ConvNeXtTiny': 'convnext', 'InceptionV3': 'inception_v3'}
    made = {}
    for name in names:
        keras.utils.clear_session()
        make = getattr(keras.applications, name)
        models = {'': make(weights=None, input_shape=(96, 96, 3), classes=10, classifier_activation=None),
                  '_notop': make(weights=None, input_shape=(96, 96, 3), include_top=False)}
        for ending, model in models.items():
            for at, w in enumerate(model.weights):
                last, shape = w.path.split('/')[-1], w.shape
                if last == 'count' or w.path.startswith('normalization'):
                    continue
                drawn = u(f'{name}{ending}/{at}', int(np.prod(shape))).reshape(shape)
                if len(shape) > 1:
                    fan_in = np.prod(shape[:2] if 'dw' in w.path or 'depthwise' in w.path else shape[:-1])
                    w.assign((drawn * np.sqrt(20 / fan_in)).astype('f4'))
                else:
                    w.assign((drawn * .2 + (1 if last in ('gamma', 'moving_variance') else .3 if last.startswith('variable') else 0)).astype('f4'))
        full, notop = models.values()
        full.save(str(folder / f'{name}.keras')), full.save(str(folder / f'{name}.h5')), notop.save_weights(str(folder / f'{name}_notop.weights.h5'))
        with h5py.File(folder / f'{name}_notop.h5', 'w') as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, notop)
        prepared = getattr(keras.applications, modules[name]).preprocess_input(image(notop))
        y = keras.ops.convert_to_numpy(notop(prepared))
        made[name] = {**answer(full), 'map': {'shape': list(y.shape), 'output': [float(v) for v in y.ravel()]}}
    (folder / 'applications.json').write_text(json.dumps(made))


def hostile(folder):
    """What a file may hold besides weights."""
    def made(name):
        file = h5py.File(folder / f'hostile-{name}.h5', 'w')
        file.attrs['layer_names'] = [b'conv']
        group = file.create_group('conv')
        group.attrs['weight_names'] = [b'conv/kernel:0']
        return file, group.create_group('conv')
    file, group = made('link')
    group['kernel:0'] = h5py.ExternalLink('/etc/passwd', '/x')
    file, group = made('storage')
    group.create_dataset('kernel:0', (16,), 'f4', external=[('/etc/passwd', 0, 64)])
    file, group = made('virtual')
    layout = h5py.VirtualLayout((16,), 'f4')
    layout[:] = h5py.VirtualSource('/etc/hostname', 'x', (16,))
    group.create_virtual_dataset('kernel:0', layout, fillvalue=7)
    file, group = made('cycle')
    group.create_dataset('kernel:0', data=np.ones(4, 'f4'))
    group['a'] = group['b'] = file['conv']
    file, group = made('huge')
    group.create_dataset('kernel:0', (10**9, 4), 'f4', chunks=(1000, 4))
    file, group = made('text')
    group.create_dataset('kernel:0', data=b'no numbers')
    file, group = made('loop')
    group['kernel:0'] = h5py.SoftLink('/conv/conv/kernel:0')


def main():
    folder = HERE / 'keras-files'
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    golden = {'keras': keras.__version__, 'models': {}}
    for make in (plain, operations, convnext, nested, squeezed, counted):
        keras.utils.clear_session()
        model = make()
        fill(model)
        name = model.name
        for ending in ('keras', 'h5', 'weights.h5'):
            path = str(folder / f'{name}.{ending}')
            model.save_weights(path) if ending == 'weights.h5' else model.save(path)
        if make in (plain, squeezed, convnext, operations):  # Keras 2 cannot save two layers of one name in a group
            write_keras2(model, folder / f'{name}.keras2.h5')
        if make is plain:
            write_keras2(model, folder / 'plain.keras2-weights.h5', whole=False, split=True)
            write_keras1(keras.Model(model.input, model.get_layer('swish').output), folder / 'plain.keras1.h5')
        if make in (nested, counted):
            without_names(folder / f'{name}.weights.h5', folder / f'{name}.unnamed.weights.h5')
        if make is nested:
            without_names(folder / 'nested.weights.h5', folder / 'nested.dependencies.weights.h5', '_layer_checkpoint_dependencies')
        if make in (nested, convnext):
            with zipfile.ZipFile(folder / f'{name}.keras') as old, zipfile.ZipFile(folder / f'{name}.unnamed.keras', 'w', zipfile.ZIP_DEFLATED) as new:
                for member in ('metadata.json', 'config.json'):
                    new.writestr(member, old.read(member))
                without_names(folder / f'{name}.weights.h5', folder / 'model.weights.h5')
                new.write(folder / 'model.weights.h5', 'model.weights.h5')
            os.unlink(folder / 'model.weights.h5')
        golden['models'][name] = {'tensors': described(model), **answer(model)}
    hostile(folder)
    (HERE / 'keras-files.json').write_text(json.dumps(golden) + '\n')


if len(sys.argv) > 1:
    applications(pathlib.Path(sys.argv[1]), sys.argv[2:])
else:
    main()
