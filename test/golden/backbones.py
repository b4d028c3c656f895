"""What torchvision, timm, efficientnet-pytorch and Keras make of the backbones that ft knows: features, logits and the gradient of every parameter, with weights and
images from a formula, so that no file is shared. Computed in float64. Where rounding comes to another side of a kink (a ReLU's 0, the larger of two in
a pool), a gradient jumps: images are drawn anew until float32, and weights that differ by a millionth, give the same gradients.
  python test/golden/backbones.py [NAME.LAYOUT ...]      (test/backbones/requirements.txt)  writes test/golden/backbones/NAME.LAYOUT.json
  python test/golden/backbones.py --names                what it knows, one a line
"""
import base64
import hashlib
import json
import os
import sys

os.environ['KERAS_BACKEND'] = 'torch'
import numpy as np
import torch

# The wheel of torchvision for CUDA finds no libraries beside a torch without; its models need none of these.
_library = torch.library.Library('torchvision', 'DEF')
for _name in ('nms', 'qnms'):
    _library.define(_name + '(Tensor dets, Tensor scores, float iou_threshold) -> Tensor')
import efficientnet_lite_pytorch
import efficientnet_pytorch
import keras
import timm
import torchvision

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../bench'))
from backbone_formula import filled, image, keras_head, keras_variables
from formula import u

HERE = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(0)


class PyTorch:
    """A model of PyTorch's, and the way from images to its last feature map."""

    def __init__(self, model, parts):
        self.model, self.parts = model.eval(), parts

    def fill(self, shaken, head):
        with torch.no_grad():
            for name, tensor in self.model.state_dict().items():
                # VGG's classifier is most of it, and takes long to fill.
                unused = not head and name.startswith(('classifier.', 'pre_logits.', 'head.'))
                if not name.endswith('num_batches_tracked') and not unused:
                    fan_in = tensor.numel() / max(1, tensor.shape[0])
                    tensor.copy_(torch.from_numpy(filled(name, tuple(tensor.shape), fan_in, shaken)))

    def tensors(self):
        return {n: t.numel() for n, t in self.model.state_dict().items() if not n.endswith('num_batches_tracked')}

    def parameters(self):
        return dict(self.model.named_parameters())

    def run(self, x, dtype, shaken=None, head=True):
        self.model.to(dtype)
        self.fill(shaken, head)
        features, logits = self.parts(self.model, torch.from_numpy(x).to(dtype).permute(0, 3, 1, 2))
        return features.permute(0, 2, 3, 1), logits


class Keras:
    """A model of keras.applications; `scaled` is what its own preprocessing divides by."""

    def __init__(self, make, scaled):
        self.make, self.scaled = make, scaled

    def build(self, height, width, dtype, shaken):
        keras.utils.clear_session()
        keras.config.set_dtype_policy('float64' if dtype == torch.float64 else 'float32')
        model = self.make(weights=None, include_top=True, classifier_activation=None, input_shape=(height, width, 3))
        self.variables = {}
        for name, v, fan_in in keras_variables(keras, model):
            v.assign(filled(name, tuple(v.shape), fan_in, shaken))
            self.variables[name] = v
        self.whole, head = model, keras_head(keras, model)
        self.model = keras.Model(model.inputs, [head.input, model.output])

    def tensors(self):
        return {n: int(np.prod(v.shape)) for n, v in self.variables.items()}

    def parameters(self):
        return {n: v.value for n, v in self.variables.items() if v.trainable}

    def run(self, x, dtype, shaken=None, head=True):
        self.build(x.shape[1], x.shape[2], dtype, shaken)
        return self.model(torch.from_numpy(x).to(dtype) * self.scaled, training=False)


def before(module):
    """The map that a module takes, and what the model gives."""
    def parts(model, x):
        seen = []
        hook = getattr(model, module).register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        logits = model(x)
        hook.remove()
        return seen[0], logits
    return parts


def after_features(model, x):
    seen = []
    hook = model.features.register_forward_hook(lambda *call: seen.append(call[2]))
    logits = model(x)
    hook.remove()
    # DenseNet's ReLU behind its last BatchNorm works in place.
    return seen[0], logits


def densenet(model, x):
    features = torch.nn.functional.relu(model.features(x))
    return features, model.classifier(features.mean((2, 3)))


def of_timm(model, x):
    features = model.forward_features(x)
    return features, model.forward_head(features)


def of_lukemelas(model, x):
    features = model.extract_features(x)
    return features, model._fc(features.mean((2, 3)))


def tv(name, parts=before('avgpool')):
    more = dict(init_weights=False) if name in ('googlenet', 'inception_v3') else {}
    return lambda: PyTorch(torchvision.models.get_model(name, weights=None, **more), parts)


def tm(name):
    return lambda: PyTorch(timm.create_model(name, pretrained=False), of_timm)


def ep(package, name):
    # Without a size of its own it pads each map as TensorFlow does.
    return lambda: PyTorch(package.EfficientNet.from_name(name, image_size=None), of_lukemelas)


def ks(make, scaled=1, **more):
    return lambda: Keras(lambda **given: make(**given, **more), scaled)


A = keras.applications
SMALL, ODD = (64, 96), (75, 107)
# Where a network is so deep that one of its many numbers comes near a kink with every image of 64 × 96, the gradients are those of a smaller
# one: about ten draws find one of EfficientNet-Lite4 where a hundred do not.
DEEP = ((32, 48), SMALL, ODD)
CASES = {}


def case(name, layout, make, sizes=(SMALL, ODD), head_at=None):
    """`head_at`: the only size that the classifier takes; None: any."""
    CASES[f'{name}.{layout}'] = (make, sizes, head_at)


FIXED = dict(sizes=(SMALL, ODD, (224, 224)), head_at=(224, 224))


for n in (11, 13, 16, 19):
    for bn in ('', '-bn'):
        case(f'vgg{n}{bn}', 'torchvision', tv(f'vgg{n}{bn.replace("-", "_")}'), **FIXED)
case('vgg16', 'timm', tm('vgg16'), **FIXED)
case('vgg16', 'keras', ks(A.VGG16), **FIXED)
case('vgg19', 'keras', ks(A.VGG19), **FIXED)
case('googlenet', 'torchvision', tv('googlenet'))
case('inception-v3', 'torchvision', tv('inception_v3'), ((96, 128), (107, 139)))
case('inception-v3.tf', 'keras', ks(A.InceptionV3), ((96, 128), (107, 139)))
for n in (18, 34, 50, 101, 152):
    case(f'resnet{n}', 'torchvision', tv(f'resnet{n}'), DEEP if n == 152 else (SMALL, ODD))
case('resnet50', 'timm', tm('resnet50'))
for n, make in ((50, A.ResNet50), (101, A.ResNet101), (152, A.ResNet152)):
    case(f'resnet{n}-v1', 'keras', ks(make), DEEP if n == 152 else (SMALL, ODD))
for n, make in ((50, A.ResNet50V2), (101, A.ResNet101V2)):
    case(f'resnet{n}-v2', 'keras', ks(make))
case('densenet121', 'torchvision', tv('densenet121', densenet))
case('densenet121', 'timm', tm('densenet121'))
case('densenet121.tf', 'keras', ks(A.DenseNet121))
for alpha in (1, .75, .5, .25):
    case('mobilenet-v1' + ('' if alpha == 1 else f'-{alpha}'), 'keras', ks(A.MobileNet, alpha=alpha))
case('mobilenet-v2', 'torchvision', tv('mobilenet_v2', after_features))
case('mobilenet-v2', 'timm', tm('mobilenetv2_100'))
for alpha in (1, .35, .5, .75, 1.3, 1.4):
    case(f'mobilenet-v2{"" if alpha == 1 else f"-{alpha}"}.tf', 'keras', ks(A.MobileNetV2, alpha=alpha))
for size, make in (('small', A.MobileNetV3Small), ('large', A.MobileNetV3Large)):
    case(f'mobilenet-v3-{size}', 'torchvision', tv(f'mobilenet_v3_{size}'))
    case(f'mobilenet-v3-{size}.timm', 'timm', tm(f'mobilenetv3_{size}_100'))
    case(f'mobilenet-v3-{size}.tf', 'keras', ks(make, include_preprocessing=False))
for n, make in enumerate((A.EfficientNetB0, A.EfficientNetB1, A.EfficientNetB2, A.EfficientNetB3)):
    case(f'efficientnet-b{n}', 'torchvision', tv(f'efficientnet_b{n}'))
    case(f'efficientnet-b{n}.tf', 'keras', ks(make, 255))
case('efficientnet-b0', 'timm', tm('efficientnet_b0'))
case('efficientnet-b0.tf', 'timm', tm('tf_efficientnet_b0'))
for n in range(5):
    case(f'efficientnet-lite{n}', 'timm', tm(f'tf_efficientnet_lite{n}'), DEEP if n > 0 else (SMALL, ODD))
for n in range(4):
    case(f'efficientnet-b{n}.tf', 'efficientnet-pytorch', ep(efficientnet_pytorch, f'efficientnet-b{n}'))
for n in range(5):
    case(f'efficientnet-lite{n}', 'efficientnet-pytorch', ep(efficientnet_lite_pytorch, f'efficientnet-lite{n}'),
         DEEP if n > 0 else (SMALL, ODD))
for size, make in (('tiny', A.ConvNeXtTiny), ('small', A.ConvNeXtSmall)):
    case(f'convnext-{size}', 'torchvision', tv(f'convnext_{size}'))
    case(f'convnext-{size}', 'keras', ks(make, include_preprocessing=False))
case('convnext-tiny', 'timm', tm('convnext_tiny'))


def packed(values):
    return base64.b64encode(np.asarray(values, dtype='<f4').tobytes()).decode()


def outline(values, name):
    """A tensor as its norm, its product with the formula's numbers, and sixteen of its values."""
    flat = values.detach().double().reshape(-1).numpy()
    picked = flat[:: max(1, len(flat) // 16)][:16]
    return dict(size=len(flat), norm=float(np.linalg.norm(flat)), product=float(flat @ u(name, len(flat))), values=packed(picked))


def weighted(tensor, name):
    return (tensor * torch.from_numpy(u(name, tensor.numel()).reshape(tensor.shape)).to(tensor.dtype)).sum()


def slopes(reference, x, head, dtype=torch.float64, shaken=None):
    """The sum of all features and logits, each times a number of the formula, and its gradients by name; and what it is made of."""
    features, logits = reference.run(x, dtype, shaken, head)
    loss = weighted(features.mean((1, 2)), 'features') + (weighted(logits, 'logits') if head else 0)
    parameters = reference.parameters()
    names = sorted(parameters)
    grads = torch.autograd.grad(loss, [parameters[n] for n in names], allow_unused=True)
    return features, logits, loss.item(), {n: g.detach().double().reshape(-1).numpy() for n, g in zip(names, grads) if g is not None}


def agree(a, b):
    return all(np.linalg.norm(a[n] - b[n]) <= 6e-4 * np.linalg.norm(a[n]) for n in a)


def golden(make, sizes, head_at):
    reference = make()
    (height, width), *others = sizes
    head = head_at in (None, (height, width))
    for draw in range(100):
        x = image(height, width, draw)
        features, logits, loss, grads = slopes(reference, x, head)
        others_too = [dict(shaken='one'), dict(shaken='two'), dict(dtype=torch.float32)]
        if all(agree(grads, slopes(reference, x, head, **other)[3]) for other in others_too):
            break
    else:
        raise SystemExit('no image without a kink')
    outlines = [(height, width, features, logits)]
    with torch.no_grad():
        for height, width in others:
            outlines.append((height, width, *reference.run(image(height, width, draw), torch.float64)))
    # Auxiliary heads serve training alone.
    lines = sorted(f'{n} {size}' for n, size in reference.tensors().items() if not n.startswith(('aux1.', 'aux2.', 'AuxLogits.')))
    return dict(
        draw=draw,
        sizes=[dict(height=h, width=w, map=list(f.shape[1:]), features=outline(f, 'features'),
                    logits=outline(l, 'logits') if head_at in (None, (h, w)) else None)
               for h, w, f, l in outlines],
        loss=loss,
        parameters=sum(g.size for g in grads.values()),
        tensors=len(lines),
        names=hashlib.sha256('\n'.join(lines).encode()).hexdigest(),
        gradients=packed([v for n, g in grads.items() for v in (np.linalg.norm(g), g @ u(n + ' gradient', g.size))]))


if __name__ == '__main__':
    if sys.argv[1:] == ['--names']:
        sys.exit(print('\n'.join(CASES)))
    for key in sys.argv[1:] or CASES:
        result = golden(*CASES[key])
        filled.cache_clear()
        with open(os.path.join(HERE, 'backbones', key + '.json'), 'w') as file:
            json.dump(result, file, indent=1)
            file.write('\n')
        print(key, result['parameters'], result['tensors'], result['sizes'][0]['map'], 'draw', result['draw'], flush=True)
