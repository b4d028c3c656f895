"""PyTorch's side of `make bench`: prints one line of JSON.
  python test/bench/peer.py --network resnet50-thin --until conv3                         training steps, as step.ts
  python test/bench/peer.py --phase FILE --until conv4 --batch 32                         a whole phase, as phase.ts
  python test/bench/peer.py --folder FOLDER                                               JPEG files to vectors, as embed.ts
  python test/bench/peer.py --device cuda --bytes --tf32 [--compile reduce-overhead]      on a card (`make bench-gpu`): steps or a phase
  python test/bench/peer.py --device cuda --product 8192                                  what the card computes at most

Everything that makes it fast: channels_last, activations in place, the frozen part without a graph, the fused optimizer, and
glibc's allocator kept from giving memory back after each step (contenders.ts sets that in the environment).
"""
import argparse
import json
import os

import torch

from pytorch.embed import embed
from pytorch.model import NETWORKS, UNTIL
from pytorch.phase import phase
from pytorch.steps import steps
from pytorch.ways import prepare, product

ap = argparse.ArgumentParser()
ap.add_argument('--network', default='resnet50-thin', choices=NETWORKS)
ap.add_argument('--until', default='none', choices=UNTIL)
ap.add_argument('--batch', type=int, default=64)
ap.add_argument('--side', type=int, default=128)
ap.add_argument('--classes', type=int, default=797)
ap.add_argument('--dropout', type=float, default=.2)
ap.add_argument('--rate', type=float, default=1e-4)
ap.add_argument('--precision', default='fp32', choices=['fp32', 'bf16'])
ap.add_argument('--warm', type=int, default=2)
ap.add_argument('--steps', type=int, default=9, help='timed steps at most')
ap.add_argument('--seconds', type=float, default=float('inf'), help='no further step after as many, from the third timed one on')
ap.add_argument('--phase', help='a whole phase, data included: what `phase.ts --describe` printed (a file)')
ap.add_argument('--epochs', type=int, default=8)
ap.add_argument('--folder', help='JPEG files to embed')
ap.add_argument('--pixels', action='store_true', help='decode them alone')
ap.add_argument('--device', default='cpu', choices=['cpu', 'cuda'])
ap.add_argument('--tf32', action='store_true', help='float32 as a card has it by default in TensorFlow')
ap.add_argument('--compile', choices=['default', 'reduce-overhead'], help='torch.compile, in this mode')
ap.add_argument('--bytes', action='store_true', help="the batch comes as the bytes of images in every step, as ft's does")
ap.add_argument('--product', type=int, help='the side of two matrices that are multiplied, and nothing else')
a = ap.parse_args()
prepare(a)
torch.manual_seed(0)
torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count())
print(json.dumps(product(a) if a.product else embed(a) if a.folder else phase(a) if a.phase else steps(a)))
