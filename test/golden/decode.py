"""Writes decode.json: Pillow's BILINEAR reduction of a computed image, as the peer reads its data.

  python decode.py > decode.json
"""
import json
import numpy as np
import PIL
from PIL import Image

WIDTH, HEIGHT, SIDE = 15, 13, 8
y, x, c = np.mgrid[0:HEIGHT, 0:WIDTH, 0:3]
image = np.abs((x * 23 + y * (c + 2) * 11) % 510 - 255).astype(np.uint8)
small = np.asarray(Image.fromarray(image).resize((SIDE, SIDE), Image.BILINEAR))
print(json.dumps(dict(pillow=PIL.__version__, width=WIDTH, height=HEIGHT, side=SIDE, pixels=small.reshape(-1).tolist())))
