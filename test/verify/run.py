"""What Python makes of a finished run, as one JSON object on the last line:

  python run.py RUN PIXELS SIDE VECTORS

RUN is the run folder, PIXELS the raw RGB bytes of some images (uint8, [N, SIDE, SIDE, 3]), VECTORS the .npy file that `ft embed`
wrote for the same images. The SavedModel is called with batches of 1, 5 and 64; every figure is over all rows of a batch.
"""
import json
import sys

import numpy as np
import tensorflow as tf
from safetensors.numpy import load_file

run, pixels, side, vectors = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
images = np.fromfile(pixels, np.uint8).reshape(-1, side, side, 3)
own = np.load(vectors)
# The object that was loaded has to live as long as its signature is called.
loaded = tf.saved_model.load(run + '/export/savedmodel')
serve = loaded.signatures['serving_default']
batches = []
for size in (1, 5, 64):
    out = serve(image=tf.constant(images[:size]))['embedding']
    rows = out.numpy().astype(np.float64)
    ours = own[:size].astype(np.float64)
    cosine = (rows * ours).sum(1) / np.linalg.norm(rows, axis=1) / np.linalg.norm(ours, axis=1)
    batches.append(dict(size=size, shape=list(rows.shape), dtype=out.dtype.name, cosine=cosine.min(),
                        length=[np.linalg.norm(rows, axis=1).min(), np.linalg.norm(rows, axis=1).max()]))
tensors = {name: dict(shape=list(t.shape), dtype=t.dtype.name, sum=t.astype(np.float64).sum(), absolute=abs(t.astype(np.float64)).sum())
           for name, t in load_file(run + '/model.safetensors').items()}
lengths = np.linalg.norm(own.astype(np.float64), axis=1)
print(json.dumps(dict(
    tensorflow=tf.__version__,
    signature=dict(input=[serve.structured_input_signature[1]['image'].dtype.name, serve.structured_input_signature[1]['image'].shape.as_list()],
                   output=[serve.structured_outputs['embedding'].dtype.name, serve.structured_outputs['embedding'].shape.as_list()]),
    signatures=list(loaded.signatures), batches=batches, tensors=tensors,
    vectors=dict(shape=list(own.shape), dtype=own.dtype.name, order=bool(own.flags['C_CONTIGUOUS']), length=[lengths.min(), lengths.max()],
                 sum=own.astype(np.float64).sum()),
), default=float))
