"""Losses of 50 steps of PyTorch, in float32, on the benchmark's networks (peer.py in test/bench), nothing frozen and until conv4;
test/train/fifty-steps.test.ts holds ft to them.   python fifty-steps.py > fifty-steps.json

Weights and the batch come from a formula. At these rates the loss falls far without jumping. At higher ones ReLUs turn on and off from step to
step, and even two runs of one engine, on one core and on two, drift apart by 1e-3."""
import json
import subprocess
import sys
from pathlib import Path

PEER = Path(__file__).resolve().parent.parent / 'bench' / 'peer.py'
CASES = (('resnet50-thin', 'none', 5e-5), ('resnet50-thin', 'conv4', 3e-4), ('efficientnet-lite0', 'none', 1e-3), ('efficientnet-lite0', 'conv4', 1e-3))


def run(network, until, rate):
    settings = dict(network=network, until=until, batch=8, side=64, classes=797, rate=rate, dropout=0, warm=0, steps=50)
    options = [word for key, value in settings.items() for word in ('--' + key, str(value))]
    figures = json.loads(subprocess.run([sys.executable, PEER, *options], check=True, stdout=subprocess.PIPE).stdout)
    return dict(network=network, until=until, rate=rate, trainable=figures['trainable'], losses=figures['losses'])


print(json.dumps([run(*case) for case in CASES]))
