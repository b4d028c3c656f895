import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/data/dataset.js';
import { describeDataset } from '../../src/data/describe.js';
import { listLabelled, openLabelled } from '../../src/data/layouts.js';
import { openTable } from '../../src/data/manifest-table.js';
import { plain, put, temporaryFolders } from './images.js';

const folder = temporaryFolders();

/** A folder with pictures `a.png` … of different greys. */
async function pictures(root: string, ...files: string[]): Promise<void> {
  for (const [i, file] of files.entries())
    await put(
      root,
      file,
      await plain(`rgb(${i + 1},${2 * i},99)`, 4, 4)
        .png()
        .toBuffer(),
    );
}

const open = (path: string, options = {}) => openLabelled(path, { cache: null, ...options });
const summary = (dataset: Dataset) =>
  dataset.samples.map(({ file, class: number, part, group, levels }) => [
    file,
    dataset.classes[number],
    ...(part === undefined ? [] : [part]),
    ...(group === undefined ? [] : [group]),
    ...(levels === undefined ? [] : [levels]),
  ]);

describe('a table of images', () => {
  it('gives class, split, group and label levels, whatever the columns are called and wherever the files lie', async () => {
    const root = folder();
    await pictures(root, 'images/one.png', 'images/b/two.png', 'three.png', 'four.png');
    const elsewhere = folder();
    await pictures(elsewhere, 'five.png');
    const rows = [
      'File Name;Label;Sub-Set;Person_ID;Coarse;Taken',
      'one.png;cat;TRAIN;p1;pet;2020-01-01',
      'b/two.png;cat;Valid;p2;pet;2020-01-02',
      './three.png;wolf;test;;wild;2020-01-03',
      'four.png;wolf;held-out;p3;wild;2020-01-04',
      `${elsewhere}/five.png;wolf;;p3;wild;2020-01-05`,
    ];
    await put(root, 'my list.csv', `\ufeff${rows.join('\r\n')}\r\n`);
    const dataset = await open(join(root, 'my list.csv'));
    expect(dataset.name).toBe('my list');
    expect(summary(dataset)).toEqual([
      [`${elsewhere}/five.png`, 'wolf', 'p3', { Coarse: 'wild' }],
      ['b/two.png', 'cat', 'validation', 'p2', { Coarse: 'pet' }],
      ['four.png', 'wolf', 'heldOut', 'p3', { Coarse: 'wild' }],
      ['one.png', 'cat', 'train', 'p1', { Coarse: 'pet' }],
      ['three.png', 'wolf', 'heldOut', { Coarse: 'wild' }],
    ]);
    expect(dataset.samples[1]?.path).toBe(join(root, 'images/b/two.png'));
    expect(dataset.remarks?.notes).toEqual([
      "labels are those of my list.csv: class from 'Label'; split from 'Sub-Set'; group from 'Person_ID'; further levels: Coarse",
    ]);
    const coarse = await open(join(root, 'my list.csv'), { label: 'coarse' });
    expect(coarse.classes).toEqual(['pet', 'wild']);
    expect(coarse.samples[1]?.levels).toEqual({ Label: 'cat' });
  });

  it('reads quotes, commas and line breaks in fields, and any name of a file', async () => {
    const root = folder();
    const names = ['a,b.png', 'say "hi".png', 'two\nlines.png', '-rf.png', '😀.png', '#1.png', ' blank .png'];
    await pictures(root, ...names);
    const quoted = names.map((name, i) => `"${name.replaceAll('"', '""')}",class ${i % 2}`);
    await put(root, 'labels.csv', ['file,class', ...quoted, '"gone\naway.png",x', 'absent.png,x'].join('\n'));
    const dataset = await open(root);
    expect(dataset.samples.map(({ file }) => file).sort()).toEqual([...names].sort());
    expect(dataset.skipped).toEqual([
      { file: 'absent.png', reason: 'line 12 names it, but there is no such file' },
      { file: 'gone\naway.png', reason: 'line 10 names it, but there is no such file' },
    ]);
    expect(describeDataset(dataset).join('\n')).toContain('gone\\naway.png');
  });

  it('gives back every table of any text that is written by RFC 4180, as CSV, with tabs, and as JSON lines', async () => {
    const root = folder();
    const cell = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', '').replaceAll('\r', ''));
    const table = fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 8 });
    let turn = 0;
    await fc.assert(
      fc.asyncProperty(table, fc.constantFrom(',', '\t'), async (rows, delimiter) => {
        const csv = join(root, `${turn++}.${delimiter === ',' ? 'csv' : 'tsv'}`);
        const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const text = [['one', 'two', 'three'], ...rows].map((row) => row.map(quote).join(delimiter)).join('\n');
        await put(root, csv.slice(root.length), text);
        const jsonl = rows.map(([one, two, three]) => JSON.stringify({ one, two, three })).join('\n');
        await put(root, `${turn}.jsonl`, jsonl);
        for (const path of [csv, join(root, `${turn}.jsonl`)]) {
          const read = await openTable(path);
          const found: (readonly string[])[] = [];
          for await (const row of read.rows) found.push(row.values);
          expect(read.columns).toEqual(['one', 'two', 'three']);
          expect(found).toEqual(rows);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('names rows that say too little, too much, nothing, the same again, or the contrary, with their lines', async () => {
    const root = folder();
    await pictures(root, 'a.png', 'b.png', 'c.png', 'd.png', 'e.png');
    mkdirSync(join(root, 'dir.png'));
    const rows = ['a.png,cat,1', 'b.png,dog,1', 'a.png,cat,1', './a.png,cat,1', 'b.png,cat,1', 'c.png,dog', 'c.png,dog,1,x'];
    await put(
      root,
      't.csv',
      ['file,class,group', ...rows, 'd.png,,1', ',dog,1', 'dir.png,dog,1', 'e.png,dog,2', 'e.png,dog,3', 'd.png,dog,1'].join(
        '\n',
      ),
    );
    const dataset = await open(join(root, 't.csv'));
    expect(summary(dataset)).toEqual([
      ['a.png', 'cat', '1'],
      ['d.png', 'dog', '1'],
    ]);
    expect(dataset.skipped.map(({ file, reason }) => `${file}: ${reason}`)).toEqual([
      'b.png: the table contradicts itself: line 3 says dog, line 6 says cat',
      'c.png: line 7 has 2 fields, the first line 3',
      'c.png: line 8 has 4 fields, the first line 3 (a comma in a field wants quotes)',
      'd.png: line 9 names no class',
      'dir.png: line 11 names it, but there is no such file',
      'e.png: the table contradicts itself: line 12 says 2, line 13 says 3',
      'line 10 of the table: names no file',
    ]);
    expect(dataset.remarks?.notes[1]).toBe('2 rows of the table say again what another says: line 4, 5');
  });

  it('understands the usual words for the parts of a split, and refuses others with the line', async () => {
    const root = folder();
    const words = 'train Training val valid VALIDATION dev test query gallery held_out Held-Out'.split(' ');
    await pictures(root, ...words.map((_, i) => `${i}.png`));
    await put(root, 't.jsonl', words.map((split, i) => JSON.stringify({ image: `${i}.png`, label: i % 2, split })).join('\n'));
    const dataset = await open(join(root, 't.jsonl'));
    const byNumber = [...dataset.samples].sort((a, b) => Number.parseInt(a.file, 10) - Number.parseInt(b.file, 10));
    expect(byNumber.map(({ part }) => part)).toEqual([
      ...['train', 'train', 'validation', 'validation', 'validation', 'validation'],
      ...['heldOut', 'heldOut', 'heldOut', 'heldOut', 'heldOut'],
    ]);
    expect(byNumber[7]?.levels).toEqual({ retrieval: 'query' });
    await put(root, 'bad.csv', 'file,class,split\n0.png,a,train\n1.png,b,trian\n');
    await expect(open(join(root, 'bad.csv'))).rejects.toThrow(
      /bad\.csv:3: unknown part of the split 'trian'[^]*did you mean 'train'/,
    );
  });

  it('says which columns there are where one is missing, and where the first line is an image', async () => {
    const root = folder();
    await put(root, 'a.csv', 'path,colour\nx.png,red\n');
    await expect(open(join(root, 'a.csv'))).rejects.toThrow(/names the classes[^]*found: {4}path, colour[^]*data\.label=COLUMN/);
    await put(root, 'b.csv', 'cat/1.jpg,cat\ncat/2.jpg,cat\n');
    await expect(open(join(root, 'b.csv'))).rejects.toThrow('the first line is an image already: put a line file,class above it');
    await expect(open(join(root, 'a.csv'), { label: 'color' })).rejects.toThrow(
      /unknown column \(data\.label\) 'color'[^]*'colour'/,
    );
    await put(root, 'c.csv', 'file,class,class\n');
    await expect(open(join(root, 'c.csv'))).rejects.toThrow("more than one column is called 'class'");
  });

  it('refuses what is no table: other encodings, broken quotes, broken JSON, lists in a field, nothing', async () => {
    const root = folder();
    const bad: [string, Uint8Array | string, RegExp][] = [
      ['latin.csv', Buffer.from('file,class\n\xe9.png,caf\xe9\n', 'latin1'), /not written in UTF-8/],
      ['utf16.csv', Buffer.from('\ufefffile,class\n', 'utf16le'), /found: {4}UTF-16/],
      ['quote.csv', 'file,class\n"a.png,cat\nb.png,dog\n', /quote\.csv:\d+: the table is not well-formed/],
      ['json.jsonl', '{"file":"a.png","class":"cat"}\n{"file":', /json\.jsonl:2: this line is no JSON object/],
      ['list.jsonl', '{"file":"a.png","class":["cat","dog"]}', /list\.jsonl:1: 'class' holds more than one value/],
      ['empty.csv', '', /the table is empty/],
      ['absent.csv', 'file,class\nx.png,cat\n', /names no image that there is[^]*x\.png: line 2 names it/],
    ];
    for (const [name, text, message] of bad) {
      await put(root, name, text);
      await expect(open(join(root, name)), name).rejects.toThrow(message);
    }
  });
});

describe('a folder that holds a table', () => {
  it('is read by the table if its columns fit; images that it does not name are counted', async () => {
    const root = folder();
    await pictures(root, 'images/a.png', 'images/b.png', 'images/c.png');
    await put(root, 'labels.csv', 'file,class\na.png,x\nb.png,y\n');
    await put(root, 'notes.txt', 'mine');
    await put(root, 'zzz.csv', 'file,class\na.png,x\n');
    const dataset = await open(root);
    expect(summary(dataset)).toEqual([
      ['a.png', 'x'],
      ['b.png', 'y'],
    ]);
    expect(dataset.remarks?.passedOver).toEqual([
      { kind: '.csv file', count: 2, example: 'labels.csv' },
      { kind: '.txt file', count: 1, example: 'notes.txt' },
      { kind: 'image that the table does not name', count: 1, example: 'images/c.png' },
    ]);
    expect(dataset.remarks?.notes).toEqual([
      "labels are those of labels.csv: class from 'class'",
      'not read: zzz.csv (name one of them to use it)',
    ]);
  });

  it('is read by its class folders where the table does not fit, which is said; and so where that is asked for', async () => {
    const root = folder();
    await pictures(root, 'cat/a.png', 'dog/b.png');
    await put(root, 'prices.csv', 'item,price\n1,2\n');
    const dataset = await open(root);
    expect(dataset.classes).toEqual(['cat', 'dog']);
    expect(dataset.remarks?.notes).toEqual([
      'prices.csv was not used: no column of the table names the image files and the classes',
    ]);
    await put(root, 'labels.csv', 'file,class\ncat/a.png,one\ndog/b.png,two\n');
    expect((await open(root)).classes).toEqual(['one', 'two']);
    expect((await open(root, { layout: 'folders' })).classes).toEqual(['cat', 'dog']);
    expect((await open(root, { layout: 'manifest' })).classes).toEqual(['one', 'two']);
    await expect(open(root, { layout: 'folders', label: 'x' })).rejects.toThrow('class folders have no columns');
  });

  it('tells the fault of the table where nothing else could be meant', async () => {
    const root = folder();
    await pictures(root, 'a.png', 'b.png');
    await put(root, 'labels.csv', 'file,species\na.png,cat\nb.png,dog\n');
    await expect(open(root)).rejects.toThrow(/labels\.csv: no column of the table names the classes/);
    expect((await open(root, { label: 'species' })).classes).toEqual(['cat', 'dog']);
  });

  it('finds files by backslashes, by either Unicode form, without their extension, and through links', async () => {
    const root = folder();
    await pictures(root, 'cat/1.png', 'caf\u00e9.png', 'id7.jpg');
    symlinkSync(join(root, 'cat/1.png'), join(root, 'link.png'));
    await put(root, 'labels.csv', 'file,class\ncat\\1.png,a\ncafe\u0301.png,b\nid7,a\nlink.png,b\n');
    const { images, skipped } = await listLabelled(root);
    expect(skipped).toEqual([]);
    expect(images.map(({ file }) => file)).toEqual(['cat/1.png', 'caf\u00e9.png', 'id7.jpg', 'link.png']);
  });
});
