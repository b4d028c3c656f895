import { readFile } from 'node:fs/promises';
import { type FileMetaData, parquetMetadata, parquetReadObjects } from 'hyparquet';
import { ByteWriter, parquetWrite } from 'hyparquet-writer';
import { rowOf, type Vectors, VectorsBuilder } from './vectors.js';

const MODEL = 'ft.model';

/**
 * Vectors as a Parquet file of three columns: `file` (string), `class` (string, null where there is none), `vector` (list of
 * float). The file's metadata has `ft.model`, the SHA-256 of the model. Floats are not compressed: they do not shrink.
 */
export function parquetBytes(vectors: Vectors): Uint8Array {
  const { files, classes, model } = vectors;
  const writer = new ByteWriter();
  parquetWrite({
    writer,
    codec: 'UNCOMPRESSED',
    columnData: [
      { name: 'file', data: [...files] },
      { name: 'class', data: [...classes] },
      { name: 'vector', data: files.map((_, row) => Array.from(rowOf(vectors, row))) },
    ],
    schema: [
      { name: 'vectors', num_children: 3 },
      { name: 'file', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
      { name: 'class', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
      { name: 'vector', repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
    ],
    kvMetadata: model === null ? [] : [{ key: MODEL, value: model }],
    createdBy: 'ft',
  });
  return new Uint8Array(writer.getBuffer());
}

/** @throws UserError where the file is no Parquet file of vectors */
export async function readParquetVectors(path: string): Promise<Vectors> {
  const bytes = await readFile(path);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const builder = new VectorsBuilder(path);
  let metadata: FileMetaData;
  let rows: Record<string, unknown>[];
  try {
    metadata = parquetMetadata(file);
    rows = await parquetReadObjects({ file, metadata });
  } catch (error) {
    throw builder.fault('the file is no whole Parquet file', 'Parquet', error instanceof Error ? error.message : String(error));
  }
  rows.forEach(({ file: name, class: label, vector }, row) => {
    if (typeof name !== 'string' || !(label == null || typeof label === 'string') || !isList(vector))
      throw builder.fault('a row is no vector of an image', 'the columns file, class and vector (a list of float)', `row ${row}`);
    builder.add(name, label ?? null, vector, `row ${row}`);
  });
  return builder.build(metadata.key_value_metadata?.find(({ key }) => key === MODEL)?.value ?? null);
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || ArrayBuffer.isView(value);
}
