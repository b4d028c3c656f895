"""What onnx.checker and onnxruntime say of a model whose weights lie beside it: python onnx_large.py MODEL.onnx SHAPE < PIXELS. Prints one line
of JSON: the rows of its embedding, the SHA-256 of the weights' file, and the most memory that this process held (Linux: getrusage's kilobytes)."""
import hashlib
import json
import resource
import sys
import numpy as np
import onnx
import onnxruntime

path, shape = sys.argv[1], json.loads(sys.argv[2])
image = np.frombuffer(sys.stdin.buffer.read(), np.uint8).reshape(shape)
onnx.checker.check_model(path, full_check=True)
rows = onnxruntime.InferenceSession(path).run(['embedding'], {'image': image})[0]
with open(path + '.data', 'rb') as file:
    digest = hashlib.file_digest(file, 'sha256').hexdigest()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
print(json.dumps({'rows': rows.tolist(), 'sha256': digest, 'gigabytes': peak}))
