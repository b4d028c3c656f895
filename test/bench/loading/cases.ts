/** A file of ResNet-50 in one format, and what loads it in Python. */
export interface LoadingCase {
  /** In the folder that the two scripts fill. */
  readonly file: string;
  /** Where its weights lie, if in another file. */
  readonly data?: string;
  readonly words: string;
  /** The function of load.py, and the interpreter that has its library. */
  readonly peer: { readonly loader: string; readonly words: string; readonly python: 'pytorch' | 'tensorflow' | 'tensorflowjs' };
}

const pytorch = (loader: string, words: string) => ({ loader, words, python: 'pytorch' }) as const;
const tensorflow = (loader: string, words: string) => ({ loader, words, python: 'tensorflow' }) as const;
const tensorflowjs = (loader: string, words: string) => ({ loader, words, python: 'tensorflowjs' }) as const;

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
  { file: 'tfjs-layers', words: 'tfjs layers model', peer: tensorflowjs('tfjs_layers', 'load_keras_model') },
  // tensorflowjs itself makes no graph of a graph model: its arrays alone, and what another package makes of it.
  { file: 'tfjs-graph', words: 'tfjs graph model', peer: tensorflowjs('tfjs_arrays', 'read_weights') },
  { file: 'tfjs-graph', words: 'tfjs graph model', peer: tensorflowjs('tfjs_graph', 'tfjs_graph_converter') },
];
