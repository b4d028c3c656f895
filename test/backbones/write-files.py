"""Files of whole networks as their publishers' own libraries write them, with the weights of test/golden/backbones.py:
  python test/backbones/write-files.py FOLDER NAME.LAYOUT ...     (test/backbones/requirements.txt)
A network of torchvision or timm: NAME.LAYOUT.{pth,safetensors,onnx}; of efficientnet-pytorch: NAME.LAYOUT.{pth,safetensors}; of Keras:
NAME.LAYOUT.{h5,weights.h5,keras}.
VGG's classifier, nine tenths of it, is left out.
"""
import os
import sys
import warnings

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../golden')
sys.path.insert(0, GOLDEN)
import backbones

# The folder `tensorflow` there is no package of Python, which Keras looks for when it saves.
sys.path.remove(GOLDEN)
sys.modules.pop('tensorflow', None)
import keras
import torch
from backbones import CASES
from safetensors.torch import save_file
from timm.layers import Conv2dSame

warnings.filterwarnings('ignore')
HEAD = ('classifier.', 'pre_logits.', 'head.')


class Padded(torch.nn.Conv2d):
    """A convolution with the rows and columns that it was found to take."""

    def forward(self, x):
        x = torch.nn.functional.pad(x, self.found)
        return torch.nn.functional.conv2d(x, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)


def pad_for(model, image):
    """Fixes the padding that timm computes of each map's size, as TensorFlow does: ONNX would get the arithmetic itself."""
    def fix(module, inputs):
        pads = [max(0, (-(-size // step) - 1) * step + (kernel - 1) + 1 - size)
                for size, step, kernel in zip(inputs[0].shape[-2:], module.stride, module.kernel_size)]
        module.found = [one for pad in reversed(pads) for one in (pad // 2, pad - pad // 2)]

    padded = [module for module in model.modules() if isinstance(module, Conv2dSame)]
    hooks = [module.register_forward_pre_hook(fix) for module in padded]
    model(image)
    for module, hook in zip(padded, hooks):
        hook.remove()
        module.__class__ = Padded
    return len(padded) > 0


def of_pytorch(reference, key, path):
    headless = key.startswith('vgg')
    reference.model.to(torch.float32)
    reference.fill(None, not headless)
    tensors = {n: t for n, t in reference.model.state_dict().items() if not (headless and n.startswith(HEAD))}
    torch.save(tensors, f'{path}.pth')
    save_file({n: t.contiguous() for n, t in tensors.items()}, f'{path}.safetensors')
    if key.endswith('.efficientnet-pytorch'):
        return  # pads by arithmetic on each map's size, as timm's does, which has an ONNX
    model = torch.nn.Sequential(reference.model.features, torch.nn.AdaptiveAvgPool2d(1)).eval() if headless else reference.model
    image = torch.zeros(1, 3, 96, 128) if key.startswith('inception') else torch.zeros(1, 3, 64, 96)
    fixed = pad_for(model, image)
    torch.onnx.export(model, image, f'{path}.onnx', dynamo=False, opset_version=17, input_names=['image'], output_names=['scores'],
                      dynamic_axes=None if fixed else {'image': {0: 'n', 2: 'h', 3: 'w'}, 'scores': {0: 'n'}})


def of_keras(reference, key, path):
    reference.build(224, 224, torch.float32, None)
    model = reference.whole
    if key.startswith('vgg'):
        model = keras.Model(model.inputs, keras.layers.GlobalAveragePooling2D()(reference.model.outputs[0]), name=model.name)
    model.save(f'{path}.keras')
    model.save(f'{path}.h5')
    model.save_weights(f'{path}.weights.h5')


if __name__ == '__main__':
    folder, *keys = sys.argv[1:]
    for key in keys:
        reference = CASES[key][0]()
        (of_pytorch if isinstance(reference, backbones.PyTorch) else of_keras)(reference, key, os.path.join(folder, key))
        backbones.filled.cache_clear()
        print(key, flush=True)
