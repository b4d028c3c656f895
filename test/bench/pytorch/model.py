"""A network with its head, lower stages frozen, its optimizer, and what its input is made of."""
from dataclasses import dataclass
from typing import Callable

import torch
import torch.nn.functional as F
from torch import nn

from .layers import tensor
from .mobilenets import efficientnet_lite0, mobilenet_v1, mobilenet_v2
from .resnets import resnet50, resnet50_thin


@dataclass(frozen=True)
class Topology:
    make: Callable
    mean: tuple
    std: tuple
    mirrored: bool

    def normaliser(self, device='cpu'):
        """What makes NCHW maps of 0 … 255 into the network's input, in place. Its numbers are on the device before the first step."""
        mean, std = (torch.tensor(v, device=device).view(3, 1, 1) for v in (self.mean, self.std))

        def normalise(x):
            x = x.sub_(mean).div_(std)
            return (x.flip(2, 3) if self.mirrored else x).contiguous(memory_format=torch.channels_last)
        return normalise


NETWORKS = {
    'resnet50-thin': Topology(resnet50_thin, (123., 117., 104.), (128.,) * 3, False),
    'resnet50': Topology(resnet50, (123.675, 116.28, 103.53), (58.395, 57.12, 57.375), False),
    'mobilenet-v1': Topology(mobilenet_v1, (127.5,) * 3, (127.5,) * 3, True),
    'mobilenet-v2': Topology(mobilenet_v2, (127.5,) * 3, (127.5,) * 3, True),
    'efficientnet-lite0': Topology(efficientnet_lite0, (127.,) * 3, (128.,) * 3, True),
}
UNTIL = ('none', 'conv1', 'conv2', 'conv3', 'conv4', 'conv5', 'all')


class Model(nn.Module):
    """Stages conv1 … conv5, the first `frozen` of them without gradient; pooled; dropout; a dense head."""

    def __init__(self, stages, features, until, classes, dropout):
        super().__init__()
        self.frozen, self.dropout = min(UNTIL.index(until), 5), dropout
        self.stages = nn.ModuleList(stages)
        self.head = nn.Linear(features, classes)
        self.head.weight.data = tensor('head/kernel', (features, classes)).T.contiguous()
        self.head.bias.data = tensor('head/bias', (classes,))
        self.eval()                                        # BatchNorm keeps its statistics
        for i, stage in enumerate(self.stages):
            stage.requires_grad_(i >= self.frozen)

    def forward(self, x):
        with torch.no_grad():
            for stage in self.stages[:self.frozen]:
                x = stage(x)
        for stage in self.stages[self.frozen:]:
            x = stage(x)
        return self.head(F.dropout(x.mean((2, 3)), self.dropout, training=True))


def model(network, until, classes, dropout, device='cpu'):
    return Model(*NETWORKS[network].make(), until, classes, dropout).to(device, memory_format=torch.channels_last)


def sgd(net, rate):
    live = [p for p in net.parameters() if p.requires_grad]
    groups = [dict(params=[p for p in live if p.dim() > 1], weight_decay=5e-4), dict(params=[p for p in live if p.dim() == 1])]
    return torch.optim.SGD(groups, lr=rate, momentum=.9, fused=True)
