"""Files that the safetensors library itself writes, and what PyTorch makes of each tensor as float32: safetensors-files/whole.safetensors,
safetensors-files/model.safetensors.index.json with two shards, and safetensors-files.json. Run: python test/golden/safetensors-files.py
(test/backbones/requirements.txt)
"""
import json
import math
import pathlib

import torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__)
FOLDER = HERE.with_suffix('')
FOLDER.mkdir(exist_ok=True)

SPECIAL = torch.tensor([0., -0., 1.5, -2.25, math.inf, -math.inf, math.nan, 6e-8, 6.1e-5, 65504., 1e-40, 3.3895e38], dtype=torch.float64)
TENSORS = {
    **{str(t).split('.')[1]: SPECIAL.to(t) for t in (torch.float64, torch.float32, torch.float16, torch.bfloat16)},
    **{str(t).split('.')[1]: torch.tensor([torch.iinfo(t).min, torch.iinfo(t).max, 0, 1, 7], dtype=t)
       for t in (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)},
    'bool': torch.tensor([True, False, True]),
    'conv1.weight': torch.arange(24.).reshape(2, 3, 2, 2) / 4,
    'scalar': torch.tensor(3.5),
    'empty': torch.zeros(2, 0, 3),
    'Größe 大 🙂': torch.ones(2, 1),
}
save_file(TENSORS, FOLDER / 'whole.safetensors', metadata={'format': 'pt'})
names = list(TENSORS)
places = {}
for i in range(2):
    file = f'model-0000{i + 1}-of-00002.safetensors'
    part = {n: TENSORS[n] for n in names[i::2]}
    save_file(part, FOLDER / file)
    places |= dict.fromkeys(part, file)
(FOLDER / 'model.safetensors.index.json').write_text(json.dumps({'metadata': {'total_size': 0}, 'weight_map': places}))
HERE.with_suffix('.json').write_text(json.dumps({
    n: {'shape': list(t.shape), 'values': [v if math.isfinite(v) else str(v) for v in t.float().reshape(-1).tolist()]} for n, t in TENSORS.items()}) + '\n')
