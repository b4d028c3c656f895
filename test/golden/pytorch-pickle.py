"""Files that PyTorch itself writes, in both of its formats, and what is in them: pytorch-pickle/NAME.{legacy,zip}.pth and
pytorch-pickle.json. Run: python pytorch-pickle.py [SEED]; the seed draws the tensors of `random`."""
import collections
import json
import math
import pathlib
import sys
import torch

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
generator = torch.Generator().manual_seed(seed)
here = pathlib.Path(__file__)
folder = here.with_suffix('')
folder.mkdir(exist_ok=True)

DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool]


def integer(low, high):
    return int(torch.randint(low, high + 1, (1,), generator=generator))


def random_view():
    """A tensor of a random type, shape and layout: sliced with steps, permuted, expanded, at an offset."""
    dtype = DTYPES[integer(0, len(DTYPES) - 1)]
    shape = [integer(1, 6) for _ in range(integer(0, 4))]
    values = torch.randn(shape, generator=generator) * 50
    x = (values > 0) if dtype == torch.bool else values.abs().to(dtype) if dtype == torch.uint8 else values.to(dtype)
    for axis in range(x.dim()):
        start, step = integer(0, x.shape[axis] - 1), integer(1, 2)
        x = x[(slice(None),) * axis + (slice(start, None, step),)]
    if x.dim():
        x = x.permute(torch.randperm(x.dim(), generator=generator).tolist())
    if integer(0, 3) == 0:
        x = x.unsqueeze(0).expand(3, *x.shape)
    return x


def views():
    base = torch.arange(24, dtype=torch.float32) / 4
    matrix = base.reshape(4, 6)
    return {
        'whole': base, 'matrix': matrix, 'transposed': matrix.t(), 'stepped': matrix[1::2, ::3], 'row': matrix[2],
        'expanded': base[3:5].unsqueeze(1).expand(2, 4), 'last': base[23], 'empty': base[24:], 'empty3': torch.zeros(2, 0, 3),
        'channels_last': torch.arange(36.).reshape(1, 3, 4, 3).contiguous(memory_format=torch.channels_last),
        'kernel': torch.arange(54.).reshape(3, 3, 2, 3).permute(3, 2, 0, 1),
    }


def types():
    special = torch.tensor([0., -0., 1.5, -2.25, math.inf, -math.inf, math.nan, 6e-8, 6.1e-5, 65504., 1e-40, 3.3895e38, 1e300], dtype=torch.float64)
    tensors = {str(t).split('.')[1]: special.to(t) for t in DTYPES[:4]}
    for t in DTYPES[4:9]:
        info = torch.iinfo(t)
        # What a double holds exactly: 2**63 - 1 it does not.
        tensors[str(t).split('.')[1]] = torch.tensor([max(info.min, -2**53), min(info.max, 2**53), 0, 1, 7], dtype=t)
    tensors['bool'] = torch.tensor([True, False, True])
    return tensors


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(2, 3, 3, bias=False)
        self.norm = torch.nn.BatchNorm2d(3)
        self.tied = self.norm


CASES = {
    'module': lambda: Block().state_dict(),
    'views': views,
    'types': types,
    'parameters': lambda: collections.OrderedDict(a=torch.nn.Parameter(torch.randn(2, 3)), b=torch.nn.Parameter(torch.ones(1).half())),
    'checkpoint': lambda: {
        'epoch': 3, 'best': 0.625, 'big': 2**70, 'negative': -2**40, 'name': 'Größe 大 🙂', 'none': None, 'flags': (True, False), 3: 'three',
        'nested': [1, [2.5, (3, ())], {}, {'x': -1}], 'state_dict': Block().state_dict(), 'again': 'Größe 大 🙂', 'long': 'x' * 300,
    },
    'random': lambda: {f'tensor{i}': random_view() for i in range(60)},
}


def number(x):
    return x if isinstance(x, int) or math.isfinite(x) else str(x)


def described(x):
    if isinstance(x, torch.Tensor):
        flat = x.detach().contiguous().reshape(-1)
        # As float32, which is what ft makes of every type.
        return {'tensor': {'dtype': str(x.dtype).split('.')[1], 'shape': list(x.shape), 'values': [number(v) for v in flat.float().tolist()]}}
    if isinstance(x, dict):
        return {'dict': [[described(k), described(v)] for k, v in x.items()]}
    if isinstance(x, tuple):
        return {'tuple': [described(v) for v in x]}
    if isinstance(x, list):
        return {'list': [described(v) for v in x]}
    if isinstance(x, int) and not isinstance(x, bool) and abs(x) > 2**53:
        return {'integer': str(x)}
    return {'plain': x}


golden = {'torch': torch.__version__, 'seed': seed, 'cases': {}}
for name, make in CASES.items():
    value = make()
    torch.save(value, folder / f'{name}.legacy.pth', _use_new_zipfile_serialization=False)
    torch.save(value, folder / f'{name}.zip.pth')
    golden['cases'][name] = described(value)
for protocol in (3, 4, 5):
    torch.save(CASES['views'](), folder / f'views.protocol{protocol}.pth', _use_new_zipfile_serialization=False, pickle_protocol=protocol)
here.with_suffix('.json').write_text(json.dumps(golden) + '\n')
