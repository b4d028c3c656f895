import { describe, expect, it } from 'vitest';
import { fingerprints, frozenNames, proveFrozen, proveSegment } from '../../src/train/frozen-proof.js';
import { denseHead, planPhase } from '../../src/transfer/plan.js';
import { formulaNetwork } from './formula.js';

const plan = planPhase(
  formulaNetwork(),
  denseHead(8, 5),
  'classification',
  {
    freeze: { until: 'conv2' },
    batchNorm: 'frozen',
    rate: 1e-2,
    newLayers: 10,
    decay: 1,
    multipliers: [],
    optimizer: { weightDecay: 0 },
  },
  16,
);
const values = () =>
  Object.fromEntries(
    frozenNames(plan).map((name) => [name, Float32Array.from(formulaNetwork().variables.get(name)?.values ?? [])]),
  );

describe('the proof that frozen is frozen', () => {
  it('covers every frozen weight and every frozen statistic, also those above the frozen layers', () => {
    expect(frozenNames(plan)).toEqual([
      'conv1/kernel',
      'conv1/bias',
      'conv2_a/kernel',
      'conv2_a_bn/gamma',
      'conv2_a_bn/beta',
      'conv2_a_bn/mean',
      'conv2_a_bn/variance',
      'conv3_dw_bn/mean',
      'conv3_dw_bn/variance',
    ]);
  });

  it('holds where nothing moved', () => {
    const proof = proveFrozen(fingerprints(values()), fingerprints(values()));
    expect(proof).toMatchObject({ frozen: 9, unchanged: true, moved: [] });
    expect(proof.variables['conv1/kernel']?.before).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each(frozenNames(plan))('fails when one byte of %s moves', (name) => {
    const after = values();
    const array = after[name] as Float32Array;
    const bytes = new Uint8Array(array.buffer);
    bytes[bytes.length - 4] = (bytes[bytes.length - 4] as number) ^ 1;
    expect(proveFrozen(fingerprints(values()), fingerprints(after))).toMatchObject({ unchanged: false, moved: [name] });
  });

  it('fails when a variable is gone', () => {
    const { 'conv1/bias': gone, ...after } = values();
    expect(gone).toBeDefined();
    expect(proveFrozen(fingerprints(values()), fingerprints(after)).moved).toEqual(['conv1/bias']);
  });
});

describe('the proof of a part of a phase', () => {
  it('compares what is frozen in it with what was there before the first step', () => {
    const before = fingerprints(values());
    const { 'conv2_a/kernel': thawed, ...after } = values();
    expect(thawed).toBeDefined();
    expect(proveSegment({ from: 2, to: 3 }, before, fingerprints(after))).toEqual({
      from: 2,
      to: 3,
      frozen: 8,
      unchanged: true,
      moved: [],
    });
    (after['conv1/bias'] as Float32Array)[0] = 9;
    expect(proveSegment({ from: 2, to: 3 }, before, fingerprints(after))).toMatchObject({
      unchanged: false,
      moved: ['conv1/bias'],
    });
  });

  it('fails where a variable was not looked at before the first step', () => {
    const { 'conv1/bias': unseen, ...before } = fingerprints(values());
    expect(unseen).toBeDefined();
    expect(proveSegment({ from: 1, to: 1 }, before, fingerprints(values()))).toMatchObject({ moved: ['conv1/bias'] });
  });
});
