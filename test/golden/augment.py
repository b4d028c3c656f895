"""Writes augment.json: the PyTorch peer's augmentation (affine_grid + grid_sample, then colour) for fixed draws.

  python augment.py > augment.json
"""
import json
import numpy as np
import torch
import torch.nn.functional as F

SIDE = 11
rng = np.random.default_rng(5)


def view(image, affine, brightness, contrast, saturation):
    x = ((torch.as_tensor(image).float() - 127) / 128).permute(2, 0, 1)[None]
    a = torch.tensor(affine, dtype=torch.float32).view(1, 2, 3)
    x = F.grid_sample(x, F.affine_grid(a, list(x.shape), align_corners=False), mode='bilinear',
                      padding_mode='border', align_corners=False)
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * saturation
    m = x.mean((1, 2, 3), keepdim=True)
    x = (m + (x - m) * contrast + brightness).clamp(-127 / 128, 1)
    return x[0].permute(1, 2, 0) * 128 + 127


def affine(rotation, scale, aspect_x, aspect_y, flip, shift_x, shift_y):
    t = rotation * np.pi / 180
    c, d = np.cos(t), np.sin(t)
    sx, sy = scale * np.exp(aspect_x), scale * np.exp(aspect_y)
    return [c * sx * flip, -d * sy, shift_x, d * sx * flip, c * sy, shift_y]


cases = []
for name, a, colour in (
    ('nothing changed', affine(0, 1, 0, 0, 1, 0, 0), (0, 1, 1)),
    ('mirrored', affine(0, 1, 0, 0, -1, 0, 0), (0, 1, 1)),
    ('turned, zoomed out over the border, shifted', affine(9.3, 1.15, .05, -.04, 1, .08, -.07), (0, 1, 1)),
    ('mirrored, turned, cropped in', affine(-7.7, .7, -.1, .08, -1, -.08, .05), (0, 1, 1)),
    ('brighter until it is clipped', affine(0, 1, 0, 0, 1, 0, 0), (.9, 1.2, 1)),
    ('darker, flatter, less saturated', affine(0, 1, 0, 0, 1, 0, 0), (-.2, .8, .8)),
    ('everything at once', affine(-4.2, .93, .02, .05, -1, .03, .06), (.11, 1.14, 1.13)),
):
    image = rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    out = view(image, a, *colour)
    cases.append(dict(name=name, image=image.reshape(-1).tolist(), affine=a, brightness=colour[0], contrast=colour[1],
                      saturation=colour[2], view=[round(v, 3) for v in out.reshape(-1).tolist()]))
print(json.dumps(dict(torch=torch.__version__, side=SIDE, cases=cases)))
