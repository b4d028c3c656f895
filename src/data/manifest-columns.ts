import { type Fault, UserError, unknownName } from '../errors.js';
import type { PartName } from './dataset.js';
import { printable } from './printable.js';

/** Which column says what, by its place. */
export interface Columns {
  readonly file: number;
  readonly class: number;
  readonly split: number | undefined;
  readonly group: number | undefined;
  /** All others: label levels, where they have few values. */
  readonly others: readonly number[];
}

type Role = 'file' | 'class' | 'split' | 'group';

/** Names of each column as people and published tables write them, the plainest first; small letters and digits only. */
const synonyms: Readonly<Record<Role, readonly string[]>> = {
  file: 'file filename filepath path image imagepath imagefile imagename imagefilename img imgpath imgname relpath fname imageid id'.split(
    ' ',
  ),
  class: 'class label classname labelname category target classlabel y'.split(' '),
  split: 'split subset part partition set'.split(' '),
  group:
    'group groupid subject subjectid person personid patient patientid product productid item itemid video videoid session scene'.split(
      ' ',
    ),
};

/**
 * Finds the columns of a table by their names, whatever their capitals, blanks, dashes and underscores. `label` names the
 * column that gives the class in place of the usual one.
 * @throws UserError naming the columns that there are
 */
export function findColumns(columns: readonly string[], label: string | null, where: string): Columns {
  const plain = columns.map((name) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, ''));
  const faults: Fault[] = [];
  const twice = columns.filter((name, place) => name !== '' && columns.indexOf(name) !== place);
  if (twice.length > 0) faults.push({ what: `more than one column is called '${twice[0]}'`, where });
  const find = (role: Role) => {
    for (const name of synonyms[role]) {
      const place = plain.indexOf(name);
      if (place >= 0) return place;
    }
    return undefined;
  };
  const file = find('file');
  let wanted: number | undefined;
  if (label === null) wanted = find('class');
  else {
    const place = columns.indexOf(label);
    wanted = place >= 0 ? place : plain.indexOf(label.toLowerCase().replace(/[^\p{L}\p{N}]/gu, ''));
    if (wanted < 0) faults.push(unknownName(label, columns, 'column (data.label)', where));
  }
  if (file === undefined || wanted === undefined) faults.push(missing(columns, file === undefined, wanted === undefined, where));
  const [first, ...rest] = faults;
  if (first !== undefined) throw new UserError(first, ...rest);
  const split = find('split');
  const group = find('group');
  const used = [file, wanted, split, group];
  return {
    file: file as number,
    class: wanted as number,
    // A column may be asked for as the class that would have another role by its name.
    split: split === wanted ? undefined : split,
    group: group === wanted ? undefined : group,
    others: columns.map((_, place) => place).filter((place) => !used.includes(place) && columns[place] !== ''),
  };
}

function missing(columns: readonly string[], file: boolean, wanted: boolean, where: string): Fault {
  const what = [...(file ? ['the image files'] : []), ...(wanted ? ['the classes'] : [])].join(' and ');
  const headless = columns.some((name) => /[\\/.]/.test(name) && /\.(jpe?g|png|webp|gif|tiff?|avif)$/i.test(name));
  return {
    what: `no column of the table names ${what}`,
    where,
    expected: 'file,class[,split][,group][,…] in the first line',
    found: columns.map(printable).join(', '),
    mend: headless
      ? 'the first line is an image already: put a line file,class above it'
      : file
        ? 'rename the column that holds the paths to file'
        : 'rename the column of the classes to class, or name it: --set data.label=COLUMN',
  };
}

const parts: ReadonlyMap<string, PartName> = new Map([
  ...'train training tr'.split(' ').map((word) => [word, 'train'] as const),
  ...'val valid validation dev development'.split(' ').map((word) => [word, 'validation'] as const),
  ...'test testing heldout eval evaluation query gallery holdout'.split(' ').map((word) => [word, 'heldOut'] as const),
]);

/**
 * The part of the split that a table's word means; undefined where the cell is empty.
 * @throws UserError listing the words that are understood
 */
export function partNamed(word: string, where: string): PartName | undefined {
  const plain = word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
  if (plain === '') return undefined;
  const part = parts.get(plain);
  if (part === undefined) throw new UserError(unknownName(word.trim(), [...parts.keys()], 'part of the split', where));
  return part;
}

/** `query` or `gallery` where the word is one: the protocol's side of retrieval, kept as a label level. */
export function retrievalSide(word: string): 'query' | 'gallery' | undefined {
  const plain = word.trim().toLowerCase();
  return plain === 'query' || plain === 'gallery' ? plain : undefined;
}
