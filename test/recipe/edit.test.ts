import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { type Edit, editYaml } from '../../src/recipe/edit.js';

const until = (phase: string, value: string): Edit => ({ path: [phase, 'freeze', 'until'], value, replaces: 'only' });
const only = (phase: string, value: string[]): Edit => ({ path: [phase, 'freeze', 'only'], value, replaces: 'until' });

const file = `# mine
extends: resnet-semihard   # base

triplet:            # second
  rate: 2.0e-3      # keep
  # about freezing
  freeze: {until: conv3}   # here
  multipliers:
    - { match: a, by: 1 }
    # tail comment
# end
classification:
  freeze:
    only:
      - 'a*'
      - b
  epochs: 3
`;

describe('an edit of a recipe', () => {
  it('changes the value and no other byte', () => {
    expect(editYaml(file, [until('triplet', 'conv2')], 'ft.yaml')).toBe(file.replace('conv3', 'conv2'));
  });

  it('puts only in the place of until, and until in the place of only', () => {
    expect(editYaml(file, [only('triplet', ['conv4_*', 'conv1'])], 'ft.yaml')).toBe(
      file.replace('until: conv3', 'only: [ conv4_*, conv1 ]'),
    );
    expect(editYaml(file, [until('classification', 'none')], 'ft.yaml')).toBe(
      file.replace("only:\n      - 'a*'\n      - b", 'until: none'),
    );
  });

  it('makes the keys that are missing, at the end of their mapping', () => {
    expect(
      editYaml('extends: x\ntriplet:\n  rate: 1 # r', [until('classification', 'conv2'), until('triplet', 'conv2')], 'ft.yaml'),
    ).toBe('extends: x\ntriplet:\n  rate: 1 # r\n  freeze: { until: conv2 }\nclassification:\n  freeze: { until: conv2 }\n');
    expect(
      editYaml(
        'triplet: {}\nclassification: { rate: 1 } # c\n# z',
        [until('classification', 'a'), until('triplet', 'b')],
        'ft.yaml',
      ),
    ).toBe('triplet: { freeze: { until: b } }\nclassification: { rate: 1, freeze: { until: a } } # c\n# z');
  });

  it('fills an empty file, one of comments, and a key without a value', () => {
    expect(editYaml('', [until('triplet', 'a')], 'ft.yaml')).toBe('triplet:\n  freeze: { until: a }\n');
    expect(editYaml('# note\n', [until('triplet', 'a')], 'ft.yaml')).toBe('# note\ntriplet:\n  freeze: { until: a }\n');
    expect(editYaml('triplet: # later\nseed: 1\n', [until('triplet', 'a')], 'ft.yaml')).toBe(
      'triplet: { freeze: { until: a } } # later\nseed: 1\n',
    );
  });

  it('keeps Windows line ends', () => {
    expect(editYaml('seed: 1\r\ntriplet:\r\n  rate: 1\r\n', [until('triplet', 'a')], 'ft.yaml')).toBe(
      'seed: 1\r\ntriplet:\r\n  rate: 1\r\n  freeze: { until: a }\r\n',
    );
  });

  it('quotes what YAML would read as something else', () => {
    expect(parse(editYaml('', [until('triplet', 'null'), only('classification', ['*', 'a: b'])], 'f'))).toEqual({
      triplet: { freeze: { until: 'null' } },
      classification: { freeze: { only: ['*', 'a: b'] } },
    });
  });

  it('refuses an alias, which stands for a value written elsewhere', () => {
    expect(() => editYaml('classification: &a { rate: 1 }\ntriplet: *a\n', [until('triplet', 'x')], 'ft.yaml')).toThrow(
      "ft.yaml: 'triplet' is an alias",
    );
  });

  it('sets the value and keeps every other one, whatever the file holds', () => {
    const leaf = fc.oneof(
      fc.integer(),
      fc.constantFrom('a', 'b c', 'true', ''),
      fc.constant(null),
      fc.array(fc.integer(), { maxLength: 3 }),
    );
    const inner = fc
      .dictionary(fc.constantFrom('rate', 'freeze', 'x', 'y'), leaf, { maxKeys: 4 })
      .map((map) => ('freeze' in map ? { ...map, freeze: { until: 'conv9' } } : map));
    const outer = fc.dictionary(fc.constantFrom('triplet', 'classification', 'head', 'k'), inner, { maxKeys: 4 });
    fc.assert(
      fc.property(outer, fc.boolean(), fc.constantFrom('flow' as const, 'any' as const), (value, indentSeq, collectionStyle) => {
        const text = stringify(value, { indentSeq, collectionStyle });
        const edited = parse(editYaml(text, [until('triplet', 'conv2')], 'f')) as Record<string, Record<string, unknown>>;
        expect(edited).toEqual({ ...value, triplet: { ...value.triplet, freeze: { until: 'conv2' } } });
      }),
      { numRuns: 300 },
    );
  });
});
