"""What torchvision and Keras say of the ImageNet weights that they publish, from their own source: address, checksum, accuracy, how an image is
fed. One line of JSON for each set, for write-cards.ts:
  python pretrained/published.py | npx tsx pretrained/write-cards.ts      (test/backbones/requirements.txt)
"""
import json
import os
import re

os.environ['KERAS_BACKEND'] = 'torch'
import torch

# The wheel of torchvision for CUDA finds no libraries beside a torch without; its list of weights needs none of these.
_library = torch.library.Library('torchvision', 'DEF')
for _name in ('nms', 'qnms'):
    _library.define(_name + '(Tensor dets, Tensor scores, float iou_threshold) -> Tensor')
import keras
import torchvision


def say(**facts):
    print(json.dumps(facts))


def torchvision_weights(network, name):
    for weights in torchvision.models.get_model_weights(name):
        accuracy = weights.meta['_metrics']['ImageNet-1K']['acc@1']
        if not weights.name.startswith('IMAGENET1K_V'):
            continue
        transforms = weights.transforms()
        version = weights.name[len('IMAGENET1K_'):].lower()
        say(network=network, publisher='torchvision', name=network if version == 'v1' else f'{network}.imagenet1k-{version}',
            title=f'{name}, torchvision {weights.name}', url=weights.url,
            pin=dict(sha256Starts=re.search(r'-([0-9a-f]{8})\.pth$', weights.url)[1]),
            evaluation=dict(resize=transforms.resize_size[0], crop=transforms.crop_size[0],
                            interpolation=transforms.interpolation.value, accuracy=accuracy))


class Captured(Exception):
    pass


def capture(fname, origin=None, file_hash=None, **_):
    raise Captured(origin, file_hash)


def keras_weights(network, make, name, side, accuracy, **more):
    """What Keras would fetch. `accuracy` as its documentation has it; its scores are of the middle of an image at that side."""
    try:
        make(weights='imagenet', **more)
    except Captured as found:
        url, digest = found.args
        digest = digest or None
        pin = None if digest is None else dict(md5=digest) if len(digest) == 32 else dict(sha256=digest)
        say(network=network, publisher='keras', name=name, title=f'{make.__name__}, Keras applications', url=url, pin=pin,
            evaluation=dict(resize=round(side / .875), crop=side, interpolation='bilinear', accuracy=accuracy))


if __name__ == '__main__':
    for n in (11, 13, 16, 19):
        torchvision_weights(f'vgg{n}', f'vgg{n}')
        torchvision_weights(f'vgg{n}-bn', f'vgg{n}_bn')
    torchvision_weights('googlenet', 'googlenet')
    torchvision_weights('inception-v3', 'inception_v3')
    for n in (18, 34, 50, 101, 152):
        torchvision_weights(f'resnet{n}', f'resnet{n}')
    torchvision_weights('densenet121', 'densenet121')
    torchvision_weights('mobilenet-v2', 'mobilenet_v2')
    for size in ('small', 'large'):
        torchvision_weights(f'mobilenet-v3-{size}', f'mobilenet_v3_{size}')
    for n in range(4):
        torchvision_weights(f'efficientnet-b{n}', f'efficientnet_b{n}')
    for size in ('tiny', 'small'):
        torchvision_weights(f'convnext-{size}', f'convnext_{size}')

    from keras.src.utils import file_utils
    file_utils.get_file = capture
    A = keras.applications
    keras_weights('vgg16', A.VGG16, 'vgg16.keras', 224, 71.3)
    keras_weights('vgg19', A.VGG19, 'vgg19.keras', 224, 71.3)
    keras_weights('inception-v3.tf', A.InceptionV3, 'inception-v3.tf', 299, 77.9)
    for n, make, accuracy in ((50, A.ResNet50, 74.9), (101, A.ResNet101, 76.4), (152, A.ResNet152, 76.6)):
        keras_weights(f'resnet{n}-v1', make, f'resnet{n}-v1', 224, accuracy)
    for n, make, accuracy in ((50, A.ResNet50V2, 76.0), (101, A.ResNet101V2, 77.2)):
        keras_weights(f'resnet{n}-v2', make, f'resnet{n}-v2', 224, accuracy)
    keras_weights('densenet121.tf', A.DenseNet121, 'densenet121.tf', 224, 75.0)
    for alpha in (.75, .5, .25):
        keras_weights(f'mobilenet-v1-{alpha}', A.MobileNet, f'mobilenet-v1-{alpha}', 224, None, alpha=alpha, input_shape=(224, 224, 3))
    for alpha in (1, .35, .5, .75, 1.3, 1.4):
        name = f'mobilenet-v2{"" if alpha == 1 else f"-{alpha}"}.tf'
        keras_weights(name, A.MobileNetV2, name, 224, 71.3 if alpha == 1 else None, alpha=float(alpha), input_shape=(224, 224, 3))
    for size, make in (('small', A.MobileNetV3Small), ('large', A.MobileNetV3Large)):
        keras_weights(f'mobilenet-v3-{size}.tf', make, f'mobilenet-v3-{size}.tf', 224, None)
    for n, make, side, accuracy in ((0, A.EfficientNetB0, 224, 77.1), (1, A.EfficientNetB1, 240, 79.1),
                                    (2, A.EfficientNetB2, 260, 80.1), (3, A.EfficientNetB3, 300, 81.6)):
        keras_weights(f'efficientnet-b{n}.tf', make, f'efficientnet-b{n}.tf', side, accuracy)
    for size, make, accuracy in (('tiny', A.ConvNeXtTiny, 81.3), ('small', A.ConvNeXtSmall, 82.3)):
        keras_weights(f'convnext-{size}', make, f'convnext-{size}.keras', 224, accuracy)
