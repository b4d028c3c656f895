"""Writes cross-entropy.json: torch.nn.functional.cross_entropy in double precision, with and without label smoothing.

  python test/golden/cross-entropy.py        (torch)

`gradient` is d loss / d logits. 'extreme' has logits up to ±1e4, where a naive softmax overflows.
"""
import json
import os

import torch

g = torch.Generator().manual_seed(0)
round32 = lambda x: x.float().double()
batches = dict(
    general=(round32(torch.randn(6, 5, generator=g) * 2), torch.randint(5, (6,), generator=g)),
    many=(round32(torch.randn(4, 37, generator=g)), torch.randint(37, (4,), generator=g)),
    extreme=(round32(torch.tensor([[1e4, 0, -1e4], [-1e4, -1e4, 1e4], [300, 301, 302.]])), torch.tensor([0, 0, 1])),
)
cases = []
for name, (logits, labels) in batches.items():
    for smoothing in (0, 0.1):
        x = logits.clone().requires_grad_(True)
        loss = torch.nn.functional.cross_entropy(x, labels, label_smoothing=smoothing)
        loss.backward()
        cases.append(dict(name=name, smoothing=smoothing, logits=logits.tolist(), labels=labels.tolist(), loss=loss.item(),
                          gradient=x.grad.tolist(), accuracy=(logits.argmax(1) == labels).double().mean().item()))
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'cross-entropy.json'), 'w') as f:
    json.dump(cases, f, separators=(',', ':'))
    f.write('\n')
