"""Writes semi-hard-tf.json: the losses called "semi-hard" of two TensorFlow libraries, on the batches of ../semi-hard.py.

  python test/golden/tensorflow/semi-hard-tf.py        (the packages of requirements.txt, on Python 3.11)

tfa    TensorFlow Addons 0.23, TripletSemiHardLoss(margin): plain distance ('L2'), float32, which is all it takes.
tfsim  tensorflow-similarity 0.17, TripletLoss(margin=margin): cosine distance, positives 'hard', negatives 'semi-hard'; float32 too:
       it moves distances by 1e-6 and back in float64, which parts exact ties unless they are rounded to float32 afterwards.
Both get unit vectors, divided by their length inside the tape (tf.math.l2_normalize multiplies by rsqrt, which parts exact ties). `gradient` is d loss / d un-normalised embeddings.
The batch of one class is written for what the libraries do there: TensorFlow Addons answers with a loss, though there is no triplet.
"""
import json
import os
import random

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import tensorflow as tf  # noqa: E402
import tensorflow_addons as tfa  # noqa: E402
from tensorflow_similarity.losses import TripletLoss  # noqa: E402

MARGIN = 0.2


def batches():
    """Rows are un-normalised. Random ones are multiples of 1/1024; the others have unit vectors that are exact in binary."""
    draw = random.Random(5)
    centres = [[draw.gauss(0, 1) for _ in range(16)] for _ in range(8)]
    general = [[round((0.8 * c + draw.gauss(0, 1)) * 1024) / 1024 for c in centres[k // 4]] for k in range(32)]
    uneven = [[round((0.8 * c + draw.gauss(0, 1)) * 1024) / 1024 for c in centres[k]] for k in (0, 0, 0, 1, 1, 2, 3, 3, 3, 3)]
    scales = [2.0 ** draw.randint(-1, 1) for _ in range(24)]
    signs = [[draw.choice((-1, 1)) * scale for _ in range(16)] for scale in scales]
    degenerate = [list(row) for row in signs]
    degenerate[1] = degenerate[0]                                            # twice in class 0
    degenerate[4:8] = [degenerate[4]] * 4                                    # class 1 is one point
    degenerate[8] = [2 * v for v in degenerate[12]]                          # classes 2 and 3 share a point
    degenerate[20:22] = degenerate[16:18]                                    # classes 4 and 5 share two
    fours = lambda rows: [k // 4 for k in range(len(rows))]
    return [('general', general, fours(general)), ('uneven', uneven, [0, 0, 0, 1, 1, 2, 3, 3, 3, 3]),
            ('ties', signs[:12], [k // 3 for k in range(12)]), ('degenerate', degenerate, fours(degenerate)),
            ('collapsed', [[0.5] * 16] * 8, fours([0] * 8)), ('one class', general[:4], [0] * 4)]


def case(loss_of, rows, labels, dtype):
    z = tf.Variable(rows, dtype=dtype)
    with tf.GradientTape() as tape:
        loss = loss_of(tf.constant(labels), z / tf.sqrt(tf.reduce_sum(z * z, 1, keepdims=True)))
    return dict(loss=float(loss), gradient=[[float(f'{v:.9g}') for v in row] for row in tape.gradient(loss, z).numpy().tolist()])


out = []
for name, rows, labels in batches():
    cases = {'tfa': case(tfa.losses.TripletSemiHardLoss(margin=MARGIN), rows, labels, tf.float32),
             'tfsim': case(TripletLoss(margin=MARGIN), rows, labels, tf.float32)}
    print(name, {k: round(v['loss'], 6) for k, v in cases.items()})
    out.append(dict(name=name, embeddings=rows, labels=labels, cases=cases))
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'semi-hard-tf.json'), 'w') as f:
    json.dump(dict(margin=MARGIN, batches=out), f, separators=(',', ':'))
    f.write('\n')
