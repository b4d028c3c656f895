"""Writes augment-menu.json: what Pillow, PyTorch and Python's colorsys make of fixed images with fixed parameters.

  python augment-menu.py > augment-menu.json
"""
import colorsys
import json
import math

import numpy as np
import PIL
import torch
import torch.nn.functional as F
from PIL import Image, ImageEnhance, ImageOps

SIDE = 10
rng = np.random.default_rng(11)
images = {
    'noise': rng.integers(0, 256, (SIDE, SIDE, 3)),
    'narrow range': rng.integers(60, 150, (SIDE, SIDE, 3)),
    'a channel of one value': np.dstack([np.full((SIDE, SIDE), 77), *rng.integers(0, 256, (2, SIDE, SIDE))]),
    'few values': rng.choice([0, 3, 200, 255], (SIDE, SIDE, 3)),
}
# Larger, so that equalize has steps of more than one.
EQUALIZED = 24
skewed = (255 * rng.random((EQUALIZED, EQUALIZED, 3)) ** 3).astype(np.uint8)

ENHANCE = {'brightness': ImageEnhance.Brightness, 'contrast': ImageEnhance.Contrast, 'colour': ImageEnhance.Color,
           'sharpness': ImageEnhance.Sharpness}
flat = lambda image: np.asarray(image).reshape(-1).tolist()

pillow = []
for name, pixels in images.items():
    image = Image.fromarray(pixels.astype(np.uint8))
    add = lambda step, out: pillow.append(dict(image=name, step=step, view=flat(out)))
    for op, enhance in ENHANCE.items():
        for factor in (0.1, 0.73, 1.27, 1.9):
            add(dict(name=op, factor=factor), enhance(image).enhance(factor))
    for bits in (4, 7):
        add(dict(name='posterize', bits=bits), ImageOps.posterize(image, bits))
    for threshold in (178.5, 64, 255, 0):
        add(dict(name='solarize', threshold=threshold), ImageOps.solarize(image, threshold))
    add(dict(name='auto-contrast'), ImageOps.autocontrast(image))
    add(dict(name='equalize'), ImageOps.equalize(image))
    add(dict(name='grey'), image.convert('L').convert('RGB'))
image = Image.fromarray(skewed)
pillow.append(dict(image='skewed', step=dict(name='equalize'), view=flat(ImageOps.equalize(image))))

# AutoAugment's matrices (pixels of the view to pixels of the image), bilinear; `inside` marks what no border enters.
maps = []
N = 24
smooth = np.add.outer(np.add.outer(np.arange(N) * 5.0, np.arange(N) * 3.0), np.array([0.0, 20.0, 40.0])).round().astype(np.uint8)
smooth[5:9, 12:17] = [200, 30, 90]
picture, white = Image.fromarray(smooth), Image.new('L', (N, N), 255)
for magnitude in (9, 30):
    share = magnitude / 30
    for op, matrix in {
        'shear-x': (1, 0.3 * share, 0, 0, 1, 0),
        'shear-y': (1, 0, 0, 0.3 * share, 1, 0),
        'translate-x': (1, 0, 150 / 331 * share * N, 0, 1, 0),
        'translate-y': (1, 0, 0, 0, 1, 150 / 331 * share * N),
    }.items():
        view = lambda im: im.transform((N, N), Image.AFFINE, matrix, Image.BILINEAR)
        maps.append(dict(op=op, magnitude=magnitude, view=flat(view(picture)), inside=flat(view(white))))
    turn = lambda im: im.rotate(30 * share, Image.BILINEAR)
    maps.append(dict(op='rotate', magnitude=magnitude, view=flat(turn(picture)), inside=flat(turn(white))))

# colorsys, as torchvision's adjust_hue defines it.
hues = []
for turn in (-0.4, -0.07, 0.13, 0.5):
    pixels = images['noise'].reshape(-1, 3)
    view = []
    for r, g, b in pixels / 255:
        h, s, v = colorsys.rgb_to_hsv(r, g, b)
        view += [255 * x for x in colorsys.hsv_to_rgb((h + turn) % 1, s, v)]
    hues.append(dict(turn=turn, view=[round(x, 4) for x in view]))

# torchvision's gaussian_blur: pdf, normalised, reflected, one convolution of the outer product.
blurs = []
for sigma in (0.1, 0.8, 2.0, 4.5):
    radius = min(SIDE - 1, max(1, math.ceil(3 * sigma)))
    x = torch.arange(-radius, radius + 1, dtype=torch.float64)
    k = torch.exp(-0.5 * (x / sigma) ** 2)
    k = k / k.sum()
    t = torch.as_tensor(images['noise'], dtype=torch.float64).permute(2, 0, 1)[None]
    out = F.conv2d(F.pad(t, [radius] * 4, mode='reflect'), torch.outer(k, k).expand(3, 1, -1, -1), groups=3)
    blurs.append(dict(sigma=sigma, view=[round(v, 4) for v in out[0].permute(1, 2, 0).reshape(-1).tolist()]))

pictures = {name: dict(side=SIDE, pixels=flat(pixels)) for name, pixels in images.items()}
pictures['skewed'] = dict(side=EQUALIZED, pixels=flat(skewed))
print(json.dumps(dict(pillow_version=PIL.__version__, images=pictures, pillow=pillow, mapSide=N, picture=flat(picture), maps=maps,
                      hues=hues, blurs=blurs)))
