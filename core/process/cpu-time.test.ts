import { expect, test } from 'vitest';
import { parseProcessUsage } from './cpu-time.ts';

test('what a process uses is read behind a name that holds spaces and parentheses', () => {
  const stat = '4711 (a) (name)) S 1 4711 4711 0 -1 4194560 900 0 1 0 250 50 0 0 20 0 3 0 1234 5678 90 18446744073709551615\n';
  expect(parseProcessUsage(stat)).toEqual({ userNs: 2_500_000_000, systemNs: 500_000_000, residentPages: 90 });
  expect(parseProcessUsage('')).toBeNull();
});
