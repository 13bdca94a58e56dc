import { describe, expect, test } from 'vitest';
import { cpuSet, formatCpuSet, membersOf } from './cpu-set.ts';

describe('a set of CPUs', () => {
  test.each([
    ['0', '0'],
    ['3,1,2', '1-3'],
    ['0-3,^2,8', '0-1,3,8'],
    [' 1 , 2 ', '1-2'],
    ['0-4,^0,^4', '1-3'],
    ['^7,0-7', '0-7'],
  ])('%s is written as %s', (text, canonical) => {
    expect(cpuSet.parse(text)).toBe(canonical);
    expect(formatCpuSet(membersOf(canonical))).toBe(canonical);
  });

  test.each(['', 'a', '1-', '-1', '3-1', '0,^0', '^1-2', '1,,2', '99999', '0x1'])('%j is none', (text) => {
    expect(cpuSet.parse(text)).toBeUndefined();
  });
});
