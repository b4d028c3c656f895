"""ResNet-50 as PyTorch's world stores it, with torchvision's own random weights:
  python files_torch.py FOLDER
  python files_torch.py FOLDER densenet121 googlenet ...     other networks of torchvision, as safetensors alone
"""
import sys
import warnings

warnings.filterwarnings('ignore')
import torch

# The wheel of torchvision for CUDA finds no libraries beside a torch without; its models need none of these.
_library = torch.library.Library('torchvision', 'DEF')
for _name in ('nms', 'qnms'):
    _library.define(_name + '(Tensor dets, Tensor scores, float iou_threshold) -> Tensor')
import torchvision
from safetensors.torch import save_file

folder, *others = sys.argv[1:]
torch.manual_seed(0)


def safetensors(name, weights):
    save_file({key: tensor.contiguous() for key, tensor in weights.items()}, f'{folder}/{name}.safetensors')


for name in others:
    more = {'init_weights': False, 'aux_logits': False} if name == 'googlenet' else {}
    model = torchvision.models.get_model(name, weights=None, **more).train()
    # The statistics of noise: with those that nobody measured the features of all images lie on one line.
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        model(torch.randn(8, 3, 128, 128))
    safetensors(name, model.state_dict())
if others:
    sys.exit()
model = torchvision.models.resnet50(weights=None).eval()
weights = model.state_dict()
torch.save(weights, f'{folder}/torch-zip.pth')
torch.save(weights, f'{folder}/torch-legacy.pth', _use_new_zipfile_serialization=False)
safetensors('resnet50', weights)
torch.onnx.export(model, torch.zeros(1, 3, 224, 224), f'{folder}/resnet50.onnx', dynamo=False, opset_version=17, input_names=['image'])
