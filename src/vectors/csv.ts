import { createReadStream } from 'node:fs';
import { CsvError, parse } from 'csv-parse';
import { shortestNumber } from './jsonl.js';
import { rowOf, type Vectors, VectorsBuilder } from './vectors.js';

/**
 * Vectors as lines of CSV (RFC 4180): `file,class,v0,v1,…`, an empty class where there is none. Numbers have the fewest digits
 * that give back the same float32.
 */
export function* csvLines(vectors: Vectors): Generator<string> {
  const { files, classes, dimensions } = vectors;
  yield `file,class,${Array.from({ length: dimensions }, (_, i) => `v${i}`).join(',')}\r\n`;
  for (let row = 0; row < files.length; row++) {
    const numbers = Array.from(rowOf(vectors, row), shortestNumber);
    yield `${csvField(files[row] as string)},${csvField(classes[row] ?? '')},${numbers.join(',')}\r\n`;
  }
}

/** @throws UserError where the file is no such table */
export async function readCsvVectors(path: string): Promise<Vectors> {
  const builder = new VectorsBuilder(path);
  const records = createReadStream(path).pipe(parse({ bom: true, info: true }));
  let width = 0;
  try {
    for await (const { record, info } of records as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      if (width === 0) {
        width = record.length;
        if (record[0] !== 'file' || record[1] !== 'class' || record[2] !== 'v0')
          throw builder.fault(
            'the first line does not name the columns of vectors',
            'file,class,v0,v1,…',
            record.slice(0, 4).join(','),
          );
        continue;
      }
      const [file = '', name = '', ...numbers] = record;
      builder.add(file, name === '' ? null : name, numbers.map(numberOf), `line ${info.lines}`);
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw builder.fault('the file is no table of vectors', 'file,class,v0,v1,… and a line for each image', error.message);
  }
  return builder.build(null);
}

/** Text as a field of CSV: in quotes where it would else be read otherwise. */
function csvField(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** An empty or misspelt number becomes NaN, which is refused. */
function numberOf(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text);
}
