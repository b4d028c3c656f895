"""Writes bootstrap.json: NumPy's percentile intervals of column means, for given resample indices.

  python test/golden/bootstrap.py        (numpy)
"""
import json
import os

import numpy as np

rng = np.random.default_rng(11)
columns = np.stack([rng.integers(0, 2, 30).astype(float), rng.uniform(size=30).round(4)])
indices = rng.integers(0, 30, (101, 30))
means = columns[:, indices].mean(2)
low, high = np.quantile(means, [0.025, 0.975], axis=1)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'bootstrap.json'), 'w') as f:
    json.dump(dict(columns=columns.tolist(), indices=indices.tolist(), value=columns.mean(1).tolist(), low=low.tolist(), high=high.tolist(),
                   standard_error=means.std(1, ddof=1).tolist()), f, separators=(',', ':'))
    f.write('\n')
