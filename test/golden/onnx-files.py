"""ONNX files that PyTorch and onnx.helper write, at several opsets, and what PyTorch (or onnx's reference evaluator) makes of an image of the
formula: onnx-files/NAME.onnx and onnx-files.json. Run: python test/golden/onnx-files.py   (test/backbones/requirements.txt)
"""
import base64
import json
import os
import pathlib
import sys
import warnings

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../bench'))
from formula import u

warnings.filterwarnings('ignore')
HERE = pathlib.Path(__file__)
FOLDER = HERE.with_suffix('')
GOLDEN = {}


def image(height, width):
    """NCHW, as formulaImage of test/weights/onnx-runtime.ts lays it out NHWC."""
    return (u('image', height * width * 3) * 4).astype(np.float32).reshape(1, height, width, 3).transpose(0, 3, 1, 2)


def filled(name, shape):
    scale, shift = (.6, 1) if name.split('.')[-1] in ('running_var', 'gamma') else (.8, .05)
    return (u(name, int(np.prod(shape))) * scale + shift).astype(np.float32).reshape(shape)


def packed(values):
    return base64.b64encode(np.ascontiguousarray(values, dtype='<f4').tobytes()).decode()


def keep(name, output, runs, **more):
    """`runs`: height, width, and the NCHW (or [N, C]) output there."""
    GOLDEN[name] = dict(output=output, runs=[
        dict(height=h, width=w, shape=list((y.transpose(0, 2, 3, 1) if y.ndim == 4 else y).shape),
             values=packed(y.transpose(0, 2, 3, 1) if y.ndim == 4 else y)) for h, w, y in runs], **more)


def from_torch(name, model, opsets, sizes=((16, 20), (13, 11)), dynamic=True, **more):
    model.eval()
    with torch.no_grad():
        for n, t in model.state_dict().items():
            if not n.endswith('num_batches_tracked'):
                t.copy_(torch.from_numpy(filled(n, tuple(t.shape))))
    sizes = sizes if dynamic else sizes[:1]
    with torch.no_grad():
        runs = [(h, w, model.double()(torch.from_numpy(image(h, w)).double()).numpy()) for h, w in sizes]
        model.float()
        for opset in opsets:
            file = f'{name}.{opset}'
            axes = dict(dynamic_axes={'image': {0: 'n', 2: 'h', 3: 'w'}, 'scores': {0: 'n'}}) if dynamic else {}
            torch.onnx.export(model, torch.from_numpy(image(*sizes[0])), str(FOLDER / f'{file}.onnx'), dynamo=False, opset_version=opset,
                              input_names=['image'], output_names=['scores'], **axes)
            keep(file, 'scores', runs, **more)


class Residual(nn.Module):
    """Convolutions before and behind BatchNorms, a sum, pools of every kind, pooled over height and width in two steps."""

    def __init__(self, ceil=True):
        super().__init__()
        # Before opset 10 no pool rounds up.
        self.ceil = ceil
        self.conv1 = nn.Conv2d(3, 6, 3, 2, 1, bias=False)
        self.norm = nn.BatchNorm2d(6)
        self.depthwise = nn.Conv2d(6, 12, 3, 1, 2, dilation=2, groups=6)
        self.proj = nn.Conv2d(6, 12, 1)
        self.drop = nn.Dropout(.5)
        self.fc = nn.Linear(24, 5)

    def forward(self, x):
        x = self.norm(F.relu(self.conv1(x)))
        x = F.relu6(self.depthwise(x) + self.proj(x))
        x = torch.cat([F.max_pool2d(x, 3, 2, 1), F.avg_pool2d(F.pad(x, (1, 0, 0, 1)), 2, 2)], 1)
        x = F.avg_pool2d(F.max_pool2d(x, 2, 2, ceil_mode=self.ceil), 3, 2, 1, ceil_mode=self.ceil)
        x = F.avg_pool2d(torch.tanh(x), 3, 1, 1, count_include_pad=True)
        return torch.softmax(self.fc(self.drop(x.mean(3).mean(2))), 1)


class Excited(nn.Module):
    """Squeeze-and-excitation by dense layers, whose factors become a map again."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, 2, 1)
        self.down, self.up = nn.Linear(8, 2), nn.Linear(2, 8, bias=False)
        self.fc1, self.fc2 = nn.Conv2d(8, 4, 1), nn.Conv2d(4, 8, 1)
        self.head, self.fc = nn.Conv2d(8, 6, 1, bias=False), nn.Linear(6, 4)

    def forward(self, x):
        x = F.hardswish(self.conv(x))
        n, c, _, _ = x.shape
        x = x * torch.sigmoid(self.up(F.relu(self.down(F.adaptive_avg_pool2d(x, 1).view(n, c))))).view(n, c, 1, 1)
        x = x * F.hardsigmoid(self.fc2(F.silu(self.fc1(x.mean((2, 3), keepdim=True)))))
        return self.fc(F.adaptive_avg_pool2d(F.hardtanh(self.head(x), 0, 6), 1).flatten(1))


class LayerNorm2d(nn.Module):
    """Over the channels, where they stand second."""

    def __init__(self, channels):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        mean = x.mean(1, keepdim=True)
        variance = (x - mean).pow(2).mean(1, keepdim=True)
        return self.weight[:, None, None] * ((x - mean) / torch.sqrt(variance + 1e-6)) + self.bias[:, None, None]


class ConvNext(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.first = nn.Conv2d(3, 6, 2, 2), LayerNorm2d(6)
        self.depthwise, self.norm = nn.Conv2d(6, 6, 3, 1, 1, groups=6), nn.LayerNorm(6, 1e-6)
        self.up, self.down = nn.Linear(6, 10), nn.Linear(10, 6)
        self.layer_scale = nn.Parameter(torch.ones(6, 1, 1))
        self.last, self.fc = nn.LayerNorm(6, 1e-6), nn.Linear(6, 4)

    def forward(self, x):
        x = self.first(self.stem(x))
        y = self.down(F.gelu(self.up(self.norm(self.depthwise(x).permute(0, 2, 3, 1))))).permute(0, 3, 1, 2)
        x = x + self.layer_scale * y
        return self.fc(self.last(x.mean([-2, -1])))


class Flat(nn.Module):
    """As VGG: a map laid out in a row."""

    def __init__(self):
        super().__init__()
        self.conv, self.fc1, self.fc2 = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4 * 16, 6), nn.Linear(6, 3)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv(x)), 4)
        return self.fc2(F.dropout(F.relu(self.fc1(torch.flatten(x, 1))), training=False))


class Preprocessed(nn.Module):
    """The channels one by one as torchvision's GoogLeNet takes them, turned round, then the mean and deviation of ImageNet."""

    def __init__(self, turned):
        super().__init__()
        self.turned, self.conv, self.fc = turned, nn.Conv2d(3, 5, 3, 2, 1), nn.Linear(5, 3)

    def forward(self, x):
        if self.turned:
            x = x[:, [2, 1, 0]] / 255
            x = (x - torch.tensor([.485, .456, .406]).view(1, 3, 1, 1)) / torch.tensor([.229, .224, .225]).view(1, 3, 1, 1)
        else:
            channels = [x[:, i].unsqueeze(1) * s + t for i, s, t in ((0, .458, -.03), (1, .448, -.088), (2, .45, -.188))]
            x = torch.cat(channels, 1)
        return self.fc(F.relu(self.conv(x)).mean((2, 3)))


def tensor(name, shape, dtype=np.float32):
    return numpy_helper.from_array(filled(name, shape).astype(dtype), name)


class BatchNormalization(OpRun):
    """The evaluator's own takes the batch's statistics before opset 14."""
    op_domain = ''

    def _run(self, x, gamma, beta, mean, variance, epsilon=None, **_):
        gamma, beta, mean, variance = (v.reshape(1, -1, 1, 1) for v in (gamma, beta, mean, variance))
        return ((gamma * (x - mean) / np.sqrt(variance + epsilon) + beta).astype(x.dtype),)


def from_helper(name, opset, nodes, weights, output='scores', size=(16, 16), nhwc=False, external=False, weights_as_inputs=False):
    h, w = size
    shape = ['n', h, w, 3] if nhwc else ['n', 3, h, w]
    inputs = [helper.make_tensor_value_info('image', TensorProto.FLOAT, shape)]
    if weights_as_inputs:
        inputs += [helper.make_tensor_value_info(t.name, t.data_type, list(t.dims)) for t in weights]
    graph = helper.make_graph(nodes, name, inputs, [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', opset)], ir_version=3 if weights_as_inputs else 8)
    x = image(h, w).transpose(0, 2, 3, 1) if nhwc else image(h, w)
    y = np.asarray(ReferenceEvaluator(model, new_ops=[BatchNormalization] if opset < 14 else []).run(None, {'image': np.ascontiguousarray(x)})[0])
    if external:
        onnx.save(model, FOLDER / f'{name}.onnx', save_as_external_data=True, location=f'{name}.data', size_threshold=0)
    else:
        onnx.save(model, FOLDER / f'{name}.onnx')
    GOLDEN[name] = dict(output=output, runs=[dict(height=h, width=w, shape=list(y.shape), values=packed(y))])


def node(op, inputs, output, **attributes):
    return helper.make_node(op, inputs.split(), output.split(), **attributes)


def ints(name, values):
    return numpy_helper.from_array(np.array(values, np.int64), name)


def halves(name, shape, data_type):
    """16-bit floats as the format's list of whole numbers."""
    values = filled(name, shape).reshape(-1)
    bits = values.astype(np.float16).view(np.uint16) if data_type == TensorProto.FLOAT16 else (values.view(np.uint32) >> 16)
    return TensorProto(name=name, dims=shape, data_type=data_type, int32_data=[int(b) for b in bits])


def main():
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    from_torch('residual', Residual(ceil=False), (7, 9))
    from_torch('residual', Residual(), (11, 13, 17, 20))
    from_torch('excited', Excited(), (9, 13, 17))
    from_torch('convnext', ConvNext(), (11, 17, 20))
    from_torch('flat', Flat(), (7, 13), sizes=((16, 16),))
    from_torch('flat-fixed', Flat(), (11,), sizes=((8, 32),), dynamic=False)
    from_torch('preprocessed', Preprocessed(False), (11, 17))
    from_torch('turned', Preprocessed(True), (11, 17))
    # As exporters wrote before opset 9: weights among the inputs, bounds as attributes, an average over the whole map.
    from_helper('opset7', 7, [
        node('Conv', 'image k1', 'a', kernel_shape=[3, 3], strides=[2, 2], auto_pad='SAME_UPPER'),
        node('BatchNormalization', 'a gamma beta mean running_var', 'b', epsilon=1e-3),
        node('Clip', 'b', 'c', min=0., max=6.),
        node('Pad', 'c', 'd', pads=[0, 0, 1, 0, 0, 0, 1, 2]),
        node('Conv', 'd k2 b2', 'e', kernel_shape=[3, 3], strides=[2, 2]),
        node('Clip', 'e', 'f', min=0.),
        node('AveragePool', 'f', 'g', kernel_shape=[4, 4]),
        node('Reshape', 'g shape', 'h'),
        node('Dropout', 'h', 'i', ratio=.5),
        node('Gemm', 'i k3 b3', 'j', alpha=.5, beta=2., transB=0),
        node('Softmax', 'j', 'scores'),
    ], [tensor('k1', (4, 3, 3, 3)), *[tensor(n, (4,)) for n in ('gamma', 'beta', 'mean', 'running_var')], tensor('k2', (6, 4, 3, 3)),
        tensor('b2', (6,)), tensor('k3', (6, 3)), tensor('b3', (3,)), ints('shape', [1, -1])], weights_as_inputs=True)
    # As tf2onnx writes: NHWC at the input and the output, biases as sums, a matrix product and a sum, unequal padding.
    from_helper('channels-last', 13, [
        node('Sub', 'image means', 'centred'),
        node('Transpose', 'centred', 'x', perm=[0, 3, 1, 2]),
        node('Pad', 'x pads', 'padded'),
        node('Conv', 'padded k1', 'a', strides=[2, 2]),
        node('Add', 'a b1', 'b'),
        node('Relu', 'b', 'c'),
        node('Transpose', 'c', 'd', perm=[0, 2, 3, 1]),
        node('Mul', 'd scale', 'e'),
        node('Add', 'e shift', 'f'),
        node('Sub', 'f shift2', 'g'),
        node('Div', 'g two', 'h'),
        node('Identity', 'h', 'features'),
        node('ReduceMean', 'features', 'pooled', axes=[1, 2], keepdims=0),
        node('MatMul', 'pooled k2', 'i'),
        node('Add', 'i b2', 'scores'),
    ], [tensor('means', (3,)), ints('pads', [0, 0, 0, 0, 0, 0, 1, 1]), tensor('k1', (4, 3, 3, 3)), tensor('b1', (1, 4, 1, 1)), tensor('scale', (4,)),
        tensor('shift', (1, 1, 1, 4)), tensor('shift2', (4,)), numpy_helper.from_array(np.float32(2), 'two'), tensor('k2', (4, 3)), tensor('b2', (3,))],
        nhwc=True)
    # Every type of number, inside the file, as raw bytes and as lists, and beside it.
    weights = [halves('k1', (4, 3, 3, 3), TensorProto.FLOAT16), tensor('b1', (4,), np.float64), halves('k2', (4, 1, 3, 3), TensorProto.BFLOAT16),
               tensor('b2', (4,), np.float16), tensor('k3', (4, 3)), numpy_helper.from_array(np.array([-1, 4], np.int64), 'shape')]
    typed = [
        *[node('Cast', n, n + 'f', to=TensorProto.FLOAT) for n in ('k1', 'b1', 'k2', 'b2')],
        node('Conv', 'image k1f b1f', 'a', strides=[2, 2], pads=[1, 1, 1, 1]),
        node('Sigmoid', 'a', 'gate'),
        node('Mul', 'gate a', 'b'),
        node('Conv', 'b k2f b2f', 'c', group=4, pads=[1, 0, 1, 2]),
        helper.make_node('Constant', [], ['three'], value=numpy_helper.from_array(np.float32(3))),
        helper.make_node('Constant', [], ['zero'], value_float=0.),
        helper.make_node('Constant', [], ['six'], value_float=6.),
        node('Add', 'c three', 'd'),
        node('Clip', 'd zero six', 'e'),
        node('Mul', 'c e', 'f'),
        node('Div', 'f six', 'g'),
        node('GlobalAveragePool', 'g', 'h'),
        node('Reshape', 'h shape', 'i'),
        node('MatMul', 'i k3', 'scores'),
    ]
    from_helper('types', 15, typed, weights)
    from_helper('beside', 15, typed, [tensor('k1', (4, 3, 3, 3), np.float16), tensor('b1', (4,), np.float64), tensor('k2', (4, 1, 3, 3)),
                                      tensor('b2', (4,), np.float16), tensor('k3', (4, 3)), ints('shape', [-1, 4])], external=True)
    HERE.with_suffix('.json').write_text(json.dumps(GOLDEN, indent=1) + '\n')
    for file in sorted(FOLDER.iterdir()):
        print(file.name, file.stat().st_size)


main()
