"""Perceptual hashes of computed images, as the Python package imagehash (4.3, `phash`) defines them from a 32 x 32 grey grid:
scipy.fftpack.dct along both axes, the 8 x 8 lowest frequencies, each compared with their median. The DCT is written out here,
so NumPy is enough. Writes perceptual-hash.json: for each case the side, and the hash as 16 hex digits.

Run: python perceptual-hash.py > perceptual-hash.json
"""
import json

import numpy as np


def image(side, a, b, c):
    y, x = np.mgrid[0:side, 0:side]
    return np.stack([(x * a + y * b) % 256, (x * y * c) % 256, (x * x + c * y) % 256], axis=-1).astype(np.uint8)


def grid(pixels):
    side = pixels.shape[0]
    luma = pixels.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    weights = np.zeros((32, side))
    for cell in range(32):
        low, high = cell * side / 32, (cell + 1) * side / 32
        for pixel in range(side):
            weights[cell, pixel] = max(0.0, min(high, pixel + 1) - max(low, pixel)) / (high - low)
    return weights @ luma @ weights.T


def phash(grey):
    k, i = np.mgrid[0:32, 0:32]
    dct = np.cos(np.pi * k * (2 * i + 1) / 64)
    low = (dct @ grey @ dct.T)[:8, :8]
    bits = (low > np.median(low)).flatten()
    return f"{int(''.join('1' if bit else '0' for bit in bits), 2):016x}"


cases = [(32, 3, 5, 7), (64, 2, 1, 3), (100, 1, 2, 1), (128, 7, 3, 2), (20, 9, 4, 11)]
print(json.dumps([{"side": s, "a": a, "b": b, "c": c, "hash": phash(grid(image(s, a, b, c)))} for s, a, b, c in cases]))
