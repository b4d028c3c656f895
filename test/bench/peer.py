"""Times PyTorch's training step (forward, backward, SGD step) for the networks of networks.ts, as step.ts does for ft, and
prints one line of JSON.   python test/bench/peer.py --network resnet50-thin --until conv3

Everything that makes it fast: channels_last, activations in place, the frozen part without a graph, the fused optimizer, and
glibc's allocator kept from giving memory back after each step (run.ts sets that in the environment). Values come from the
formula of test/train/formula.ts, so that equal losses show equal work; no file is shared.

TensorFlow's SAME padding of a strided convolution adds at the end, PyTorch's `padding` on both sides. Padding by hand would
cost PyTorch a copy; instead EfficientNet's images and kernels are mirrored in both axes, where the two are the same function.
"""
import argparse
import json
import os
import resource
import statistics
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

ap = argparse.ArgumentParser()
ap.add_argument('--network', default='resnet50-thin')
ap.add_argument('--until', default='none', choices=['none', 'conv1', 'conv2', 'conv3', 'conv4', 'conv5', 'all'])
ap.add_argument('--batch', type=int, default=64)
ap.add_argument('--side', type=int, default=128)
ap.add_argument('--classes', type=int, default=797)
ap.add_argument('--dropout', type=float, default=.2)
ap.add_argument('--rate', type=float, default=1e-4)
ap.add_argument('--warm', type=int, default=2)
ap.add_argument('--steps', type=int, default=9)
ap.add_argument('--phase', help='a whole phase, data included: what `phase.ts --describe` printed (a file)')
ap.add_argument('--epochs', type=int, default=8)
ap.add_argument('--precision', default='fp32', choices=['fp32', 'bf16'])
a = ap.parse_args()
torch.manual_seed(0)
torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count())


def u(name, n):
    """The n numbers in [-0.5, 0.5) that test/train/formula.ts makes from a name."""
    h = 2166136261
    for byte in name.encode():
        h = ((h ^ byte) * 16777619) & 0xFFFFFFFF
    x = (np.arange(n, dtype=np.uint64) * 2654435761 + h) & 0xFFFFFFFF
    x ^= x >> 16
    x = (x * 0x85EBCA6B) & 0xFFFFFFFF
    x ^= x >> 13
    x = (x * 0xC2B2AE35) & 0xFFFFFFFF
    x ^= x >> 16
    return x.astype(np.float64) / 2**32 - .5


def values(name, shape):
    """What networks.ts calls formulaValues, in ft's layout."""
    role = name.split('/')[-1]
    scale, shift = {'bias': (.2, 0), 'beta': (.2, 0), 'mean': (.2, 0), 'gamma': (.2, 1), 'variance': (.2, 1)}.get(role, (0, 0))
    if role == 'kernel':
        fan_in = int(np.prod(shape[:2] if '_depthwise' in name else shape[:-1]))
        scale = np.sqrt(24 / fan_in) * (.3 if name.endswith(('_c/kernel', '_project/kernel')) else 1)
    return torch.tensor((u(name, int(np.prod(shape))) * scale + shift).astype(np.float32).reshape(shape))


class Conv(nn.Conv2d):
    def __init__(self, name, inputs, outputs, kernel, stride=1, groups=1, bias=False, mirrored=False):
        super().__init__(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=bias)
        depthwise = groups > 1
        w = values(name + '/kernel', (kernel, kernel, inputs, 1 if depthwise else outputs))    # HWIO
        w = w.flip(0, 1) if mirrored else w
        self.weight.data = w.permute(2, 3, 0, 1) if depthwise else w.permute(3, 2, 0, 1)
        self.weight.data = self.weight.data.contiguous()
        if bias:
            self.bias.data = values(name + '/bias', (outputs,))


class Bottleneck(nn.Module):
    def __init__(self, name, inputs, width, stride, first):
        super().__init__()
        self.proj = Conv(name + '_proj', inputs, 4 * width, 1, stride, bias=True) if first else None
        self.a = Conv(name + '_a', inputs, width, 1, stride, bias=True)
        self.b = Conv(name + '_b', width, width, 3, bias=True)
        self.c = Conv(name + '_c', width, 4 * width, 1, bias=True)

    def forward(self, x):
        y = self.c(F.relu(self.b(F.relu(self.a(x), inplace=True)), inplace=True))
        return F.relu(y + (self.proj(x) if self.proj else x), inplace=True)


class ThinStem(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = Conv('conv1', 3, 64, 7, 2, bias=True)

    def forward(self, x):
        return F.max_pool2d(F.relu(self.conv(x), inplace=True), 3, 2, ceil_mode=True)


def resnet50_thin():
    stages, channels = [ThinStem()], 64
    for s, blocks in enumerate((3, 4, 6, 3)):
        width, stage = 32 << s, []
        for k in range(blocks):
            stage.append(Bottleneck(f'conv{s + 2}_{k + 1}', channels, width, 2 if s and not k else 1, not k))
            channels = 4 * width
        stages.append(nn.Sequential(*stage))
    return stages, channels


class Normalised(nn.Module):
    """Convolution, BatchNorm with frozen statistics, ReLU6."""

    def __init__(self, name, inputs, outputs, kernel, stride=1, groups=1, activated=True):
        super().__init__()
        self.conv = Conv(name, inputs, outputs, kernel, stride, groups, mirrored=True)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3)
        for part, role in (('weight', 'gamma'), ('bias', 'beta'), ('running_mean', 'mean'), ('running_var', 'variance')):
            getattr(self.bn, part).data = values(f'{name}_bn/{role}', (outputs,))
        self.activated = activated

    def forward(self, x):
        x = self.bn(self.conv(x))
        return F.relu6(x, inplace=True) if self.activated else x


class Inverted(nn.Module):
    def __init__(self, name, inputs, outputs, kernel, stride, expansion, shortcut):
        super().__init__()
        middle = inputs * expansion
        self.expand = Normalised(name + '_expand', inputs, middle, 1) if expansion > 1 else nn.Identity()
        self.depthwise = Normalised(name + '_depthwise', middle, middle, kernel, stride, middle)
        self.project = Normalised(name + '_project', middle, outputs, 1, activated=False)
        self.shortcut = shortcut

    def forward(self, x):
        y = self.project(self.depthwise(self.expand(x)))
        return y + x if self.shortcut else y


def efficientnet_lite0():
    stages = [[Normalised('stem', 3, 32, 3, 2)], [], [], [], []]
    channels, block = 32, 0
    for repeats, kernel, stride, expansion, outputs, stage in ((1, 3, 1, 1, 16, 0), (2, 3, 2, 6, 24, 1), (2, 5, 2, 6, 40, 2), (3, 3, 2, 6, 80, 3),
                                                               (3, 5, 1, 6, 112, 3), (4, 5, 2, 6, 192, 4), (1, 3, 1, 6, 320, 4)):
        for k in range(repeats):
            stages[stage].append(Inverted(f'block{block}', channels, outputs, kernel, 1 if k else stride, expansion, k > 0))
            channels, block = outputs, block + 1
    stages[-1].append(Normalised('top', channels, 1280, 1))
    return [nn.Sequential(*stage) for stage in stages], 1280


class Model(nn.Module):
    """Stages conv1 … conv5, the first `frozen` of them without gradient; pooled; dropout; a dense head."""

    def __init__(self, stages, features, frozen):
        super().__init__()
        self.stages, self.frozen = nn.ModuleList(stages), frozen
        self.head = nn.Linear(features, a.classes)
        self.head.weight.data = values('head/kernel', (features, a.classes)).T.contiguous()
        self.head.bias.data = values('head/bias', (a.classes,))
        self.eval()                                        # BatchNorm keeps its statistics
        for i, stage in enumerate(self.stages):
            stage.requires_grad_(i >= frozen)

    def forward(self, x):
        with torch.no_grad():
            for stage in self.stages[:self.frozen]:
                x = stage(x)
        for stage in self.stages[self.frozen:]:
            x = stage(x)
        return self.head(F.dropout(x.mean((2, 3)), a.dropout, training=True))


lite = a.network == 'efficientnet-lite0'
stages, features = efficientnet_lite0() if lite else resnet50_thin()
frozen = {'none': 0, 'all': 5}.get(a.until) if a.until in ('none', 'all') else int(a.until[-1])
net = Model(stages, features, frozen).to(memory_format=torch.channels_last)
live = [p for p in net.parameters() if p.requires_grad]
opt = torch.optim.SGD([dict(params=[p for p in live if p.dim() > 1], weight_decay=5e-4), dict(params=[p for p in live if p.dim() == 1])],
                      lr=a.rate, momentum=.9, fused=True)
mean, std = ((127., 127., 127.), 128.) if lite else ((123., 117., 104.), 128.)


def views(batch, generator):
    """Batches of bytes to augmented maps: zoom, stretch, rotation and shift in one sampling, then brightness, contrast; whole tensors at a time."""
    n = len(batch)
    draw = lambda low, high: torch.empty(n).uniform_(low, high, generator=generator)
    scale, stretch, angle = 1 / draw(.9, 1.15), draw(-.05, .05).exp(), draw(-10, 10) * np.pi / 180
    cos, sin = angle.cos() * scale, angle.sin() * scale
    theta = torch.stack([torch.stack([cos * stretch, -sin, draw(-.16, .16)], 1), torch.stack([sin, cos / stretch, draw(-.16, .16)], 1)], 1)
    x = batch.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.channels_last)
    x = F.grid_sample(x, F.affine_grid(theta, x.shape, align_corners=False), padding_mode='border', align_corners=False)
    x = x * draw(.85, 1.15).view(n, 1, 1, 1) + draw(-.15, .15).view(n, 1, 1, 1) * 128
    x = (x.clamp_(0, 255) - torch.tensor(mean).view(3, 1, 1)) / std
    return (x.flip(2, 3) if lite else x).contiguous(memory_format=torch.channels_last)


def phase():
    known = json.load(open(a.phase))
    began = time.perf_counter()
    store = np.memmap(known['pixels'], np.uint8, 'r', offset=4096)
    labels = torch.tensor(known['labels'])
    rows = np.array(known['rows'])
    bytes_ = a.side * a.side * 3
    images = torch.tensor(np.stack([store[r * bytes_:(r + 1) * bytes_].reshape(a.side, a.side, 3) for r in rows]))
    generator = torch.Generator().manual_seed(0)
    steps = len(rows) // a.batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(opt, a.rate, total_steps=steps * a.epochs)
    epochs = []
    for _ in range(a.epochs):
        order, start, sum_ = torch.randperm(len(rows), generator=generator), time.perf_counter(), 0.
        for step in range(steps):
            some = order[step * a.batch:(step + 1) * a.batch]
            x, y = views(images[some], generator), labels[some]
            with torch.autocast('cpu', torch.bfloat16, enabled=a.precision == 'bf16'):
                loss = F.cross_entropy(net(x).float(), y)
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            schedule.step()
            sum_ += loss.item()
        epochs.append(dict(loss=sum_ / steps, imagesPerSecond=steps * a.batch / (time.perf_counter() - start)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == 'darwin' else 2**10)
    print(json.dumps(dict(engine='pytorch', seconds=time.perf_counter() - began, images=len(rows), epochs=epochs, peakMiB=peak)))


if a.phase:
    phase()
    sys.exit()
pixels = torch.tensor(np.floor((u('pixels', a.batch * a.side * a.side * 3) + .5) * 256).astype(np.float32).reshape(a.batch, a.side, a.side, 3))
x = ((pixels - torch.tensor(mean)) / std).permute(0, 3, 1, 2)
x = (x.flip(2, 3) if lite else x).contiguous(memory_format=torch.channels_last)
del pixels
y = torch.arange(a.batch) * 37 % a.classes
seconds, losses = [], []
for step in range(a.warm + a.steps):
    began = time.perf_counter()
    loss = F.cross_entropy(net(x), y)
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    losses.append(loss.item())
    if step >= a.warm:
        seconds.append(time.perf_counter() - began)
middle = statistics.median(seconds)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == 'darwin' else 2**10)
print(json.dumps(dict(engine='pytorch', seconds=dict(median=middle, min=min(seconds), max=max(seconds)), imagesPerSecond=a.batch / middle,
                      peakMiB=peak, trainable=sum(p.numel() for p in live), losses=losses, version=torch.__version__)))
