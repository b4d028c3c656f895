"""ResNet-50 (resnet50.ts) and the published resnet50-thin, whose BatchNorm is folded into its convolutions."""
import torch.nn.functional as F
from torch import nn

from .layers import Conv, Normalised

BLOCKS = (3, 4, 6, 3)


class Bottleneck(nn.Module):
    """1×1, 3×3, 1×1 and the shortcut. `conv` makes a convolution of (name, inputs, outputs, kernel, stride, activation)."""

    def __init__(self, conv, name, inputs, width, stride, first, stride_at):
        super().__init__()
        self.proj = conv(name + '_proj', inputs, 4 * width, 1, stride, None) if first else None
        self.a = conv(name + '_a', inputs, width, 1, stride if stride_at == 'a' else 1, F.relu)
        self.b = conv(name + '_b', width, width, 3, stride if stride_at == 'b' else 1, F.relu)
        self.c = conv(name + '_c', width, 4 * width, 1, 1, None)

    def forward(self, x):
        y = self.c(self.b(self.a(x)))
        y += self.proj(x) if self.proj else x
        return F.relu(y, inplace=True)


class Biased(nn.Module):
    def __init__(self, name, inputs, outputs, kernel, stride, activation):
        super().__init__()
        self.conv, self.activation = Conv(name, inputs, outputs, kernel, stride, bias=True), activation

    def forward(self, x):
        x = self.conv(x)
        return self.activation(x, inplace=True) if self.activation else x


def normalised(name, inputs, outputs, kernel, stride, activation):
    return Normalised(name, inputs, outputs, kernel, stride, activation=activation, epsilon=1e-5, mirrored=False)


def bottlenecks(conv, stem, width, stride_at):
    stages, channels = [stem], 64
    for s, blocks in enumerate(BLOCKS):
        stage = []
        for k in range(blocks):
            stage.append(Bottleneck(conv, f'conv{s + 2}_{k + 1}', channels, width << s, 2 if s and not k else 1, not k, stride_at))
            channels = 4 * (width << s)
        stages.append(nn.Sequential(*stage))
    return stages, channels


def resnet50_thin():
    stem = nn.Sequential(Biased('conv1', 3, 64, 7, 2, F.relu), nn.MaxPool2d(3, 2, ceil_mode=True))
    return bottlenecks(Biased, stem, 32, 'a')


def resnet50():
    """Version 1.5, as torchvision has it: the 3×3 convolution strides."""
    stem = nn.Sequential(normalised('conv1', 3, 64, 7, 2, F.relu), nn.MaxPool2d(3, 2, ceil_mode=True))
    return bottlenecks(normalised, stem, 64, 'b')
