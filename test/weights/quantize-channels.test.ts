import { describe, expect, it } from 'vitest';
import { quantizeChannels } from '../../src/weights/quantize-channels.js';
import { u } from '../train/formula.js';

describe('a kernel in int8, channel by channel', () => {
  const [channels, each] = [4, 60];
  const kernel = Float32Array.from(u('kernel', channels * each), (value, at) => value * 1000 ** (Math.floor(at / each) - 1));
  const channelOf = (place: number) => Math.floor(place / each);

  it('keeps 127 steps for each channel, though one is a thousand times the next', () => {
    const { codes, scales } = quantizeChannels(kernel, channels, channelOf, null, 1);
    for (let channel = 0; channel < channels; channel++) {
      const own = kernel.subarray(channel * each, (channel + 1) * each);
      const largest = own.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(scales[channel]).toBe(Math.fround(largest / 127));
      own.forEach((value, at) => {
        const code = codes[channel * each + at] as number;
        expect(code).toBe(Math.round(value / (scales[channel] as number)));
        expect(Math.abs(code * (scales[channel] as number) - value)).toBeLessThanOrEqual((largest / 127) * 0.500001);
      });
    }
    // One scale for all would have no code but 0 for the small ones.
    expect([...codes.subarray(0, each)].some((code) => Math.abs(code) === 127)).toBe(true);
  });

  it('counts a bias in steps of input and kernel', () => {
    const bias = Float32Array.of(0.3, -7, 0, 123);
    const { bias: steps, scales, biasScales } = quantizeChannels(kernel, channels, channelOf, bias, 0.02);
    bias.forEach((value, channel) => {
      expect(biasScales[channel]).toBe(Math.fround((scales[channel] as number) * 0.02));
      expect(steps?.[channel]).toBe(Math.round(value / (biasScales[channel] as number)));
    });
  });

  it('widens the steps of a channel that has nothing but a bias, which would be more than an int32 holds', () => {
    const dead = Float32Array.from({ length: 20 }, (_, at) => (at < 10 ? 0 : 1e-25));
    const bias = Float32Array.of(5, -3);
    const found = quantizeChannels(dead, 2, (place) => Math.floor(place / 10), bias, 0.01);
    bias.forEach((value, channel) => {
      const step = found.bias?.[channel] as number;
      expect(Math.abs(step)).toBeLessThanOrEqual(2 ** 30 + 128);
      expect(step * (found.biasScales[channel] as number)).toBeCloseTo(value, 6);
    });
    expect([...found.codes].every((code) => code === 0)).toBe(true);
    const nothing = quantizeChannels(new Float32Array(4), 1, () => 0, null, 1);
    expect([(nothing.scales[0] as number) > 0, [...nothing.codes]]).toEqual([true, [0, 0, 0, 0]]);
  });
});
