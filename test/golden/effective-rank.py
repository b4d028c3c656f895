"""Effective rank (Roy & Vetterli 2007) and pair distances of seeded embeddings, by NumPy in doubles.

Run: python test/golden/effective-rank.py > test/golden/effective-rank.json
"""
import json

import numpy as np

rng = np.random.default_rng(6)
cases = []
for rows, dimensions, rank in [(12, 5, 5), (6, 9, 6), (20, 7, 2)]:
    values = (rng.normal(size=(rows, rank)) @ rng.normal(size=(rank, dimensions)) + 0.3).astype(np.float32)
    labels = rng.integers(0, 4, size=rows)
    unit = values.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    sigma = np.linalg.svd(unit, compute_uv=False)
    p = sigma[sigma > 1e-6 * sigma.max()]
    p = p / p.sum()
    first, second = np.triu_indices(rows, 1)
    distance = np.linalg.norm(unit[first] - unit[second], axis=1)
    same = labels[first] == labels[second]
    edges = np.linspace(0, 2, 21)
    cases.append({
        "dimensions": dimensions,
        "labels": labels.tolist(),
        "values": [float(value) for value in values.ravel()],
        "effective_rank": float(np.exp(-(p * np.log(p)).sum())),
        "positive": np.histogram(distance[same], edges)[0].tolist(),
        "negative": np.histogram(distance[~same], edges)[0].tolist(),
    })
print(json.dumps(cases))
