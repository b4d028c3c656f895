"""Writes decode.json: Pillow's BILINEAR reduction of a computed image, as the peer reads its data.

  python decode.py > decode.json
"""
import json
import numpy as np
import PIL
from PIL import Image

WIDTH, HEIGHT, SIDE = 37, 23, 8
y, x, c = np.mgrid[0:HEIGHT, 0:WIDTH, 0:3]
image = ((x * 9 + y * (c + 2) * 4 + (x * y * (c + 1)) % 50) % 256).astype(np.uint8)
small = np.asarray(Image.fromarray(image).resize((SIDE, SIDE), Image.BILINEAR))
print(json.dumps(dict(pillow=PIL.__version__, width=WIDTH, height=HEIGHT, side=SIDE, pixels=small.reshape(-1).tolist())))
