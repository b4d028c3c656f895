"""What an ONNX model gives in double precision: python onnx-float64.py MODEL.onnx IMAGE.bin HEIGHT WIDTH. Runs the nodes one by one in
PyTorch, from a float32 image [1, 3, HEIGHT, WIDTH], and prints the output's numbers. Knows the operations that ft writes for a ResNet."""
import json
import sys
import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional as F

model = onnx.load(sys.argv[1])
height, width = map(int, sys.argv[3:])
values = {one.name: torch.from_numpy(numpy_helper.to_array(one).copy()) for one in model.graph.initializer}
values = {name: one.double() if one.is_floating_point() else one for name, one in values.items()}
image = np.fromfile(sys.argv[2], 'f4').reshape(1, 3, height, width)
values[model.graph.input[0].name] = torch.from_numpy(image).double()


def sides(attributes):
    top, left, bottom, right = attributes.get('pads', [0, 0, 0, 0])
    return [left, right, top, bottom]


for node in model.graph.node:
    a = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
    x, *rest = [values[name] for name in node.input]
    assert 'auto_pad' not in a and not a.get('ceil_mode', 0), node.name
    if node.op_type == 'Conv':
        y = F.conv2d(F.pad(x, sides(a)), *rest, stride=a['strides'], dilation=a['dilations'], groups=a.get('group', 1))
    elif node.op_type == 'BatchNormalization':
        gamma, beta, mean, variance = rest
        y = F.batch_norm(x, mean, variance, gamma, beta, eps=a['epsilon'])
    elif node.op_type == 'MaxPool':
        y = F.max_pool2d(F.pad(x, sides(a), value=-torch.inf), a['kernel_shape'], a['strides'])
    elif node.op_type == 'Pad':
        n, c, top, left, n1, c1, bottom, right = rest[0].tolist()
        y = F.pad(x, [left, right, top, bottom])
    elif node.op_type == 'ReduceMean':
        y = x.mean(a['axes'], keepdim=bool(a['keepdims']))
    elif node.op_type == 'Gemm':
        y = x @ rest[0] + (rest[1] if len(rest) > 1 else 0)
    else:
        y = {'Relu': torch.relu, 'Add': lambda x: x + rest[0], 'Identity': lambda x: x, 'GlobalAveragePool': lambda x: x.mean((2, 3), True)}[node.op_type](x)
    values[node.output[0]] = y
print(json.dumps(values[model.graph.output[0].name].ravel().tolist()))
