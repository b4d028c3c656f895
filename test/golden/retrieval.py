"""Writes retrieval.json: leave-one-out retrieval by cosine similarity, by two independent programs.

  python test/golden/retrieval.py        (torch, pytorch-metric-learning)

pytorch-metric-learning's AccuracyCalculator gives precision_at_1 (= Recall@1), r_precision and mean_average_precision_at_r;
`loop` walks each query's sorted list and gives every figure for each query. Classes have 1 to 9 images; a query that is alone
in its class is left out by both, and stays among the answers.
"""
import json
import os

import numpy as np
import torch
from pytorch_metric_learning.distances import CosineSimilarity
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from pytorch_metric_learning.utils.inference import CustomKNN


def loop(e, y):
    e = e / np.linalg.norm(e, axis=1, keepdims=True)
    s = e @ e.T
    out = []
    for q in range(len(y)):
        R = int((y == y[q]).sum()) - 1
        if R == 0:
            continue
        order = [i for i in sorted(range(len(y)), key=lambda i: (-s[q, i], i)) if i != q]
        right = [y[i] == y[q] for i in order]
        out.append(dict(row=q, recall_at_1=float(any(right[:1])), recall_at_5=float(any(right[:5])), recall_at_10=float(any(right[:10])),
                        map_at_r=sum(sum(right[:r + 1]) / (r + 1) for r in range(R) if right[r]) / R, r_precision=sum(right[:R]) / R))
    return out


rng = np.random.default_rng(7)
sizes = [1, 2, 3, 4, 4, 4, 5, 9, 1, 6, 4, 2, 3]
y = np.repeat(np.arange(len(sizes)) * 3 - 5, sizes)       # labels are any integers
y = y[rng.permutation(len(y))]
centres = {c: rng.normal(size=6) for c in np.unique(y)}
e = np.stack([centres[c] + 0.9 * rng.normal(size=6) for c in y]) * rng.uniform(0.1, 9, (len(y), 1))
e = e.astype(np.float32)

queries = loop(e.astype(np.float64), y)
t = torch.as_tensor(e).double()
calculator = AccuracyCalculator(include=('precision_at_1', 'r_precision', 'mean_average_precision_at_r'), k='max_bin_count',
                                knn_func=CustomKNN(CosineSimilarity()), device=torch.device('cpu'))
pml = calculator.get_accuracy(t, torch.as_tensor(y))
mean = {m: float(np.mean([q[m] for q in queries])) for m in queries[0] if m != 'row'}
for ours, theirs in (('recall_at_1', 'precision_at_1'), ('r_precision', 'r_precision'), ('map_at_r', 'mean_average_precision_at_r')):
    print(ours, mean[ours], pml[theirs])
    assert abs(mean[ours] - pml[theirs]) < 1e-9
print(mean, len(queries), len(y))
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'retrieval.json'), 'w') as f:
    json.dump(dict(dimensions=6, labels=y.tolist(), embeddings=[float(v) for v in e.ravel()], queries=queries, pml=pml), f, separators=(',', ':'))
    f.write('\n')
