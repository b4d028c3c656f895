"""Times training steps on one batch, ready made, as step.ts does for ft."""
import statistics
import time

import torch

from formula import pixels
from peak import peak_mib

from .model import NETWORKS, model, sgd
from .ways import loss_of


def steps(a):
    net = model(a.network, a.until, a.classes, a.dropout, a.device)
    opt = sgd(net, a.rate)
    normalise = NETWORKS[a.network].normaliser(a.device)
    unpack = lambda x: normalise(x.permute(0, 3, 1, 2).float())
    batch = torch.from_numpy(pixels(a.batch, a.side))
    if not a.bytes:
        batch, unpack = unpack(batch.to(a.device)), lambda x: x
    elif a.device == 'cuda':
        batch = batch.pin_memory()
    y = (torch.arange(a.batch) * 37 % a.classes).to(a.device)
    loss_at = loss_of(a, lambda x: net(unpack(x)))
    seconds, losses = [], []
    while len(losses) < a.warm + a.steps and (len(seconds) < 3 or sum(seconds) < a.seconds):
        began = time.perf_counter()
        loss = loss_at(batch.to(a.device, non_blocking=True), y)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        losses.append(loss.item())
        if len(losses) > a.warm:
            seconds.append(time.perf_counter() - began)
    middle = statistics.median(seconds)
    return dict(engine='pytorch', seconds=dict(median=middle, min=min(seconds), max=max(seconds)), imagesPerSecond=a.batch / middle,
                peakMiB=peak_mib(), trainable=sum(p.numel() for p in net.parameters() if p.requires_grad), losses=losses,
                version=torch.__version__)
