"""Times a whole phase, data included, as phase.ts does for ft, on the bytes that `phase.ts --describe` names."""
import json
import time

import numpy as np
import torch
import torch.nn.functional as F

from peak import peak_mib

from .model import NETWORKS, model, sgd
from .ways import loss_of


def augmented(batch, generator):
    """Batches of bytes to augmented maps: zoom, stretch, rotation and shift in one sampling, then brightness, contrast; whole tensors at a time."""
    n = len(batch)
    draw = lambda low, high: torch.empty(n, device=batch.device).uniform_(low, high, generator=generator)
    scale, stretch, angle = 1 / draw(.9, 1.15), draw(-.05, .05).exp(), draw(-10, 10) * np.pi / 180
    cos, sin = angle.cos() * scale, angle.sin() * scale
    theta = torch.stack([torch.stack([cos * stretch, -sin, draw(-.16, .16)], 1), torch.stack([sin, cos / stretch, draw(-.16, .16)], 1)], 1)
    x = batch.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.channels_last)
    x = F.grid_sample(x, F.affine_grid(theta, x.shape, align_corners=False), padding_mode='border', align_corners=False)
    x = x * draw(.85, 1.15).view(n, 1, 1, 1) + draw(-.15, .15).view(n, 1, 1, 1) * 128
    return x.clamp_(0, 255)


def phase(a):
    with open(a.phase) as file:
        known = json.load(file)
    net = model(a.network, a.until, max(known['labels']) + 1, a.dropout, a.device)
    opt = sgd(net, a.rate)
    loss_at, normalise = loss_of(a, net), NETWORKS[a.network].normaliser(a.device)
    began = time.perf_counter()
    store = np.memmap(known['pixels'], np.uint8, 'r', offset=4096)
    labels = torch.tensor(known['labels'], device=a.device)
    rows = np.array(known['rows'])
    bytes_ = a.side * a.side * 3
    images = torch.tensor(np.stack([store[r * bytes_:(r + 1) * bytes_].reshape(a.side, a.side, 3) for r in rows]), device=a.device)
    generator = torch.Generator(a.device).manual_seed(0)
    steps = len(rows) // a.batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(opt, a.rate, total_steps=steps * a.epochs)
    epochs = []
    for _ in range(a.epochs):
        order, start, sum_ = torch.randperm(len(rows), generator=generator, device=a.device), time.perf_counter(), 0.
        for step in range(steps):
            some = order[step * a.batch:(step + 1) * a.batch]
            loss = loss_at(normalise(augmented(images[some], generator)), labels[some])
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            schedule.step()
            sum_ = sum_ + loss.detach()                     # read once an epoch: a card is not waited for
        epochs.append(dict(loss=float(sum_) / steps, imagesPerSecond=steps * a.batch / (time.perf_counter() - start)))
    seconds = time.perf_counter() - began
    return dict(engine='pytorch', seconds=seconds, images=len(rows), imagesPerSecond=len(rows) * a.epochs / seconds, epochs=epochs,
                peakMiB=peak_mib(), version=torch.__version__)
