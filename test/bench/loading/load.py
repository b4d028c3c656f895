"""Loads ResNet-50 with the library whose format it is, and prints one line of JSON: python load.py LOADER PATH
Time and memory count from when the library is there; all that it gives is held until the end."""
import importlib
import json
import os
import resource
import sys
import time
import warnings

os.environ.update(KERAS_BACKEND='tensorflow', TF_CPP_MIN_LOG_LEVEL='3', CUDA_VISIBLE_DEVICES='-1')
warnings.filterwarnings('ignore')
loader, path = sys.argv[1:]


def memory(key):
    with open('/proc/self/status') as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key + ':')) / 1024


def into_resnet(read):
    """The model is there already, as ft's network is not: neither its random weights nor the making of its layers is measured."""
    torch = importlib.import_module('torch')
    # The wheel of torchvision for CUDA finds no libraries beside a torch without; its models need none of these.
    library = torch.library.Library('torchvision', 'DEF')
    for name in ('nms', 'qnms'):
        library.define(name + '(Tensor dets, Tensor scores, float iou_threshold) -> Tensor')
    model = importlib.import_module('torchvision').models.resnet50(weights=None)
    return lambda: (model.load_state_dict(read()), library)


def torch_load():
    torch = importlib.import_module('torch')
    return into_resnet(lambda: torch.load(path, map_location='cpu', weights_only=True))


def safetensors():
    load_file = importlib.import_module('safetensors.torch').load_file
    return into_resnet(lambda: load_file(path))


def onnx():
    module = importlib.import_module('onnx')
    return lambda: module.load(path)


def keras_model():
    keras = importlib.import_module('keras')
    return lambda: keras.models.load_model(path, compile=False)


def keras_weights():
    """The model is there already: its random weights are not what is measured, nor the time that layers take to make."""
    keras = importlib.import_module('keras')
    model = keras.applications.ResNet50(weights=None)
    return lambda: model.load_weights(path)


def saved_model():
    tf = importlib.import_module('tensorflow')
    return lambda: tf.saved_model.load(path)


def checkpoint():
    tf = importlib.import_module('tensorflow')

    def load():
        reader = tf.train.load_checkpoint(path.removesuffix('.index'))
        return [reader.get_tensor(name) for name in reader.get_variable_to_shape_map()]
    return load


def manifest():
    with open(f'{path}/model.json') as file:
        return json.load(file)['weightsManifest']


def tfjs_layers():
    converters = importlib.import_module('tensorflowjs').converters
    return lambda: converters.load_keras_model(f'{path}/model.json')


def tfjs_arrays():
    read_weights = importlib.import_module('tensorflowjs.read_weights').read_weights
    return lambda: read_weights(manifest(), path, flatten=True)


def tfjs_graph():
    api = importlib.import_module('tfjs_graph_converter.api')
    return lambda: api.load_graph_model(path)


load = globals()[loader]()
# The peak starts anew: what the imports took at most is not in it.
with open('/proc/self/clear_refs', 'w') as peak:
    peak.write('5')
before = memory('VmRSS')
began, busy = time.perf_counter(), time.process_time()
held = load()
seconds = time.perf_counter() - began
work = time.process_time() - busy
print(json.dumps({'seconds': seconds, 'work': work, 'grownMiB': memory('VmHWM') - before, 'peakMiB': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
