"""PyTorch's training step on the card: the network, values, optimizer and batch of test/bench/pytorch, run in several ways.
  python peer_gpu.py OUT.json [--device cpu --quick] [--cases 'NETWORK:UNTIL:BATCH:fp32|tf32|bf16:eager|compile|reduce-overhead …']"""
import argparse, contextlib, json, statistics, sys, time
import numpy as np, torch, torch.nn.functional as F
ap = argparse.ArgumentParser(); ap.add_argument('out'); ap.add_argument('--bench', default='test/bench', help='the folder that holds pytorch/'); ap.add_argument('--device', default='cuda'); ap.add_argument('--quick', action='store_true'); ap.add_argument('--cases', default='')
o = ap.parse_args()
# The network as make bench has it.
sys.path.insert(0, o.bench)
from formula import u
from pytorch.model import NETWORKS, model, sgd
CLASSES = 797
cuda = o.device == 'cuda'
sync = torch.cuda.synchronize if cuda else (lambda: None)
if cuda: torch.backends.cudnn.benchmark = True
name = torch.cuda.get_device_name() if cuda else 'cpu'
print(name, torch.__version__, 'cudnn', torch.backends.cudnn.version(), flush=True)
def make(network, until, dropout):
    return model(network, until, CLASSES, dropout).to(o.device)
def batch_of(n, side):
    px = torch.tensor(np.floor((u('pixels', n * side * side * 3) + .5) * 256).astype(np.uint8).reshape(n, side, side, 3))
    return (px.pin_memory() if cuda else px), (torch.arange(n) * 37 % CLASSES).to(o.device)
def unpacking(network):  # the bytes of a batch, over the bus, normalised there: what ft's step is given too
    topology = NETWORKS[network]
    mean, std = (torch.tensor(v, device=o.device) for v in (topology.mean, topology.std))
    def unpack(px):
        x = ((px.to(o.device, non_blocking=True).float() - mean) / std).permute(0, 3, 1, 2)
        return x.flip(2, 3) if topology.mirrored else x
    return unpack
rows = []
def case(until, n, precision, how, feed, side=128, dropout=.2, warm=10, steps=30, rate=1e-4, network='resnet50-thin'):
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision != 'fp32'
    torch.set_float32_matmul_precision('highest' if precision == 'fp32' else 'high')
    unpack = unpacking(network); net = make(network, until, dropout); opt = sgd(net, rate); px, y = batch_of(n, side)
    cast = (lambda: torch.autocast(o.device, torch.bfloat16)) if precision == 'bf16' else contextlib.nullcontext
    def forward(x, y):
        with cast(): return F.cross_entropy(net(x), y)
    began = time.perf_counter()
    if how != 'eager': torch._dynamo.reset(); forward = torch.compile(forward, **({} if how == 'compile' else dict(mode=how)))
    fixed = unpack(px).contiguous(memory_format=torch.channels_last) if feed == 'ready' else None
    if cuda: torch.cuda.reset_peak_memory_stats()
    def step():
        x = fixed if fixed is not None else unpack(px)
        loss = forward(x, y); opt.zero_grad(set_to_none=True); loss.backward(); opt.step(); return loss
    seconds, losses = [], []
    for i in range(warm + steps):
        t = time.perf_counter(); losses.append(step().item())
        if i == warm - 1: ready = time.perf_counter() - began
        if i >= warm: seconds.append(time.perf_counter() - t)
    if warm == 0: ready = 0
    sync(); t = time.perf_counter()
    for _ in range(steps if warm else 0): step()          # nothing read back in between
    sync(); free = time.perf_counter() - t
    row = dict(network=network, until=until, batch=n, precision=precision, how=how, feed=feed, imagesPerSecond=n / statistics.median(seconds), ms=1e3 * statistics.median(seconds), least=1e3 * min(seconds), most=1e3 * max(seconds),
               unsynced=n * steps / free if warm else 0, warmUp=ready, peakMiB=torch.cuda.max_memory_allocated() / 2**20 if cuda else 0, trainable=sum(p.numel() for p in net.parameters() if p.requires_grad), losses=losses[:5])
    rows.append(row); json.dump(dict(device=name, torch=torch.__version__, cudnn=torch.backends.cudnn.version(), rows=rows), open(o.out, 'w'))
    print('%-13s %-6s batch %3d %-5s %-15s %-6s %8.0f img/s %7.2f ms (%.2f–%.2f)  unsynced %8.0f img/s  warm-up %5.1f s  %6.0f MiB' % (network, until, n, precision, how, feed, row['imagesPerSecond'], row['ms'], row['least'], row['most'], row['unsynced'], ready, row['peakMiB']), flush=True)
def attempt(*args, **kw):
    try: case(*args, **kw)
    except Exception as e: print('FAILED', args, repr(e)[:300], flush=True)
if o.cases:
    for one in o.cases.split():
        network, until, n, p, how = one.split(':')
        attempt(until, int(n), p, how, 'bytes', network=network)
    print('PEER DONE', flush=True); sys.exit()
if o.quick:
    attempt('none', 4, 'fp32', 'eager', 'ready', side=64, dropout=0, warm=0, steps=3); attempt('conv3', 4, 'bf16', 'eager', 'bytes', side=64, warm=1, steps=2); sys.exit()
for p in ('fp32', 'tf32', 'bf16'):
    attempt('none', 8, p, 'eager', 'ready', side=64, dropout=0, warm=0, steps=5, rate=1e-3)
    print('  losses of 5 steps, batch 8, 64 px, rate 1e-3:', rows[-1]['losses'], flush=True)
for until in ('none', 'conv3'):
    for p in ('bf16', 'tf32', 'fp32'): attempt(until, 64, p, 'eager', 'bytes')
    attempt(until, 64, 'bf16', 'eager', 'ready')
    for n in (32, 256):
        for p in ('bf16', 'tf32'): attempt(until, n, p, 'eager', 'bytes')
print('EAGER DONE', flush=True)
for until, p, how in (('none', 'bf16', 'compile'), ('none', 'bf16', 'reduce-overhead'), ('conv3', 'bf16', 'reduce-overhead'), ('none', 'tf32', 'compile'), ('conv3', 'bf16', 'compile')):
    attempt(until, 64, p, how, 'bytes')
print('PEER DONE', flush=True)
