import { expect, test } from 'vitest';
import { median, percentile } from './percentile.ts';

test('nearest rank', () => {
  const samples = [15, 20, 35, 40, 50];
  expect(percentile(samples, 0.05)).toBe(15);
  expect(percentile(samples, 0.3)).toBe(20);
  expect(percentile(samples, 0.4)).toBe(20);
  expect(percentile(samples, 0.5)).toBe(35);
  expect(percentile(samples, 1)).toBe(50);
});

test('the order of samples does not matter, and they are left as they were', () => {
  const samples = [3, 1, 2];
  expect(median(samples)).toBe(2);
  expect(samples).toEqual([3, 1, 2]);
});

test('no samples are an error, not zero', () => {
  expect(() => median([])).toThrow(RangeError);
});
