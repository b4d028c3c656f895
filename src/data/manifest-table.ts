import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { UserError } from '../errors.js';
import { extensionOf } from './extensions.js';
import { printable } from './printable.js';

/** A row of a table: its values by the place of their columns. */
export interface Row {
  /** The line of the file it begins in, from 1. */
  readonly line: number;
  readonly values: readonly string[];
}

/** A table as it comes from its file, row after row. */
export interface Table {
  /** The columns' names as they are written. */
  readonly columns: readonly string[];
  readonly rows: AsyncIterable<Row>;
  /** Lets go of the file, also where its rows were not read to the end. */
  close(): Promise<void>;
}

const tableExtensions = ['csv', 'tsv', 'jsonl', 'ndjson'];

/** Whether a name is a table's. */
export function isTableName(name: string): boolean {
  return tableExtensions.includes(extensionOf(name));
}

/**
 * Opens a table: CSV (RFC 4180; also with semicolons, as spreadsheets of half of Europe write it), TSV, or JSON lines, whose
 * columns are the keys of its first object. UTF-8, with or without a byte-order mark.
 * @throws UserError with the line where the text is no such table; from `rows` too, because it is read as it is asked for
 */
export async function openTable(path: string): Promise<Table> {
  const text = () => readText(path);
  return extensionOf(path).endsWith('son') || extensionOf(path) === 'jsonl' ? openJsonLines(path, text()) : openCsv(path, text());
}

/** The text piece by piece. UTF-16, which spreadsheets call Unicode, and older encodings are refused by name. */
async function* readText(path: string): AsyncGenerator<string, void, undefined> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    throw new UserError({ what: 'the table of images cannot be opened', where: path, found: error.message });
  });
  try {
    if (!(await handle.stat()).isFile()) throw new UserError({ what: 'this is no table file', where: path });
    const decoder = new TextDecoder('utf-8', { fatal: true });
    let start = true;
    for await (const chunk of handle.createReadStream({ autoClose: false })) {
      const bytes = chunk as Buffer;
      if (start && /^(\xff\xfe|\xfe\xff)/.test(bytes.toString('latin1', 0, 2))) throw notUtf8(path, 'UTF-16');
      if (start && bytes.includes(0)) throw notUtf8(path, 'bytes that are no text');
      start = false;
      yield decode(path, () => decoder.decode(bytes, { stream: true }));
    }
    yield decode(path, () => decoder.decode());
  } finally {
    await handle.close();
  }
}

function decode(path: string, read: () => string): string {
  try {
    return read();
  } catch {
    throw notUtf8(path, 'another encoding');
  }
}

function notUtf8(path: string, found: string): UserError {
  return new UserError({
    what: 'the table is not written in UTF-8',
    where: path,
    expected: 'UTF-8',
    found,
    mend: 'save it as "CSV UTF-8", or: iconv -f LATIN1 -t UTF-8 table.csv > utf8.csv',
  });
}

async function openCsv(path: string, text: AsyncGenerator<string, void, undefined>): Promise<Table> {
  // The first piece holds the first line: pieces are 64 KiB.
  const head = ((await text.next()).value ?? '') as string;
  const delimiter = extensionOf(path) === 'tsv' ? '\t' : delimiterOf(head);
  const parser = parse({ delimiter, info: true, relax_column_count: true, skip_empty_lines: true, bom: true });
  async function* whole(): AsyncGenerator<string, void, undefined> {
    yield head;
    yield* text;
  }
  // An end on either side ends the other: a fault of the text reaches the rows, and closed rows close the file.
  pipeline(Readable.from(whole()), parser, () => undefined);
  const records = rowsOf(path, parser as AsyncIterable<{ record: string[]; info: { lines: number } }>);
  const header = await records.next();
  if (header.done)
    throw new UserError({ what: 'the table is empty', where: path, expected: 'a first line that names its columns' });
  return {
    columns: header.value.values.map((name) => name.trim()),
    rows: records,
    close: async () => void parser.destroy(),
  };
}

async function* rowsOf(
  path: string,
  records: AsyncIterable<{ record: string[]; info: { lines: number } }>,
): AsyncGenerator<Row, void, undefined> {
  let before = 0;
  try {
    for await (const { record, info } of records) {
      // The parser tells the line a record ends in; a quoted field may have begun it further up.
      yield { line: Math.max(before + 1, info.lines - breaksIn(record)), values: record };
      before = info.lines;
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const { lines } = error as CsvError & { lines?: number };
    throw new UserError({
      what: 'the table is not well-formed',
      where: lines === undefined ? path : `${path}:${lines}`,
      found: error.message,
      mend: 'a field with quotes in it is written "with ""doubled"" quotes"',
    });
  }
}

function breaksIn(record: readonly string[]): number {
  let breaks = 0;
  for (const value of record) {
    if (value.includes('\n') || value.includes('\r')) breaks += value.match(/\r\n|\n|\r/g)?.length ?? 0;
  }
  return breaks;
}

/** The delimiter that stands most often in the first line, outside of quotes. */
function delimiterOf(text: string): string {
  const line = text.replace(/"(?:[^"]|"")*"/g, '').split(/\r?\n/, 1)[0] as string;
  const counts = [',', ';', '\t'].map((delimiter) => line.split(delimiter).length);
  return [',', ';', '\t'][counts.indexOf(Math.max(...counts))] as string;
}

async function openJsonLines(path: string, text: AsyncGenerator<string, void, undefined>): Promise<Table> {
  const objects = objectsOf(path, text);
  const first = await objects.next();
  if (first.done) throw new UserError({ what: 'the table is empty', where: path, expected: 'one JSON object a line' });
  const columns = Object.keys(first.value.object);
  async function* rows(): AsyncGenerator<Row, void, undefined> {
    let item: IteratorResult<{ line: number; object: Record<string, unknown> }, void> = first;
    for (; !item.done; item = await objects.next()) {
      const { line, object } = item.value;
      for (const key of Object.keys(object)) {
        if (!columns.includes(key)) columns.push(key);
      }
      yield { line, values: columns.map((column) => cellOf(object[column], column, `${path}:${line}`)) };
    }
  }
  return { columns, rows: rows(), close: async () => void (await text.return()) };
}

async function* objectsOf(
  path: string,
  text: AsyncGenerator<string, void, undefined>,
): AsyncGenerator<{ line: number; object: Record<string, unknown> }, void, undefined> {
  let rest = '';
  let line = 0;
  const parseLine = (source: string): Record<string, unknown> => {
    try {
      const value: unknown = JSON.parse(source);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    } catch {
      // told below, as any other value that is no object
    }
    throw new UserError({
      what: 'this line is no JSON object',
      where: `${path}:${line}`,
      expected: '{"file": "cat/1.jpg", "class": "cat"}',
      found: printable(source.slice(0, 80)),
    });
  };
  for await (const piece of text) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() as string;
    for (const source of lines) {
      line++;
      if (source.trim() !== '') yield { line, object: parseLine(source.replace(/^\ufeff/, '')) };
    }
  }
  line++;
  if (rest.trim() !== '') yield { line, object: parseLine(rest.replace(/^\ufeff/, '')) };
}

function cellOf(value: unknown, column: string, where: string): string {
  switch (typeof value) {
    case 'undefined':
      return '';
    case 'string':
      return value;
    case 'number':
    case 'boolean':
      return String(value);
    default:
      if (value === null) return '';
      throw new UserError({
        what: `'${column}' holds more than one value`,
        where,
        expected: 'text, a number, true or false',
        found: JSON.stringify(value).slice(0, 80),
      });
  }
}
