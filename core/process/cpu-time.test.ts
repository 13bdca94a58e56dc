import { expect, test } from 'vitest';
import { parseCpuTimeNs } from './cpu-time.ts';

test('the time of a process whose name holds spaces and parentheses is user and system time', () => {
  const stat = '4711 (a) (name)) S 1 4711 4711 0 -1 4194560 900 0 1 0 250 50 0 0 20 0 3 0 1234 5678 90\n';
  expect(parseCpuTimeNs(stat)).toBe(3_000_000_000);
  expect(parseCpuTimeNs('')).toBeNull();
});
