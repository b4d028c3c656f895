"""Losses and weights of 20 steps of PyTorch + pytorch-metric-learning on a small network, phase by phase and optimizer by
optimizer; test/train/step.test.ts holds both engines to them.   python train-step.py > train-step.json

Values come from a stated formula, so that nothing but losses and sums has to be stored: element i of NAME is
u(NAME, i) * scale + shift with u in [-0.5, 0.5) from a 32-bit hash (see `u`)."""
import json
import numpy as np
import torch
import torch.nn.functional as F
from pytorch_metric_learning import distances, losses, miners, reducers

torch.set_num_threads(1)
M = 0xFFFFFFFF


def u(name, n):
    h = 2166136261
    for b in name.encode():
        h = ((h ^ b) * 16777619) & M
    out = np.empty(n, np.float64)
    for i in range(n):
        x = (h + i * 2654435761) & M
        x ^= x >> 16; x = (x * 0x85EBCA6B) & M
        x ^= x >> 13; x = (x * 0xC2B2AE35) & M
        x ^= x >> 16
        out[i] = x / 2**32 - 0.5
    return out


SHAPES = {  # HWIO, as ft keeps them
    'conv1/kernel': ((3, 3, 3, 4), .6, 0), 'conv1/bias': ((4,), .2, 0),
    'conv2_a/kernel': ((1, 1, 4, 6), 1.5, 0),
    'conv2_a_bn/gamma': ((6,), .5, 1), 'conv2_a_bn/beta': ((6,), .5, .2), 'conv2_a_bn/mean': ((6,), .5, 0), 'conv2_a_bn/variance': ((6,), .5, 1),
    'conv3_dw/kernel': ((3, 3, 6, 1), 1, 0),
    'conv3_dw_bn/gamma': ((6,), .5, 1), 'conv3_dw_bn/beta': ((6,), .5, .2), 'conv3_dw_bn/mean': ((6,), .5, 0), 'conv3_dw_bn/variance': ((6,), .5, 1),
    'conv3_proj/kernel': ((1, 1, 6, 8), 1.2, 0), 'conv3_b/kernel': ((1, 1, 6, 8), 1.2, 0),
}
SIDE, P, K, STEPS, CLASSES, DIM = 16, 4, 3, 20, 5, 6
MEAN, STD = (100., 120., 140.), (50., 60., 70.)


def parameters(outputs):
    shapes = dict(SHAPES) | {'head/kernel': ((8, outputs), .8, 0), 'head/bias': ((outputs,), .2, 0)}
    return {n: torch.tensor((u(n, int(np.prod(s))) * k + c).astype(np.float32).reshape(s)) for n, (s, k, c) in shapes.items()}


def features(p, x, training, stats):
    def bn(x, n):
        if training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
            with torch.no_grad():
                count = x.numel() / x.shape[1]
                stats[n + '/mean'] = .99 * p[n + '/mean'] + .01 * mean
                stats[n + '/variance'] = .99 * p[n + '/variance'] + .01 * var * count / (count - 1)
        else:
            mean, var = p[n + '/mean'], p[n + '/variance']
        s = (1, -1, 1, 1)
        return (x - mean.view(s)) / torch.sqrt(var.view(s) + 1e-3) * p[n + '/gamma'].view(s) + p[n + '/beta'].view(s)
    w = lambda n: p[n + '/kernel'].permute(3, 2, 0, 1)
    x = F.conv2d(F.pad(x, (0, 1, 0, 1)), w('conv1'), p['conv1/bias'], 2)
    x = F.max_pool2d(x, 2)
    x = F.relu(bn(F.conv2d(x, w('conv2_a')), 'conv2_a_bn'))
    x = bn(F.conv2d(x, p['conv3_dw/kernel'].permute(2, 3, 0, 1), None, 2, 1, groups=6), 'conv3_dw_bn')
    return (F.conv2d(x, w('conv3_proj')) + F.conv2d(x, w('conv3_b'))).mean((2, 3))


def run(phase, optimizer, training=False, clip=None):
    p = parameters(CLASSES if phase == 'classification' else DIM)
    live = [n for n in p if not n.startswith('conv1') and not n.endswith(('/mean', '/variance'))]
    groups = []
    for n in live:
        p[n].requires_grad_(True)
        mult = 10 if n.startswith('head') else .5 if n.startswith('conv2_a') else 1
        groups.append(dict(params=[p[n]], lr=1e-2 * mult, weight_decay=5e-3 if n.endswith('kernel') else 0))
    opt = {'sgd': lambda: torch.optim.SGD(groups, momentum=.9), 'adam': lambda: torch.optim.Adam(groups), 'adamw': lambda: torch.optim.AdamW(groups)}[optimizer]()
    dist = distances.LpDistance(normalize_embeddings=True, p=2, power=1)
    miner = miners.TripletMarginMiner(margin=.2, type_of_triplets='semihard', distance=dist)
    crit = losses.TripletMarginLoss(margin=.2, distance=dist, reducer=reducers.MeanReducer())
    out, base = [], [g['lr'] for g in groups]
    for step in range(STEPS):
        pixels = np.floor((u(f'pixels{step % 3}', P * K * SIDE * SIDE * 3) + .5) * 256).reshape(P * K, SIDE, SIDE, 3)
        # A class has a colour, so that there is something to learn.
        pixels = np.floor(pixels * .5 + (np.arange(P * K) // K * 40)[:, None, None, None] * np.array([1, .5, .25]))
        x = ((torch.tensor(pixels.astype(np.float32)) - torch.tensor(MEAN)) / torch.tensor(STD)).permute(0, 3, 1, 2)
        y = torch.arange(P * K) // K
        for g, b in zip(opt.param_groups, base):
            g['lr'] = b * min(1, (step + 1) / 2)
        stats = {}
        z = features(p, x, training, stats) @ p['head/kernel'] + p['head/bias']
        if phase == 'classification':
            loss = F.cross_entropy(z, y)
            kept = -1
        else:
            e = F.normalize(z, dim=1)
            t = miner(e, y)
            kept = len(t[0])
            loss = crit(e, y, t) if kept else e.sum() * 0
        if kept:
            opt.zero_grad(set_to_none=True)
            loss.backward()
            if clip:
                torch.nn.utils.clip_grad_norm_([p[n] for n in live], clip)
            opt.step()
            for n, v in stats.items():
                p[n] = v.detach()
        out.append(dict(loss=loss.item(), kept=kept))
    sums = {n: [v.detach().double().sum().item(), v.detach().double().abs().sum().item()] for n, v in p.items()}
    return dict(phase=phase, optimizer=optimizer, batchNorm='train' if training else 'frozen', clipNorm=clip, steps=out, sums=sums)


cases = [run(ph, o) for ph in ('classification', 'triplet') for o in ('sgd', 'adam', 'adamw')]
cases += [run('classification', 'sgd', True), run('triplet', 'sgd', True), run('classification', 'sgd', clip=.5)]
print(json.dumps(cases))
