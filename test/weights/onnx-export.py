"""Models of torchvision with weights of the formula, exported to ONNX at an opset: python onnx-export.py FOLDER NAME.OPSET ..."""
import os
import sys
import warnings

import numpy as np
import torch

warnings.filterwarnings('ignore')
# The wheel of torchvision for CUDA finds no libraries beside a torch without; its models need none of these.
_library = torch.library.Library('torchvision', 'DEF')
for _name in ('nms', 'qnms'):
    _library.define(_name + '(Tensor dets, Tensor scores, float iou_threshold) -> Tensor')
import torchvision

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../bench'))
from formula import u


def filled(name, shape):
    last = name.split('.')[-1]
    if last == 'layer_scale':
        scale, shift = .2, .3
    elif len([n for n in shape if n > 1]) > 1:
        scale, shift = np.sqrt(24 / np.prod(shape[1:])), 0
    else:
        scale, shift = (.2, 1) if last in ('weight', 'running_var') else (.2, 0)
    return (u(name, int(np.prod(shape))) * scale + shift).astype(np.float32).reshape(shape)


folder, *wanted = sys.argv[1:]
for one in wanted:
    name, opset = one.split('.')
    more = dict(init_weights=False, transform_input=True) if name == 'googlenet' else {}
    model = torchvision.models.get_model(name, weights=None, **more).eval()
    with torch.no_grad():
        for n, t in model.state_dict().items():
            if not n.endswith('num_batches_tracked'):
                t.copy_(torch.from_numpy(filled(n, tuple(t.shape))))
    torch.onnx.export(model, torch.zeros(1, 3, 64, 96), f'{folder}/{one}.onnx', dynamo=False, opset_version=int(opset), input_names=['image'],
                      output_names=['scores'], dynamic_axes={'image': {0: 'n', 2: 'h', 3: 'w'}, 'scores': {0: 'n'}})
