"""How PyTorch computes a step: on which device, how exactly, compiled or not."""
import time

import torch
import torch.nn.functional as F


def prepare(a):
    """float32 products of a card: in TF32 where that is asked for; the convolutions that cuDNN's trials found fastest."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = a.tf32
    torch.backends.cudnn.benchmark = True


def loss_of(a, scores):
    """(images, labels) → mean cross-entropy of `scores(images)`, in the precision that is wanted, compiled where that is wanted."""
    def loss(x, y):
        with torch.autocast(a.device, torch.bfloat16, enabled=a.precision == 'bf16'):
            return F.cross_entropy(scores(x).float(), y)
    return torch.compile(loss, mode=a.compile) if a.compile else loss


def product(a):
    """What the device computes at most: a product of two square bfloat16 matrices, median of 20, in TFLOP/s."""
    one = torch.randn(a.product, a.product, device=a.device, dtype=torch.bfloat16)
    wait = torch.cuda.synchronize if a.device == 'cuda' else (lambda: None)
    seconds = []
    for _ in range(25):
        wait()
        began = time.perf_counter()
        one @ one
        wait()
        seconds.append(time.perf_counter() - began)
    name = torch.cuda.get_device_name() if a.device == 'cuda' else 'cpu'
    return dict(device=name, teraflops=2 * a.product**3 / sorted(seconds[5:])[10] / 1e12, version=torch.__version__,
                cuda=torch.version.cuda)
