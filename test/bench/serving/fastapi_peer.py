"""The server that people write in Python: FastAPI and uvicorn before a SavedModel of ft's, one request one image.

    python fastapi_peer.py SAVED_MODEL

The image is decoded by Pillow, and everything else is in the SavedModel. The route is a plain function, so uvicorn runs it in its pool of
threads and several requests are computed side by side. Prints its port once it listens.
"""

import io
import os
import socket
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf
import uvicorn
from fastapi import Body, FastAPI
from PIL import Image

serve = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
app = FastAPI()


@app.post("/embed")
def embed(file: bytes = Body(media_type="image/jpeg")) -> dict:
    image = np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))
    return {"embeddings": serve(image=tf.constant(image[None]))["embedding"].numpy().tolist()}


serve(image=tf.zeros([1, 300, 400, 3], tf.uint8))
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(1024)
print(listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
