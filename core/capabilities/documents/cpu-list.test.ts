import { expect, test } from 'vitest';
import { formatCpuList, parseCpuList } from './cpu-list.ts';

test('a list is read and written as the kernel does', () => {
  expect(parseCpuList('0-3,8,10-11\n')).toEqual([0, 1, 2, 3, 8, 10, 11]);
  expect(formatCpuList([11, 0, 1, 2, 3, 10, 8, 8])).toBe('0-3,8,10-11');
});

test('what is no list is empty, and a huge range is cut', () => {
  expect(parseCpuList('')).toEqual([]);
  expect(parseCpuList('all')).toEqual([]);
  expect(parseCpuList('0-999999')).toHaveLength(65_536);
});
