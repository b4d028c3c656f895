"""Writes triplet.json: triplet losses of pytorch-metric-learning on three small batches of 16-D embeddings.

  python test/golden/triplet.py        (torch, pytorch-metric-learning; double precision)

Batches (rows are given un-normalised; the distance normalises them; labels 0 … P−1, K rows each):
  general     6 × 4   random; no comparison is closer than 1e-4 to a tie or to the margin
  ties        4 × 3   every unit row is exact in binary floating point (multiples of ¼, rows scaled by powers of two), so
                      that equal distances are equal in every precision and d(a,p) = d(a,n) happens often
  degenerate  6 × 4   exact too; duplicated rows inside a class (d(a,p) = 0), across classes (d(a,n) = 0), a class of one point

distance: 'euclidean' d = ‖â − b̂‖, 'squared' d = ‖â − b̂‖².
miner: 'semihard' 0 < d(a,n) − d(a,p) ≤ margin; 'all' d(a,n) − d(a,p) ≤ margin; 'hard' for each anchor its farthest
positive and nearest negative, whatever the margin.
reducer: 'mean' over the kept triplets, 'nonzero' over the kept triplets with a loss above 0.
The loss of a triplet is max(0, d(a,p) − d(a,n) + margin). `gradient` is d loss / d un-normalised embeddings, [rows][16].
`triplets` are [a, p, n], sorted. `unique` is false where a tie leaves the miner a choice, so that the loss is fixed but the
triplets and the gradient are this library's own choice.
"""
import json
import os

import torch
from pytorch_metric_learning import distances, losses, miners, reducers

MARGIN = 0.2


def general():
    for seed in range(1000):
        g = torch.Generator().manual_seed(seed)
        centres = torch.randn(6, 16, generator=g, dtype=torch.float64)
        x = centres.repeat_interleave(4, 0) * 0.8 + torch.randn(24, 16, generator=g, dtype=torch.float64)
        x = x.mul(1024).round().div(1024)                 # exact in float32, short in JSON
        labels = torch.arange(6).repeat_interleave(4)
        if all(clearance(x, labels, power) > 1e-5 for power in (1, 2)):
            return x, labels
    raise SystemExit('no batch without near-ties was found')


def clearance(x, labels, power):
    u = torch.nn.functional.normalize(x, dim=1)
    d = torch.cdist(u, u) ** power
    same = labels[:, None] == labels[None]
    positive = same & ~torch.eye(len(x), dtype=torch.bool)
    gap = d[:, None, :] - d[:, :, None]                   # [a, p, n]
    gap = gap[positive[:, :, None] & ~same[:, None, :]]
    return min(gap.abs().min().item(), (gap - MARGIN).abs().min().item())


def exact_rows(count, seed):
    g = torch.Generator().manual_seed(seed)
    rows = []
    while len(rows) < count:
        row = torch.zeros(16, dtype=torch.float64)
        row[:8] = torch.randint(-2, 3, (8,), generator=g).double()      # 8 of 16 entries: more equal distances
        if (row * row).sum() == 16:                       # length 4, so the unit row is exact
            rows.append(row * 2.0 ** torch.randint(-1, 2, (1,), generator=g).double())
    return torch.stack(rows)


def degenerate():
    x = exact_rows(24, 5)
    x[1] = x[0]                                           # a pair of class 0
    x[4:8] = x[4]                                         # class 1 is one point
    x[8] = x[12] * 2                                      # class 2 and class 3 share a point (other length)
    x[9] = x[0]                                           # class 2 and class 0 share one
    x[20:22] = x[16:18]                                   # classes 4 and 5 share two
    return x, torch.arange(6).repeat_interleave(4)


def unique(x, labels, power):
    """Whether each anchor's farthest positive and nearest negative are single."""
    u = torch.nn.functional.normalize(x, dim=1)
    d = torch.cdist(u, u) ** power
    for a in range(len(x)):
        positive = d[a][(labels == labels[a]) & (torch.arange(len(x)) != a)]
        negative = d[a][labels != labels[a]]
        if (positive == positive.max()).sum() > 1 or (negative == negative.min()).sum() > 1:
            return False
    return True


def case(x, labels, distance_name, miner_name, reducer_name):
    power = {'euclidean': 1, 'squared': 2}[distance_name]
    distance = distances.LpDistance(normalize_embeddings=True, p=2, power=power)
    miner = miners.BatchHardMiner(distance=distance) if miner_name == 'hard' else \
        miners.TripletMarginMiner(margin=MARGIN, type_of_triplets=miner_name, distance=distance)
    reducer = {'mean': reducers.MeanReducer, 'nonzero': reducers.AvgNonZeroReducer}[reducer_name]()
    criterion = losses.TripletMarginLoss(margin=MARGIN, distance=distance, reducer=reducer)
    z = x.clone().requires_grad_(True)
    kept = miner(z, labels)
    loss = criterion(z, labels, kept)
    loss.backward()
    triplets = sorted(zip(*[index.tolist() for index in kept]))
    return dict(distance=distance_name, miner=miner_name, reducer=reducer_name, count=len(triplets), loss=loss.item(),
                unique=miner_name != 'hard' or unique(x, labels, power),
                triplets=triplets if reducer_name == 'mean' and len(triplets) <= 200 else None,
                gradient=[[float(f'{v:.9g}') for v in row] for row in z.grad.tolist()])


batches = []
for name, (x, labels), P, K in (('general', general(), 6, 4), ('ties', (exact_rows(12, 3), torch.arange(4).repeat_interleave(3)), 4, 3),
                                ('degenerate', degenerate(), 6, 4)):
    cases = [case(x, labels, d, m, r) for d in ('euclidean', 'squared') for m in ('semihard', 'all', 'hard') for r in ('mean', 'nonzero')]
    batches.append(dict(name=name, classes=P, perClass=K, embeddings=x.tolist(), labels=labels.tolist(), cases=cases))
    for c in cases:
        print(name, c['distance'], c['miner'], c['reducer'], c['count'], round(c['loss'], 6), c['unique'])
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'triplet.json'), 'w') as f:
    json.dump(dict(margin=MARGIN, batches=batches), f, separators=(',', ':'))
    f.write('\n')
