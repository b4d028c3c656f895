"""Writes cars-mat.json: small MAT-files of the forms in which Stanford Cars is published, by SciPy, in base64.

  python cars-mat.py > cars-mat.json
"""
import base64
import io
import json
import sys

import numpy as np
import scipy
from scipy.io import loadmat, savemat

NAMES = ["AM General Hummer SUV 2000", "Acura RL Sedan 2012", "Audi TTS Coupé 2012", "smart fortwo Convertible 2012"]


def annotations(fields, rows):
    array = np.empty((1, len(rows)), dtype=[(field, object) for field in fields])
    for i, row in enumerate(rows):
        array[0, i] = tuple(value if isinstance(value, str) else np.array([[value]], dtype=kind(value)) for value in row)
    return array


def kind(value):
    return np.uint8 if value < 256 else np.uint16


def names():
    cells = np.empty((1, len(NAMES)), dtype=object)
    for i, name in enumerate(NAMES):
        cells[0, i] = name
    return cells


def mat(compress, **variables):
    file = io.BytesIO()
    savemat(file, variables, do_compression=compress)
    loadmat(io.BytesIO(file.getvalue()))
    # The first 116 bytes are a text with the time of writing: one text, so that the golden is the same whenever it is made.
    text = b'MATLAB 5.0 MAT-file Platform: posix, Created on: Wed Nov 25 10:29:06 2026'
    return base64.b64encode(text.ljust(116, b'\0') + file.getvalue()[116:]).decode()


BOX = ["bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2"]
# number, class, test
ROWS = [(1, 1, 0), (2, 1, 1), (3, 2, 0), (4, 3, 0), (5, 3, 1), (6, 4, 0), (7, 4, 1), (8, 2, 1)]
whole = annotations(
    ["relative_im_path", *BOX, "class", "test"],
    [(f"car_ims/{n:06d}.jpg", 112, 7, 853, 717, c, t) for n, c, t in ROWS],
)
part = lambda test: annotations(
    [*BOX, "class", "fname"],
    [(39, 116, 569, 375, c, f"{i + 1:05d}.jpg") for i, (_, c, _) in enumerate([row for row in ROWS if row[2] == test])],
)
json.dump(
    dict(
        scipy=scipy.__version__,
        names=NAMES,
        rows=ROWS,
        whole=mat(True, annotations=whole, class_names=names()),
        whole_plain=mat(False, annotations=whole, class_names=names()),
        meta=mat(True, class_names=names()),
        train=mat(True, annotations=part(0)),
        test=mat(True, annotations=part(1)),
        numbers=mat(
            True,
            doubles=np.array([[1.5, -2.25], [3.0, 1e300]]),
            singles=np.array([0.5, 0.25], dtype=np.float32),
            small=np.array([[-1, 2, -3]], dtype=np.int16),
            long=np.array([[2**40]], dtype=np.int64),
            text="naïve",
            empty=np.zeros((0, 0)),
            nested=np.array([("a", np.array([[7]]))], dtype=[("name", object), ("value", object)]),
        ),
    ),
    sys.stdout,
    ensure_ascii=False,
)
print()
