"""Writes heads.json: closed-form heads fitted by PyTorch in double precision, by singular value decomposition.

  python test/golden/heads.py        (torch)

Features look like pooled ReLU maps: never negative, with a mean far from 0, two channels nearly dead. `weight` is [outputs, inputs], each
row turned so that its largest component is positive; `cosines` are those of the first ten other images, embedded.
"""
import json
import os

import torch

INPUTS, OUTPUTS = 20, 6
g = torch.Generator().manual_seed(3)
sizes = [4, 3, 5, 1, 4, 4, 2, 6, 4, 4, 3, 5]
labels = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes)) * 2
mix = torch.randn(INPUTS, INPUTS, generator=g).double() / 3


def sample(labels):
    noise = torch.randn(len(labels), INPUTS, generator=g).double() @ mix
    x = (centres[labels // 2] + noise + 2).clamp_min(0)
    x[:, :2] *= 1e-3
    return x.float().double()


centres = torch.randn(len(sizes) + 4, INPUTS, generator=g).double()
x = sample(labels)
others = sample(torch.arange(10) // 2 * 2 + 2 * len(sizes) - 2)


def turned(W):
    largest = W.gather(1, W.abs().argmax(1, keepdim=True))
    return W * largest.sign()


def entry(name, W, mean, **more):
    b = -W @ mean
    e = torch.nn.functional.normalize(others @ W.T + b, dim=1)
    return dict(name=name, weight=W.tolist(), bias=b.tolist(), cosines=(e @ e.T).tolist(), **more)


mean = x.mean(0)
_, Y = labels.unique(return_inverse=True)
M = torch.stack([x[Y == c].mean(0) for c in range(len(sizes))])
w = x - M[Y]
Sw = w.T @ w / len(x)
heads = [entry('pca', turned(torch.linalg.svd(x - mean, full_matrices=False)[2][:OUTPUTS]), mean)]
for shrinkage in (0.0, 0.1, 0.3, 1.0):
    S = (1 - shrinkage) * Sw + shrinkage * torch.eye(INPUTS, dtype=torch.double) * Sw.diagonal().mean()
    Li = torch.linalg.inv(torch.linalg.cholesky(S))
    W = torch.linalg.svd((x - mean) @ Li.T, full_matrices=False)[2][:OUTPUTS] @ Li
    W *= OUTPUTS ** .5 / W.norm()
    heads.append(entry('learned-whitening', turned(W), mean, shrinkage=shrinkage))
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'heads.json'), 'w') as f:
    json.dump(dict(inputs=INPUTS, outputs=OUTPUTS, labels=labels.tolist(), features=x.tolist(), others=others.tolist(), heads=heads), f,
              separators=(',', ':'))
    f.write('\n')
