"""Writes metrics.json: verification, classification and clustering figures by scikit-learn, and re-identification by a plain loop.

  python test/golden/metrics.py        (scikit-learn, scipy, numpy, torch, pytorch-metric-learning)

roc         roc_curve(drop_intermediate=False), roc_auc_score; EER: the root of 1 − tpr(fpr) − fpr on the curve, by scipy's brentq
folds       LFW's protocol in NumPy: on nine folds the threshold with the most pairs right (the highest of equal ones), tested on
            the tenth; and VAL at FAR 0.05 by the lowest score of the nine whose FAR is at most that
classifier  confusion_matrix, precision_recall_fscore_support, log_loss, brier_score_loss (sum over classes), top-k in NumPy, ECE in
            NumPy (15 bins of equal width, right end closed)
clusters    normalized_mutual_info_score, adjusted_mutual_info_score of several labellings
market      cross-camera retrieval: gallery images of the query's class and camera are left out; CMC, mean AP and MRR by a loop,
            AP also by scikit-learn's average_precision_score
mrr         pytorch-metric-learning's mean_reciprocal_rank and mean_average_precision, leave-one-out by cosine similarity
"""
import json
import os

import numpy as np
import torch
from pytorch_metric_learning.distances import CosineSimilarity
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from pytorch_metric_learning.utils.inference import CustomKNN
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from sklearn import metrics

rng = np.random.default_rng(3)


def roc(same, scores):
    fpr, tpr, thresholds = metrics.roc_curve(same, scores, drop_intermediate=False)
    eer = brentq(lambda x: 1 - x - interp1d(fpr, tpr)(x), 0, 1)
    return dict(scores=scores.tolist(), same=same.tolist(), fpr=fpr.tolist(), tpr=tpr.tolist(),
                thresholds=[None if np.isinf(t) else float(t) for t in thresholds], auc=metrics.roc_auc_score(same, scores), eer=eer,
                val={str(f): float(tpr[fpr <= f].max()) for f in (0.0, 0.01, 0.1, 0.5)})


def pairs(n, noise, digits):
    same = (rng.random(n) < 0.4).astype(int)
    return same, np.round(same * 0.6 + noise * rng.normal(size=n), digits)


def folds():
    same, scores = pairs(400, 0.35, 2)                        # two digits: many ties
    fold = np.repeat(np.arange(10), 40)
    accuracy, chosen, vals, fars = [], [], [], []
    for f in range(10):
        s, y = scores[fold != f], same[fold != f]
        best = max(np.append(np.unique(s), np.inf)[::-1], key=lambda t: ((s >= t) == y).sum())
        strict = min(t for t in np.append(np.unique(s), np.inf) if (s[y == 0] >= t).mean() <= 0.05)
        s, y = scores[fold == f], same[fold == f]
        accuracy.append(((s >= best) == y).mean())
        chosen.append(best)
        vals.append((s[y == 1] >= strict).mean())
        fars.append((s[y == 0] >= strict).mean())
    return dict(scores=scores.tolist(), same=same.tolist(), fold=fold.tolist(), accuracy=float(np.mean(accuracy)),
                standard_error=float(np.std(accuracy, ddof=1) / np.sqrt(10)), thresholds=chosen, val=float(np.mean(vals)),
                val_standard_error=float(np.std(vals, ddof=1) / np.sqrt(10)), far=float(np.mean(fars)))


def classifier():
    classes, n = 7, 300
    truth = rng.choice(classes - 1, size=n)                   # the last class has no image
    logits = np.round(rng.normal(size=(n, classes)) * 1.5 + 2 * np.eye(classes)[truth], 3)
    logits[:, 4] -= 20                                        # and one is never predicted
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    predicted = p.argmax(1)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(truth, predicted, labels=range(classes), zero_division=0)
    macro = metrics.precision_recall_fscore_support(truth, predicted, average='macro', zero_division=0)[:3]
    order = np.argsort(-logits, axis=1, kind='stable')
    confidence, right = p.max(1), predicted == truth
    which = np.clip(np.ceil(confidence * 15).astype(int) - 1, 0, 14)
    ece = sum((which == b).mean() * abs(right[which == b].mean() - confidence[which == b].mean()) for b in range(15) if (which == b).any())
    return dict(classes=classes, truth=truth.tolist(), logits=logits.ravel().tolist(), confusion=metrics.confusion_matrix(truth, predicted, labels=range(classes)).tolist(),
                precision=precision.tolist(), recall=recall.tolist(), f1=f1.tolist(), support=support.tolist(), macro=[float(v) for v in macro],
                accuracy=metrics.accuracy_score(truth, predicted), top={str(k): float((order[:, :k] == truth[:, None]).any(1).mean()) for k in (1, 2, 5)},
                nll=metrics.log_loss(truth, p, labels=range(classes)), brier=metrics.brier_score_loss(truth, p, labels=range(classes), scale_by_half=False), ece=float(ece))


def clusters():
    out = []
    for n, k, m, mix in ((40, 4, 4, 0.2), (200, 17, 9, 0.5), (90, 1, 5, 0), (60, 5, 1, 0), (10, 1, 1, 0), (12, 12, 12, 0), (12, 12, 3, 0), (150, 6, 6, 1), (30, 5, 5, 0)):
        u = rng.integers(k, size=n) if k < n else np.arange(n)
        v = np.where(rng.random(n) < mix, rng.integers(m, size=n), u % m)
        out.append(dict(truth=u.tolist(), found=v.tolist(), nmi=metrics.normalized_mutual_info_score(u, v), ami=metrics.adjusted_mutual_info_score(u, v)))
    return out


def market():
    n = 60
    label, camera = rng.integers(9, size=n), rng.integers(3, size=n)
    camera[label == 0] = 1                                    # a class seen by one camera alone asks nothing
    camera[rng.random(n) < 0.1] = -1                          # images without one
    camera[label == 0] = 1
    e = np.round(np.eye(9)[label] * 1.2 + rng.normal(size=(n, 9)), 3).astype(np.float32)
    u = e.astype(np.float64) / np.linalg.norm(e.astype(np.float64), axis=1, keepdims=True)
    s = u @ u.T
    rows, first, aps = [], [], []
    for q in range(n):
        junk = {q} | {i for i in range(n) if label[i] == label[q] and camera[i] == camera[q] != -1}
        order = [i for i in sorted(range(n), key=lambda i: (-s[q, i], i)) if i not in junk]
        right = np.array([label[i] == label[q] for i in order])
        if not right.any():
            continue
        rows.append(q)
        first.append(int(right.argmax()) + 1)
        ap = float(np.mean([right[:r + 1].mean() for r in np.flatnonzero(right)]))
        assert abs(ap - metrics.average_precision_score(right, -np.arange(len(right)))) < 1e-12
        aps.append(ap)
    return dict(dimensions=9, labels=label.tolist(), cameras=camera.tolist(), embeddings=[float(v) for v in e.ravel()], rows=rows, first=first, map=aps,
                cmc=[float(np.mean([f <= k for f in first])) for k in range(1, 21)])


def mrr():
    y = np.repeat(np.arange(8), [2, 3, 4, 5, 6, 2, 3, 4])
    e = np.round(np.eye(8)[y] + 0.8 * rng.normal(size=(len(y), 8)), 3).astype(np.float32)
    calculator = AccuracyCalculator(include=('mean_reciprocal_rank', 'mean_average_precision'), k=len(y) - 1,
                                    knn_func=CustomKNN(CosineSimilarity()), device=torch.device('cpu'))
    found = calculator.get_accuracy(torch.as_tensor(e).double(), torch.as_tensor(y))
    return dict(dimensions=8, labels=y.tolist(), embeddings=[float(v) for v in e.ravel()], mrr=found['mean_reciprocal_rank'], map=found['mean_average_precision'])


out = dict(roc=[roc(*pairs(300, 0.4, 6)), roc(*pairs(300, 0.4, 1)), roc(*pairs(20, 0.01, 6)), roc(np.array([1, 0, 1, 0]), np.zeros(4)),
                roc(np.array([0, 0, 1, 1]), np.array([0.9, 0.8, 0.2, 0.1]))], folds=folds(), classifier=classifier(), clusters=clusters(), market=market(), mrr=mrr())
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'metrics.json'), 'w') as f:
    json.dump(out, f, separators=(',', ':'))
    f.write('\n')
