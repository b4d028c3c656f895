"""ResNet-50 as a tfjs layers model, with Keras 2's own random weights, by tensorflowjs' converter: python files_tensorflowjs.py FOLDER
Of Keras 2, for its loader takes no model.json of Keras 3, which ft reads too."""
import os
import sys

os.environ.update(TF_CPP_MIN_LOG_LEVEL='3', CUDA_VISIBLE_DEVICES='-1')
import tensorflowjs
import tf_keras

tf_keras.utils.set_random_seed(0)
tensorflowjs.converters.save_keras_model(tf_keras.applications.ResNet50(weights=None), f'{sys.argv[1]}/tfjs-layers')
