import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { parsePairs, resolvePairs } from '../../src/evaluate/pairs-file.js';

// The published layout, with two folds of two and two.
const LFW = [
  '2\t2',
  'Abel_Pacheco\t1\t4',
  'Akhmed_Zakayev\t1\t3',
  'Abdel_Madi_Shabneh\t1\tDean_Barker\t1',
  'Abdel_Madi_Shabneh\t1\tGiancarlo_Fisichella\t12',
  'AJ_Cook\t1\t2',
  'Aaron_Peirsol\t1\t2',
  'Aaron_Guiel\t1\tReese_Witherspoon\t3',
  'Aaron_Tippin\t1\tRose_Marie\t2',
].join('\n');

const faultsOf = (run: () => unknown): string[] => {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) return error.faults.map(({ what, where }) => `${where ?? ''} ${what}`.trim());
    throw error;
  }
  return [];
};

describe("LFW's pairs.txt", () => {
  it('names images by person and number, with their fold', () => {
    const pairs = parsePairs(`${LFW}\n`, 'pairs.txt');
    expect(pairs.map(({ same }) => same)).toEqual([true, true, false, false, true, true, false, false]);
    expect(pairs.map(({ fold }) => fold)).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
    expect(pairs[0]).toEqual({
      first: 'Abel_Pacheco/Abel_Pacheco_0001',
      second: 'Abel_Pacheco/Abel_Pacheco_0004',
      same: true,
      fold: 0,
      line: 2,
    });
    expect(pairs[3]?.second).toBe('Giancarlo_Fisichella/Giancarlo_Fisichella_0012');
  });

  it('reads pairsDevTest.txt, which has no folds, and Windows line ends', () => {
    const pairs = parsePairs('1\r\nA\t1\t2\r\nA\t1\tB\t1\r\n', 'f');
    expect(pairs.map(({ fold, same }) => [fold, same])).toEqual([
      [undefined, true],
      [undefined, false],
    ]);
  });

  it('keeps spaces in names where tabs part the fields', () => {
    expect(parsePairs('1\t1\nJosé Núñez\t1\t2\nJosé Núñez\t1\tB\t3', 'f')[0]?.first).toBe('José Núñez/José Núñez_0001');
  });

  it('lists every line that is no pair, and a wrong count', () => {
    expect(faultsOf(() => parsePairs('1\t1\nA\tx\t2\nA\t1\n', 'f'))).toEqual(['f:2 not a pair', 'f:3 not a pair']);
    expect(faultsOf(() => parsePairs('2\t1\nA\t1\t2\nA\t1\tB\t2', 'f'))).toEqual([
      'f:1 the first line promises another number of pairs',
    ]);
  });
});

describe('a CSV of pairs', () => {
  it('has paths, an answer and perhaps a fold; quotes and a byte-order mark are understood', () => {
    const pairs = parsePairs('\uFEFFa,b,same,fold\n"x, y/1.jpg",z/2.png,yes,0\nq/1.jpg,q/2.jpg,0,3\n', 'p.csv');
    expect(pairs.map(({ first, second, same, fold }) => [first, second, same, fold])).toEqual([
      ['x, y/1.jpg', 'z/2.png', true, 0],
      ['q/1.jpg', 'q/2.jpg', false, 3],
    ]);
  });

  it('that cannot be understood says where and what was expected', () => {
    expect(faultsOf(() => parsePairs('', 'p'))).toEqual(['p the list of pairs is empty']);
    expect(faultsOf(() => parsePairs('left,right\n1,2', 'p'))).toEqual(["p:1 the list of pairs has no column 'a', 'b', 'same'"]);
    expect(faultsOf(() => parsePairs('a,b,same\nx,,maybe\ny,z,1', 'p'))).toEqual([
      "p:2 'same' has a wrong value",
      "p:2 'b' is empty",
    ]);
    expect(faultsOf(() => parsePairs('a,b,same\nx,y,1,2,3', 'p'))[0]).toMatch(/^p not CSV: /);
  });
});

describe('the images of pairs', () => {
  const files = ['A/A_0001.jpg', 'A/A_0002.png', 'B/B_0001.jpg'];
  const pair = (first: string, second: string, same = true, fold?: number) => ({ first, second, same, fold, line: 2 });

  it('are found by their whole path, else without the ending', () => {
    const found = resolvePairs([pair('A/A_0001', 'A/A_0002'), pair('./B/B_0001.jpg', 'A\\A_0002.png', false, 4)], files, 'p');
    expect([[...found.first], [...found.second], [...found.same], [...found.fold]]).toEqual([[0, 2], [1, 1], [1, 0], [0, 4]]); // biome-ignore format: columns
  });

  it('that are not there are named, ten of them, the rest counted', () => {
    const many = Array.from({ length: 7 }, (_, i) => pair(`X/${i}`, `Y/${i}`));
    const faults = faultsOf(() => resolvePairs(many, files, 'p'));
    expect(faults.length).toBe(11);
    expect(faults[0]).toBe("p:2 'X/0' is no image of the data set");
    expect(faults[10]).toBe('and 4 more like these');
  });

  it('are dealt to ten folds, each kind in turn, where the file has none', () => {
    const pairs = Array.from({ length: 24 }, (_, i) => pair('A/A_0001', 'A/A_0002', i % 2 === 0));
    expect([...resolvePairs(pairs, files, 'p').fold]).toEqual(Array.from({ length: 24 }, (_, i) => Math.floor(i / 2) % 10));
  });
});
