"""Times training steps on one batch, ready made, as step.ts does for ft."""
import statistics
import time

import torch
import torch.nn.functional as F

from formula import pixels
from peak import peak_mib

from .model import NETWORKS, model, sgd


def steps(a):
    net = model(a.network, a.until, a.classes, a.dropout)
    opt = sgd(net, a.rate)
    x = NETWORKS[a.network].normalise(torch.from_numpy(pixels(a.batch, a.side)).permute(0, 3, 1, 2).float())
    y = torch.arange(a.batch) * 37 % a.classes
    seconds, losses = [], []
    while len(losses) < a.warm + a.steps and (len(seconds) < 3 or sum(seconds) < a.seconds):
        began = time.perf_counter()
        with torch.autocast('cpu', torch.bfloat16, enabled=a.precision == 'bf16'):
            loss = F.cross_entropy(net(x).float(), y)
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
