import { describe, expect, it } from 'vitest';
import { consumersTable, costsTable } from './table.js';

describe('the tables of docs/exports.md', () => {
  it('have a row for a format and a consumer, with the largest figure of the networks that it was measured on', () => {
    const of = (format: string, value: number) => [
      { format, consumer: 'x', measure: 'difference' as const, value },
      { format, consumer: 'x', measure: '1 − cosine' as const, value: -value / 10 },
    ];
    const table = consumersTable([
      { name: 'a', figures: [...of('onnx', 2e-6), ...of('tfjs uint8', 0.3)] },
      { name: 'b', figures: [...of('savedmodel', 0), ...of('onnx', 4e-6)] },
    ]);
    expect(table.split('\n').slice(2)).toEqual([
      '| SavedModel | x | b | 0 | 0 |',
      '| ONNX | x | a, b | 4·10⁻⁶ | 0 |',
      '| tfjs layers model, uint8 | x | a | 3·10⁻¹ | 0 |',
    ]);
  });

  it("give sizes and times as ratios to the SavedModel's, times inside a round", () => {
    const cost = (format: string, bytes: number, loaded: number[], answered: number[]) => ({
      network: 'n',
      format,
      bytes,
      loaded,
      answered,
    });
    const table = costsTable([
      cost('savedmodel', 400, [1, 2, 10], [2, 4, 20]),
      cost('onnx', 100, [0.5, 1, 1], [4, 8, 20]),
      cost('safetensors', 300, [2, 2, 5], []),
    ]);
    expect(table.split('\n').slice(2)).toEqual([
      '| SavedModel | 1.00 | 1.00 | 1.00 |',
      '| ONNX | 0.25 | 0.50 | 2.00 |',
      '| safetensors | 0.75 | 1.00 | – |',
    ]);
  });
});
