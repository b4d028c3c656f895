"""Convolutions with the formula's values, activations in place.

TensorFlow's SAME padding of a strided window adds at the end where the side is even, PyTorch's `padding` on both sides. Padding by
hand would cost PyTorch a copy; instead images and kernels are mirrored in both axes (`mirrored`), where the two are the same function.
"""
import torch
import torch.nn.functional as F
from torch import nn

from formula import values


def tensor(name, shape):
    return torch.from_numpy(values(name, shape))


class Conv(nn.Conv2d):
    def __init__(self, name, inputs, outputs, kernel, stride=1, groups=1, bias=False, mirrored=False):
        super().__init__(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=bias)
        depthwise = groups > 1
        w = tensor(name + '/kernel', (kernel, kernel, inputs, 1 if depthwise else outputs))    # HWIO
        w = w.flip(0, 1) if mirrored else w
        self.weight.data = (w.permute(2, 3, 0, 1) if depthwise else w.permute(3, 2, 0, 1)).contiguous()
        if bias:
            self.bias.data = tensor(name + '/bias', (outputs,))


class Normalised(nn.Module):
    """A convolution, BatchNorm with frozen statistics, and an activation in place (None: none)."""

    def __init__(self, name, inputs, outputs, kernel, stride=1, groups=1, activation=F.relu6, epsilon=1e-3, mirrored=True):
        super().__init__()
        self.conv = Conv(name, inputs, outputs, kernel, stride, groups, mirrored=mirrored)
        self.bn = nn.BatchNorm2d(outputs, eps=epsilon)
        for part, role in (('weight', 'gamma'), ('bias', 'beta'), ('running_mean', 'mean'), ('running_var', 'variance')):
            getattr(self.bn, part).data = tensor(f'{name}_bn/{role}', (outputs,))
        self.activation = activation

    def forward(self, x):
        x = self.bn(self.conv(x))
        return self.activation(x, inplace=True) if self.activation else x
