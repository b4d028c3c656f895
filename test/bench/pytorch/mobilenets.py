"""The networks of depthwise convolutions: MobileNet v1 and v2 and EfficientNet-Lite0, each convolution with BatchNorm, ReLU6."""
from torch import nn

from .layers import Normalised


class Separable(nn.Sequential):
    def __init__(self, name, inputs, outputs, stride):
        super().__init__(Normalised(name + '_depthwise', inputs, inputs, 3, stride, inputs),
                         Normalised(name + '_pointwise', inputs, outputs, 1))


class Inverted(nn.Module):
    def __init__(self, name, inputs, outputs, kernel, stride, expansion, shortcut):
        super().__init__()
        middle = inputs * expansion
        self.expand = Normalised(name + '_expand', inputs, middle, 1) if expansion > 1 else nn.Identity()
        self.depthwise = Normalised(name + '_depthwise', middle, middle, kernel, stride, middle)
        self.project = Normalised(name + '_project', middle, outputs, 1, activation=None)
        self.shortcut = shortcut

    def forward(self, x):
        y = self.project(self.depthwise(self.expand(x)))
        if self.shortcut:
            y += x
        return y


def mobilenet_v1():
    stages, channels = [[Normalised('stem', 3, 32, 3, 2)], [], [], [], []], 32
    for block, (outputs, stride, stage) in enumerate(((64, 1, 0), (128, 2, 1), (128, 1, 1), (256, 2, 2), (256, 1, 2), (512, 2, 3),
                                                      *(((512, 1, 3),) * 5), (1024, 2, 4), (1024, 1, 4)), 1):
        stages[stage].append(Separable(f'block{block}', channels, outputs, stride))
        channels = outputs
    return [nn.Sequential(*stage) for stage in stages], channels


def inverted(groups):
    """Groups of (repeats, kernel, stride of the first, expansion, channels out, stage); a shortcut in all but a group's first."""
    stages, channels, block = [[Normalised('stem', 3, 32, 3, 2)], [], [], [], []], 32, 0
    for repeats, kernel, stride, expansion, outputs, stage in groups:
        for k in range(repeats):
            stages[stage].append(Inverted(f'block{block}', channels, outputs, kernel, 1 if k else stride, expansion, k > 0))
            channels, block = outputs, block + 1
    stages[-1].append(Normalised('top', channels, 1280, 1))
    return [nn.Sequential(*stage) for stage in stages], 1280


def mobilenet_v2():
    return inverted(((1, 3, 1, 1, 16, 0), (2, 3, 2, 6, 24, 1), (3, 3, 2, 6, 32, 2), (4, 3, 2, 6, 64, 3), (3, 3, 1, 6, 96, 3),
                     (3, 3, 2, 6, 160, 4), (1, 3, 1, 6, 320, 4)))


def efficientnet_lite0():
    return inverted(((1, 3, 1, 1, 16, 0), (2, 3, 2, 6, 24, 1), (2, 5, 2, 6, 40, 2), (3, 3, 2, 6, 80, 3), (3, 5, 1, 6, 112, 3),
                     (4, 5, 2, 6, 192, 4), (1, 3, 1, 6, 320, 4)))
