"""What PyTorch makes of ft's safetensors, as one JSON object on the last line.

  python consumers_torch.py FOLDER IMAGES SIDE EMBEDDINGS LIBRARY NAME MEAN STD

FOLDER holds backbone.safetensors and head.safetensors, NAME is a network of LIBRARY (torchvision or timm), MEAN and STD are what it takes, as JSON.
"""
import json
import sys

import numpy as np
import torch

# The wheel of torchvision for CUDA finds no libraries beside a torch without; its models need none of these.
_library = torch.library.Library('torchvision', 'DEF')
for _name in ('nms', 'qnms'):
    _library.define(_name + '(Tensor dets, Tensor scores, float iou_threshold) -> Tensor')
import timm
import torchvision
from safetensors.torch import load_file

folder, pixels, side, embeddings, library, name = sys.argv[1:7]
mean, std = (torch.tensor(json.loads(text)) for text in sys.argv[7:9])
images = np.fromfile(pixels, np.uint8).reshape(-1, int(side), int(side), 3)
own = np.fromfile(embeddings, np.float32).reshape(len(images), -1)

CLASSIFIER = ('fc.', 'classifier.', 'head.')
tensors = load_file(f'{folder}/backbone.safetensors')
if library == 'timm':
    model = timm.create_model(name, pretrained=False)
else:
    model = torchvision.models.get_model(name, weights=None)
known = model.state_dict()
missing, unexpected = model.load_state_dict(tensors, strict=False)
lacking = [key for key in missing if not key.startswith(CLASSIFIER) and not key.endswith('num_batches_tracked')]
# The classifier of ImageNet is not the backbone's.
if library == 'timm':
    model.reset_classifier(0)
elif hasattr(model, 'fc'):
    model.fc = torch.nn.Identity()
else:
    model.classifier = torch.nn.Identity()
model.eval()

weights = load_file(f'{folder}/head.safetensors')
head = torch.nn.Linear(weights['weight'].shape[1], weights['weight'].shape[0])
head.load_state_dict(weights)
with torch.no_grad():
    x = ((torch.from_numpy(images).float() - mean) / std).permute(0, 3, 1, 2)
    vectors = torch.nn.functional.normalize(head(model(x)), dim=1).numpy()
print(json.dumps({
    'difference': float(np.abs(vectors - own).max()),
    'unexpected': list(unexpected),
    'lacking': lacking,
    'loaded': len(tensors),
    'apart': float(min(np.abs(own[i] - own[j]).max() for i in range(len(own)) for j in range(i))),
}))
