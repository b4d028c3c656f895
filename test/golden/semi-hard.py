"""Writes semi-hard.json: the losses called "semi-hard" that PyTorch can compute, on the batches of `batches()`.

  python test/golden/semi-hard.py        (torch, pytorch-metric-learning; double precision)

pml      pytorch-metric-learning 2.9: TripletMarginMiner(margin, type_of_triplets='semihard') with TripletMarginLoss(margin), all
         else as it is by default (plain distance of unit vectors, mean over the non-zero terms).
facenet  Schroff, Kalenichenko, Philbin 2015, §3.2, by a triple loop: d(a,p)² < d(a,n)² < d(a,p)² + margin, mean over all of them.
vggface  `select_triplets` and `triplet_loss` of https://github.com/davidsandberg/facenet (src/train_tripletloss.py, src/facenet.py),
         the rule as there, by loops. The draw of one negative for each pair is replaced by its expectation; `drawn` is the mean of
         4,000 draws as that code makes them, and must agree.
`gradient` is d loss / d un-normalised embeddings. tensorflow/semi-hard-tf.py has the same `batches()`.
"""
import json
import os
import random

import torch
from pytorch_metric_learning import losses, miners

MARGIN = 0.2


def batches():
    """Rows are un-normalised. Random ones are multiples of 1/1024; the others have unit vectors that are exact in binary."""
    draw = random.Random(5)
    centres = [[draw.gauss(0, 1) for _ in range(16)] for _ in range(8)]
    general = [[round((0.8 * c + draw.gauss(0, 1)) * 1024) / 1024 for c in centres[k // 4]] for k in range(32)]
    uneven = [[round((0.8 * c + draw.gauss(0, 1)) * 1024) / 1024 for c in centres[k]] for k in (0, 0, 0, 1, 1, 2, 3, 3, 3, 3)]
    scales = [2.0 ** draw.randint(-1, 1) for _ in range(24)]
    signs = [[draw.choice((-1, 1)) * scale for _ in range(16)] for scale in scales]
    degenerate = [list(row) for row in signs]
    degenerate[1] = degenerate[0]                                            # twice in class 0
    degenerate[4:8] = [degenerate[4]] * 4                                    # class 1 is one point
    degenerate[8] = [2 * v for v in degenerate[12]]                          # classes 2 and 3 share a point
    degenerate[20:22] = degenerate[16:18]                                    # classes 4 and 5 share two
    fours = lambda rows: [k // 4 for k in range(len(rows))]
    return [('general', general, fours(general)), ('uneven', uneven, [0, 0, 0, 1, 1, 2, 3, 3, 3, 3]),
            ('ties', signs[:12], [k // 3 for k in range(12)]), ('degenerate', degenerate, fours(degenerate)),
            ('collapsed', [[0.5] * 16] * 8, fours([0] * 8)), ('one class', general[:4], [0] * 4)]


def squared(x):
    u = torch.nn.functional.normalize(x, dim=1)
    return ((u[:, None] - u[None]) ** 2).sum(2)


def facenet(x, y):
    d = squared(x)
    n = len(y)
    terms = [d[a, p] - d[a, q] + MARGIN for a in range(n) for p in range(n) for q in range(n)
             if a != p and y[a] == y[p] and y[q] != y[a] and d[a, p] < d[a, q] < d[a, p] + MARGIN]
    return torch.stack(terms).mean() if terms else 0 * x.sum(), len(terms)


def vgg_pairs(x, y):
    """For each pair, in the order of the published loops, its negatives' terms."""
    d = squared(x)
    pairs = []
    for label in sorted(set(y)):
        own = [i for i in range(len(y)) if y[i] == label]
        for j in range(1, len(own)):
            a = own[j - 1]
            for p in own[j:]:
                all_neg = [q for q in range(len(y)) if y[q] != label and d[a, q] - d[a, p] < MARGIN]
                if all_neg:
                    pairs.append([torch.clamp(d[a, p] - d[a, q] + MARGIN, min=0) for q in all_neg])
    return pairs


def vggface(x, y):
    pairs = vgg_pairs(x, y)
    return torch.stack([torch.stack(p).mean() for p in pairs]).mean() if pairs else 0 * x.sum(), len(pairs)


def drawn(x, y):
    pairs = [[float(t) for t in p] for p in vgg_pairs(x, y)]
    draw = random.Random(1)
    means = [sum(draw.choice(p) for p in pairs) / len(pairs) for _ in range(4000)]
    return sum(means) / len(means)


def pml(x, y):
    labels = torch.tensor(y)
    kept = miners.TripletMarginMiner(margin=MARGIN, type_of_triplets='semihard')(x, labels)
    return losses.TripletMarginLoss(margin=MARGIN)(x, labels, kept), len(kept[0])


out = []
for name, rows, labels in batches():
    cases = {}
    for variant, f in (('pml', pml), ('facenet', facenet), ('vggface', vggface)):
        z = torch.tensor(rows, dtype=torch.float64, requires_grad=True)
        loss, kept = f(z, labels)
        loss.backward()
        cases[variant] = dict(loss=loss.item(), kept=kept, gradient=[[float(f'{v:.9g}') for v in row] for row in z.grad.tolist()])
        print(name, variant, kept, round(loss.item(), 6))
    if cases['vggface']['kept']:
        cases['vggface']['drawn'] = drawn(torch.tensor(rows, dtype=torch.float64), labels)
        assert abs(cases['vggface']['drawn'] - cases['vggface']['loss']) < 0.003, cases['vggface']['drawn']
    out.append(dict(name=name, embeddings=rows, labels=labels, cases=cases))
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'semi-hard.json'), 'w') as f:
    json.dump(dict(margin=MARGIN, batches=out), f, separators=(',', ':'))
    f.write('\n')
