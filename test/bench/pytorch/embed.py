"""Times JPEG files to vectors, as embed.ts does for ft: as many workers as cores decode (smaller by JPEG's own scales where that is
enough) and resize, the network runs in inference mode, vectors of unit length go into a file."""
import glob
import os
import tempfile
import time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from peak import peak_mib

from .model import NETWORKS


class Photos(Dataset):
    def __init__(self, files, side):
        self.files, self.side = files, side

    def __len__(self):
        return len(self.files)

    def __getitem__(self, at):
        """The largest square in the middle, brought to the side that is wanted, as bytes HWC."""
        with Image.open(self.files[at]) as image:
            image.draft('RGB', (self.side, self.side))
            image = image.convert('RGB')
        width, height = image.size
        short = min(width, height)
        left, top = (width - short) / 2, (height - short) / 2
        square = image.resize((self.side, self.side), Image.BILINEAR, (left, top, left + short, top + short))
        return torch.from_numpy(np.array(square))


def embed(a):
    topology = NETWORKS[a.network]
    net = torch.nn.Sequential(*topology.make()[0]).to(memory_format=torch.channels_last).eval()
    normalise = topology.normaliser()
    began = time.perf_counter()
    files = sorted(glob.glob(os.path.join(a.folder, '*.jpg')))
    loader = DataLoader(Photos(files, a.side), a.batch, num_workers=torch.get_num_threads())
    vectors = []
    with torch.inference_mode(), torch.autocast('cpu', torch.bfloat16, enabled=a.precision == 'bf16'):
        for batch in loader:
            if a.pixels:
                vectors.append(batch[:, 0, 0].float())
                continue
            x = normalise(batch.permute(0, 3, 1, 2).float())
            vectors.append(F.normalize(net(x).mean((2, 3)).float()))
    rows = torch.cat(vectors).numpy()
    with tempfile.NamedTemporaryFile(suffix='.npy') as file:
        np.save(file, rows)
    seconds = time.perf_counter() - began
    return dict(engine='pytorch', seconds=seconds, images=len(rows), dimensions=rows.shape[1], imagesPerSecond=len(rows) / seconds,
                peakMiB=peak_mib(), version=torch.__version__)
