"""Writes npy.json: files as numpy.save writes them, in base64.

  python test/golden/npy.py        (numpy)
"""
import base64
import io
import json
import os

import numpy as np


def saved(array, version=(1, 0)):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=version)
    return base64.b64encode(buffer.getvalue()).decode()


rng = np.random.default_rng(5)
small, empty = rng.normal(size=(3, 4)).astype('<f4'), np.zeros((0, 128), '<f4')
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'npy.json'), 'w') as f:
    json.dump(dict(values=[float(v) for v in small.ravel()], small=saved(small), empty=saved(empty), second=saved(small, (2, 0)),
                   fortran=saved(np.asfortranarray(small)), double=saved(small.astype('<f8')), vector=saved(small[0])), f, indent=1)
    f.write('\n')
