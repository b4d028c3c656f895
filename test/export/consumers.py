"""What each consumer in Python makes of ft's exports, as one JSON object on the last line.

  python consumers.py MODELS IMAGES SIDE EMBEDDINGS

MODELS holds a folder for each format, N.jpg and what ft makes of those (`own-jpeg`), what onnxruntime-node makes of the int8 model (`own-int8`), IMAGES raw RGB bytes (uint8, [N, SIDE, SIDE, 3]), EMBEDDINGS the run's own float32
rows. Every figure is the largest absolute difference from those, but where it says otherwise.
"""
import json
import subprocess
import sys
import tempfile

import keras
import numpy as np
import onnx
import onnxruntime
import tensorflow as tf

models, pixels, side = sys.argv[1], sys.argv[2], int(sys.argv[3])
images = np.fromfile(pixels, np.uint8).reshape(-1, side, side, 3)
own = np.fromfile(sys.argv[4], np.float32).reshape(len(images), -1)
found = {}


def off(rows, expected=own):
    rows = np.asarray(rows)
    assert rows.shape == expected.shape, (rows.shape, expected.shape)
    return float(np.abs(rows - expected).max())


saved = models + '/savedmodel'
loaded = tf.saved_model.load(saved)
serve = loaded.signatures['serving_default']
for size in (1, len(images)):
    found[f'tf.saved_model.load, {size}'] = off(serve(image=tf.constant(images[:size]))['embedding'], own[:size])

# Images of another size, resized as tf.image does it with antialias; the same as bytes of PNG files.
large = np.repeat(np.repeat(images, 3, axis=1), 2, axis=2)[:, :, : side * 2 - 5]
small = tf.cast(tf.round(tf.image.resize(tf.cast(large, tf.float32), (side, side), antialias=True)), tf.uint8)


def turned(a, b):
    return float(1 - (np.asarray(a) * np.asarray(b)).sum(1).min())


# A number halfway between two grey levels may fall to either, so the rows are compared by their cosine.
found['any size (1 - cosine)'] = turned(serve(image=tf.constant(large))['embedding'], serve(image=small)['embedding'])
files = tf.stack([tf.io.encode_png(one) for one in images])
found['from_bytes, PNG'] = off(loaded.signatures['from_bytes'](bytes=files)['embedding'])
# The very files that ft decoded and embedded, with the decoder of the other.
jpegs = tf.stack([tf.io.read_file(f'{models}/{at}.jpg') for at in range(len(images))])
decoded = np.fromfile(models + '/own-jpeg', np.float32).reshape(own.shape)
found['from_bytes, JPEG (1 - cosine)'] = turned(loaded.signatures['from_bytes'](bytes=jpegs)['embedding'], decoded)

# A classifier beside the embedding, its names in an asset.
with open(loaded.classes.asset_path.numpy()) as file:
    names = file.read().splitlines()
answer = loaded.signatures['classify'](image=tf.constant(images))
best = [names[at] for at in answer['probabilities'].numpy().argmax(1)]
found['classify, names of the asset'] = [one.decode() for one in answer['label'].numpy()] == best

# Fine-tuned by a step, saved again, loaded again.
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(serve(image=tf.constant(images[:4]))['embedding'][:, 0])
gradients = tape.gradient(loss, loaded.trainable_variables)
moved = [variable for variable, gradient in zip(loaded.trainable_variables, gradients) if gradient is not None]
found['variables with a gradient'] = len(moved)
found['trainable variables'] = len(loaded.trainable_variables)
found['variables'] = len(loaded.variables)
for variable, gradient in zip(loaded.trainable_variables, gradients):
    if gradient is not None:
        variable.assign_sub(0.01 * gradient)
tuned = serve(image=tf.constant(images))['embedding'].numpy()
found['a step moves it by'] = off(tuned)
with tempfile.TemporaryDirectory() as again:
    tf.saved_model.save(loaded, again, signatures=loaded.signatures)
    saved_again = tf.saved_model.load(again)
    found['saved again'] = off(saved_again.signatures['serving_default'](image=tf.constant(images))['embedding'], tuned)

show = subprocess.run(
    [sys.executable, '-m', 'tensorflow.python.tools.saved_model_cli', 'show', '--dir', saved, '--tag_set', 'serve', '--signature_def', 'serving_default'],
    capture_output=True, text=True, check=True)
found['saved_model_cli'] = 'shape: (-1, -1, -1, 3)' in show.stdout and "outputs['embedding']" in show.stdout

layer = keras.layers.TFSMLayer(saved, call_endpoint='serving_default')
found['keras.layers.TFSMLayer'] = off(layer(images)['embedding'])

lite = tf.lite.TFLiteConverter.from_saved_model(saved, signature_keys=['serving_default']).convert()
interpreter = tf.lite.Interpreter(model_content=lite)
found['TFLite'] = off(interpreter.get_signature_runner('serving_default')(image=images)['embedding'])

with tempfile.TemporaryDirectory() as place:
    made = subprocess.run(
        [sys.executable, '-m', 'tf2onnx.convert', '--saved-model', saved, '--output', place + '/m.onnx', '--opset', '17'],
        capture_output=True, text=True)
    if made.returncode != 0:
        found['tf2onnx'] = made.stderr[-400:]
    else:
        session = onnxruntime.InferenceSession(place + '/m.onnx')
        found['tf2onnx, onnxruntime'] = off(session.run(['embedding'], {'image': images})[0])

path = models + '/onnx/model.onnx'
onnx.checker.check_model(path, full_check=True)
found['onnx.checker'] = True
session = onnxruntime.InferenceSession(path)
for size in (1, len(images)):
    found[f'onnxruntime, {size}'] = off(session.run(['embedding'], {'image': images[:size]})[0], own[:size])
found['onnxruntime, any size (1 - cosine)'] = turned(
    session.run(['embedding'], {'image': large})[0], session.run(['embedding'], {'image': small.numpy()})[0])

path = models + '/onnx int8/model.onnx'
onnx.checker.check_model(path, full_check=True)
found['onnx.checker, int8'] = True
# Exact sums on any processor, as ft loads it.
exact = onnxruntime.SessionOptions()
exact.add_session_config_entry('session.x64quantprecision', '1')
rows = onnxruntime.InferenceSession(path, exact).run(['embedding'], {'image': images})[0]
found['onnxruntime, int8 (1 - cosine)'] = turned(rows, own)
found['onnxruntime, int8, beside Node'] = off(rows, np.fromfile(models + '/own-int8', np.float32).reshape(own.shape))

model = keras.models.load_model(models + '/keras/model.h5', compile=False)
found['keras.models.load_model'] = off(model.predict(images.astype(np.float32), verbose=0))

print(json.dumps(found))
