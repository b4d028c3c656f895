"""What keras.applications makes of ft's weights, as one JSON object on the last line.

  python consumers_keras.py FOLDER IMAGES SIDE EMBEDDINGS NAME OPTIONS MEAN STD ORDER

FOLDER holds backbone.h5 and the head as head.kernel (float32 [features, dimensions]) and head.bias, NAME is a network of keras.applications, OPTIONS what it is
made with, MEAN and STD are what it takes, of red, green and blue, as JSON; ORDER is rgb or bgr: how it takes them.
"""
import json
import sys

import keras
import numpy as np

folder, pixels, side, embeddings, name = sys.argv[1:6]
options, mean, std = (json.loads(text) for text in sys.argv[6:9])
images = np.fromfile(pixels, np.uint8).reshape(-1, int(side), int(side), 3)
own = np.fromfile(embeddings, np.float32).reshape(len(images), -1)
model = getattr(keras.applications, name)(include_top=False, weights=None, pooling='avg', **options)
before = [weight.numpy().copy() for weight in model.weights]
model.load_weights(f'{folder}/backbone.h5', by_name=True)
kept = sum(np.array_equal(a, b.numpy()) for a, b in zip(before, model.weights))
normal = ((images - mean) / std).astype(np.float32)
features = model.predict(normal[..., ::-1] if sys.argv[9] == 'bgr' else normal, verbose=0)
scores = features @ np.fromfile(f'{folder}/head.kernel', np.float32).reshape(features.shape[1], -1) + np.fromfile(f'{folder}/head.bias', np.float32)
vectors = scores / np.linalg.norm(scores, axis=1, keepdims=True)
print(json.dumps({
    'difference': float(np.abs(vectors - own).max()),
    'kept': kept,
    'loaded': len(model.weights),
    'apart': float(min(np.abs(own[i] - own[j]).max() for i in range(len(own)) for j in range(i))),
}))
