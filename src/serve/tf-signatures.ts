/** The signatures of a served model, as TensorFlow Serving names and describes them. They are those of `ft export`'s SavedModel. */
import type { ServedModel } from './model.js';

export type SignatureName = 'serving_default' | 'from_bytes' | 'classify';

export interface Signature {
  readonly input: 'image' | 'bytes';
  readonly gives: 'embedding' | 'classes';
}

export function signaturesOf({ classes }: Pick<ServedModel, 'classes'>): ReadonlyMap<string, Signature> {
  const all: [SignatureName, Signature][] = [
    ['serving_default', { input: 'image', gives: 'embedding' }],
    ['from_bytes', { input: 'bytes', gives: 'embedding' }],
  ];
  return new Map(classes === null ? all : [...all, ['classify', { input: 'image', gives: 'classes' }]]);
}

type Shape = readonly number[];

function tensor(name: string, dtype: string, shape: Shape) {
  const dim = shape.map((size) => ({ size: String(size), name: '' }));
  return { dtype, tensor_shape: { dim, unknown_rank: false }, name };
}

/**
 * The answer to GET /v1/models/NAME/metadata: GetModelMetadataResponse as JSON, every field with its name in the protobuf.
 * Source: tensorflow/serving, tensorflow_serving/g3doc/api_rest.md and apis/get_model_metadata.proto.
 */
export function metadataOf(model: ServedModel) {
  const signatures = [...signaturesOf(model)].map(([name, { input, gives }]) => {
    const place = `${name}_${input}:0`;
    const outputs = outputsOf(model, gives).map(([key, dtype, shape], at) => [
      key,
      tensor(`StatefulPartitionedCall:${at}`, dtype, shape),
    ]);
    return [
      name,
      {
        inputs: {
          [input]: input === 'image' ? tensor(place, 'DT_UINT8', [-1, -1, -1, 3]) : tensor(place, 'DT_STRING', [-1]),
        },
        outputs: Object.fromEntries(outputs),
        method_name: 'tensorflow/serving/predict',
      },
    ];
  });
  return {
    model_spec: { name: model.name, signature_name: '', version: '1' },
    metadata: { signature_def: { signature_def: Object.fromEntries(signatures) } },
  };
}

function outputsOf({ dimensions, classes }: ServedModel, gives: Signature['gives']): [string, string, Shape][] {
  if (gives === 'embedding') return [['embedding', 'DT_FLOAT', [-1, dimensions]]];
  const count = classes?.length ?? 0;
  return [
    ['probabilities', 'DT_FLOAT', [-1, count]],
    ['label', 'DT_STRING', [-1]],
    ['labels', 'DT_STRING', [count]],
  ];
}
