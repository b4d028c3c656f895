import { describe, expect, it } from 'vitest';
import { agreementInWords, nameProblem } from '../../src/web/enrol/words.js';
import { failureInWords } from '../../src/web/failure.js';
import { askedAgain, changed, withImages } from '../../src/web/find/question.js';
import { summaryOf } from '../../src/web/find/summary.js';
import { cameraProblem } from '../../src/web/images/camera-words.js';
import { imagesOf, sizeProblem } from '../../src/web/images/files.js';

const enrolled = (name: string, images: number, agreement: { smallest: number; mean: number } | null) => ({
  class: name,
  images,
  agreement,
  picture: null,
});
const file = (name: string, type = 'image/png') => new File([new Uint8Array(10)], name, { type });

describe('the agreement of photos', () => {
  it('is doubtful where a photo would not count as its own class', () => {
    const { words, doubtful } = agreementInWords(enrolled('cup', 4, { smallest: 0.41, mean: 0.7 }), 0.52);
    expect(doubtful).toBe(true);
    expect(words).toBe(
      '4 photos that do not agree: cosine with their mean direction 0.700 on average, 0.410 at the least, below the threshold of 0.520.',
    );
    expect(agreementInWords(enrolled('cup', 4, { smallest: 0.52, mean: 0.7 }), 0.52).doubtful).toBe(false);
  });

  it('says nothing that it does not know', () => {
    expect(agreementInWords(enrolled('cup', 3, null), 0.5).words).toBe('3 photos, enrolled before this server began.');
    expect(agreementInWords(enrolled('cup', 1, { smallest: 1, mean: 1 }), 0.5).words).toMatch(/^1 photo: a second one/);
    expect(agreementInWords(enrolled('cup', 3, { smallest: 0.1, mean: 0.2 }), null)).toEqual({
      words: '3 photos; cosine with their mean direction 0.200 on average, 0.100 at the least.',
      doubtful: false,
    });
  });
});

describe('the name of a class', () => {
  it('is neither empty nor taken', () => {
    const all = [enrolled('cup', 3, null)];
    expect(nameProblem('  ', all)).toBe('Give the class a name.');
    expect(nameProblem(' cup ', all)).toMatch(/^“cup” is enrolled already/);
    expect(nameProblem('Cup', all)).toBeNull();
  });
});

describe('a failure in words', () => {
  it('says what, where, what was expected and found, and what to do', () => {
    const fault = {
      what: 'the image has 90 million pixels',
      where: 'image 2',
      expected: 'at most 50',
      found: '90',
      mend: 'send less',
    };
    expect(failureInWords({ kind: 'refused', status: 413, fault })).toEqual({
      heading: 'The image has 90 million pixels.',
      facts: [
        ['Where', 'image 2'],
        ['Expected', 'at most 50'],
        ['Found', '90'],
        ['Do this', 'send less'],
      ],
    });
    expect(failureInWords({ kind: 'refused', status: 400, fault: { what: 'is that all?' } })).toEqual({
      heading: 'Is that all?',
      facts: [],
    });
  });
});

describe('files', () => {
  it('that say they are no images are left out, and those that say nothing are not', () => {
    const { images, others } = imagesOf([file('a.png'), file('b.txt', 'text/plain'), file('c.heic', '')]);
    expect(images.map(({ name }) => name)).toEqual(['a.png', 'c.heic']);
    expect(others).toBe(1);
  });

  it('are measured before they are sent', () => {
    const large = new Blob([new Uint8Array(2_500_000)]);
    expect(sizeProblem(large, 2_500_000)).toBeNull();
    expect(sizeProblem(large, 2_000_000)).toBe('The file has 2.5 MB, and the server takes 2.0 MB at most. Send a smaller copy.');
    expect(sizeProblem(new Blob([]), 10)).toBe('The file is empty.');
  });
});

describe('questions', () => {
  it('hold the newest images first, and at most 24 of earlier ones', () => {
    const first = withImages([], [file('a.png'), file('b.png')], () => null);
    expect(first.map(({ id, name, state }) => [id, name, state])).toEqual([
      [1, 'a.png', 'waiting'],
      [2, 'b.png', 'waiting'],
    ]);
    const second = withImages(first, [file('c.png')], () => 'too large');
    expect(second.map(({ id, state, problem }) => [id, state, problem])).toEqual([
      [3, 'failed', 'too large'],
      [1, 'waiting', null],
      [2, 'waiting', null],
    ]);
    const many = withImages(
      first,
      Array.from({ length: 23 }, (_, at) => file(`${at}.png`)),
      () => null,
    );
    expect(many).toHaveLength(24);
    expect(many.at(-1)?.name).toBe('a.png');
  });

  it('take an answer only while they are still asked the same', () => {
    const [one] = withImages([], [file('a.png')], () => null);
    const answer = { answers: [], classes: null, place: null };
    expect(changed([one!], one!, { state: 'answered', found: answer })[0]?.state).toBe('answered');
    expect(changed([{ ...one!, top: 24 }], one!, { state: 'answered', found: answer })[0]?.state).toBe('waiting');
  });

  it('are asked again where nobody answered, not where the server said no', () => {
    const [one] = withImages([], [file('a.png')], () => null);
    const away = { ...one!, state: 'failed' as const, failure: { kind: 'away' as const } };
    const refused = {
      ...one!,
      state: 'failed' as const,
      failure: { kind: 'refused' as const, status: 400, fault: { what: 'no' } },
    };
    expect(askedAgain([away, refused]).map(({ state }) => state)).toEqual(['waiting', 'failed']);
  });
});

describe('what came of a question', () => {
  it('is said in sentences, with what the classifier says', () => {
    const [one] = withImages([], [file('a.png')], () => null);
    expect(summaryOf(null, null)).toBe('');
    expect(summaryOf(one!, null)).toBe('Looking for what is nearest to a.png …');
    const answer = (name: string, similarity: number) => ({ ...ANSWER, class: name, similarity });
    const found = { answers: [answer('cup', 0.8), answer('mug', 0.4)], classes: null, place: null };
    const point = { asked: 0.01, threshold: 0.5, low: 0.45, high: 0.52, far: 0.01, tar: 0.9, resolved: true };
    expect(summaryOf({ ...one!, found }, null)).toBe('Nearest: cup, cosine 0.800.');
    expect(summaryOf({ ...one!, found }, point)).toBe('Nearest: cup, cosine 0.800, same. 1 of 2 answers counts as the same.');
    const classes = [{ class: 'cup', probability: 0.5 }];
    expect(summaryOf({ ...one!, found: { answers: [], classes, place: null } }, point)).toBe(
      'Nothing was found. The classifier says cup, 50\u00a0%.',
    );
    expect(summaryOf({ ...one!, found, state: 'failed' }, point)).toBe('');
  });
});

const ANSWER = { id: 'x', file: 'x.jpg', kind: 'image' as const, images: 1, distance: 0, verdict: null, picture: null };

describe('a camera that does not start', () => {
  it('says why by the name of the error', () => {
    const named = (name: string) => Object.assign(new Error(), { name });
    expect(cameraProblem(named('NotAllowedError'))).toMatch(/not allowed/);
    expect(cameraProblem(named('NotFoundError'))).toMatch(/No camera was found/);
    expect(cameraProblem(named('NotReadableError'))).toMatch(/another program/);
    expect(cameraProblem(named('OddError'))).toBe('The camera could not be started (OddError). Choose a file instead.');
  });
});
