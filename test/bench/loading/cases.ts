/** A file of ResNet-50 in one format, and what loads it in Python. */
export interface LoadingCase {
  /** In the folder that the two scripts fill. */
  readonly file: string;
  /** Where its weights lie, if in another file. */
  readonly data?: string;
  readonly words: string;
  /** The function of load.py, and the interpreter that has its library; null where none in Python loads the format. */
  readonly peer: { readonly loader: string; readonly words: string; readonly python: 'pytorch' | 'tensorflow' } | null;
}

const pytorch = (loader: string, words: string) => ({ loader, words, python: 'pytorch' }) as const;
const tensorflow = (loader: string, words: string) => ({ loader, words, python: 'tensorflow' }) as const;

export const LOADING: readonly LoadingCase[] = [
  { file: 'torch-zip.pth', words: 'PyTorch (zip)', peer: pytorch('torch_load', 'torch.load') },
  { file: 'torch-legacy.pth', words: 'PyTorch (legacy)', peer: pytorch('torch_load', 'torch.load') },
  { file: 'resnet50.safetensors', words: 'safetensors', peer: pytorch('safetensors', 'safetensors.torch') },
  { file: 'resnet50.onnx', words: 'ONNX', peer: pytorch('onnx', 'onnx.load') },
  { file: 'resnet50.h5', words: 'Keras .h5', peer: tensorflow('keras_model', 'load_model') },
  { file: 'resnet50.weights.h5', words: 'Keras .weights.h5', peer: tensorflow('keras_weights', 'load_weights') },
  { file: 'resnet50.keras', words: 'Keras .keras', peer: tensorflow('keras_model', 'load_model') },
  { file: 'savedmodel', words: 'TensorFlow SavedModel', peer: tensorflow('saved_model', 'tf.saved_model.load') },
  {
    file: 'checkpoint.index',
    data: 'checkpoint.data-00000-of-00001',
    words: 'TensorFlow checkpoint',
    peer: tensorflow('checkpoint', 'tf.train.load_checkpoint'),
  },
  { file: 'tfjs-layers', words: 'tfjs layers model', peer: null },
  { file: 'tfjs-graph', words: 'tfjs graph model', peer: null },
];
