/** TensorFlow's messages of a SavedModel, encoded by protobufjs after `saved-model.proto`. */
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

const { root } = protobuf.parse(readFileSync(new URL('saved-model.proto', import.meta.url), 'utf8'), { keepCase: true });

/** A message as plain fields, with the names of the definition. */
export type Fields = Readonly<Record<string, unknown>>;

/** The fields of an encoded message, numbers as numbers. */
export function decoded(type: string, bytes: Uint8Array): Fields {
  const message = root.lookupType(type);
  return message.toObject(message.decode(bytes), { longs: Number });
}

export function encoded(type: string, fields: Fields): Uint8Array {
  const message = root.lookupType(type);
  return message.encode(message.fromObject(fields)).finish();
}

/** A size of −1 is one that is not known before the graph runs. */
export function shapeFields(shape: readonly number[]): Fields {
  return { dim: shape.map((size) => ({ size })) };
}
