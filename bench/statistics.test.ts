import { expect, test } from 'vitest';
import { compare, spreadOf } from './statistics.ts';

test('the median of an even number of samples lies between the two in the middle', () => {
  expect(spreadOf([4, 1, 10, 2])).toEqual({ median: 3, lowest: 1, highest: 10 });
  expect(spreadOf([])).toBeNull();
});

test('two rows are compared round by round, so that a slow round does not count twice', () => {
  expect(compare([20, 200, 22], [10, 100, 11])).toEqual({
    ratio: { median: 2, lowest: 2, highest: 2 },
    added: { median: 11, lowest: 10, highest: 100 },
  });
  expect(compare([1, 2], [1])).toBeNull();
});
