"""Networks of keras.applications as TensorFlow writes them, with the weights of test/golden/backbones.py, and graph models of tfjs:
  python test/backbones/write-graphs.py [--layers] FOLDER NAME.LAYOUT ...      (test/verify/requirements.txt)
NAME.LAYOUT.savedmodel is Keras' export, where there is none yet, up to the pooled features; NAME.LAYOUT.tfjs the same function frozen and optimised
by Grappler, as the converter of tensorflowjs does it (that package itself asks for a TensorFlow of its own). --layers: NAME.LAYOUT.layers instead, a layers model
with Keras 3's own description, as that converter writes one.
"""
import json
import os
import pathlib
import sys

os.environ['KERAS_BACKEND'] = 'tensorflow'
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'bench'))
import keras
import numpy as np
import tensorflow as tf
from google.protobuf.json_format import MessageToDict
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tensorflow.python.grappler import tf_optimizer

from backbone_formula import filled, keras_head, keras_variables

A = keras.applications
MODELS = {
    'vgg16.keras': lambda **more: A.VGG16(**more),
    'inception-v3.tf.keras': lambda **more: A.InceptionV3(**more),
    'resnet50-v1.keras': lambda **more: A.ResNet50(**more),
    'resnet50-v2.keras': lambda **more: A.ResNet50V2(**more),
    'densenet121.tf.keras': lambda **more: A.DenseNet121(**more),
    'mobilenet-v1-0.25.keras': lambda **more: A.MobileNet(alpha=.25, **more),
    'mobilenet-v2-0.35.tf.keras': lambda **more: A.MobileNetV2(alpha=.35, **more),
    'mobilenet-v3-small.tf.keras': lambda **more: A.MobileNetV3Small(include_preprocessing=False, **more),
    'efficientnet-b0.tf.keras': lambda **more: A.EfficientNetB0(**more),
    'convnext-tiny.keras': lambda **more: A.ConvNeXtTiny(include_preprocessing=False, **more),
}


def built(key):
    """Up to the pooled features, with the formula's weights."""
    keras.utils.clear_session()
    model = MODELS[key](weights=None, include_top=True, classifier_activation=None, input_shape=(224, 224, 3))
    map_ = keras_head(keras, model).input
    model = keras.Model(model.inputs, keras.layers.GlobalAveragePooling2D(name='pooled')(map_))
    for name, v, fan_in in keras_variables(keras, model):
        v.assign(filled(name, tuple(v.shape), fan_in).astype('f4'))
    filled.cache_clear()
    return model


def layers_model(model, folder):
    folder.mkdir()
    weights = [(name, v.numpy()) for name, v, _ in keras_variables(keras, model)]
    (folder / 'group1-shard1of1.bin').write_bytes(b''.join(values.astype('f4').tobytes() for _, values in weights))
    (folder / 'model.json').write_text(json.dumps({
        'format': 'layers-model', 'generatedBy': f'keras v{keras.__version__}',
        'modelTopology': {'keras_version': keras.__version__, 'backend': 'tensorflow', 'model_config': json.loads(model.to_json())},
        'weightsManifest': [{'paths': ['group1-shard1of1.bin'],
                             'weights': [{'name': name, 'shape': list(values.shape), 'dtype': 'float32'} for name, values in weights]}]}))


def put_away(node, weights, data):
    """The numbers of a constant among the weights, by its name."""
    values = tf.make_ndarray(node.attr['value'].tensor)
    kind = 'float32' if values.dtype == np.float32 else 'int32'
    weights.append({'name': node.name, 'shape': list(values.shape), 'dtype': kind})
    data.append(values.astype(kind).tobytes())
    for field in ('tensor_content', 'float_val', 'int_val'):
        node.attr['value'].tensor.ClearField(field)


def graph_model(saved, folder):
    folder.mkdir()
    model = tf.saved_model.load(str(saved))  # its variables live as long as it does
    frozen = convert_variables_to_constants_v2(model.signatures['serving_default'])
    graph = frozen.graph.as_graph_def()
    for node in graph.node:
        node.device = '/device:CPU:0'  # Grappler fuses convolutions on CPUs alone
    meta = tf.compat.v1.train.export_meta_graph(graph_def=graph, graph=frozen.graph)
    collection = meta_graph_pb2.CollectionDef()
    collection.node_list.value.extend([t.name for t in frozen.inputs + frozen.outputs])
    meta.collection_def['train_op'].CopyFrom(collection)
    config = config_pb2.ConfigProto()
    passes = ['pruning', 'constfold', 'arithmetic', 'dependency', 'pruning', 'remap', 'constfold', 'arithmetic', 'dependency']
    config.graph_options.rewrite_options.optimizers.extend(passes)
    config.graph_options.rewrite_options.meta_optimizer_iterations = 2
    optimised = tf_optimizer.OptimizeGraph(config, meta)
    weights, data = [], []
    for node in optimised.node:
        if node.op == 'Const':
            put_away(node, weights, data)
    # Calls of functions that XLA must compile stay, which the converter lets pass with --skip_op_check. It gives constants inside them
    # the function's name.
    for function in optimised.library.function:
        own = {node.name: f'{function.signature.name}/{node.name}' for node in function.node_def if node.op == 'Const'}
        for node in function.node_def:
            node.input[:] = [':'.join([own.get(name, name), *rest]) for name, *rest in (i.split(':') for i in node.input)]
            if node.op == 'Const':
                node.name = own[node.name]
                put_away(node, weights, data)
    (folder / 'group1-shard1of1.bin').write_bytes(b''.join(data))
    (folder / 'model.json').write_text(json.dumps({
        'format': 'graph-model', 'generatedBy': tf.__version__, 'modelTopology': MessageToDict(optimised),
        'signature': {'outputs': {'features': {'name': frozen.outputs[0].name}}},
        'weightsManifest': [{'paths': ['group1-shard1of1.bin'], 'weights': weights}]}))


if __name__ == '__main__':
    layers = sys.argv[1] == '--layers'
    root, *keys = sys.argv[1 + layers:]
    for key in keys:
        if layers:
            layers_model(built(key), pathlib.Path(root) / f'{key}.layers')
            continue
        saved = pathlib.Path(root) / f'{key}.savedmodel'
        if not saved.exists():
            built(key).export(str(saved), verbose=False)
        graph_model(saved, pathlib.Path(root) / f'{key}.tfjs')
        print(key, flush=True)
