import { expect, test } from 'vitest';
import { floodedBytes } from './boot-sector.ts';
import { FloodLog } from './flood-log.ts';

const said = floodedBytes(100);
/** The last digit of line 3. */
const at = 27;
/** `said` with that byte standing `times` times. */
const withTimes = (times: number): Buffer => Buffer.concat([said.subarray(0, at), Buffer.alloc(times, said[at]), said.subarray(at + 1)]);

test('what was sent at once must be there once', () => {
  const log = new FloodLog(said);
  expect([log.length, log.account(said), log.account(said.subarray(30), 30)]).toEqual([100, { doubled: 0, givenUp: 0, end: 100 }, { doubled: 0, givenUp: 0, end: 100 }]);
  expect(() => log.account(withTimes(0))).toThrow('the flood is broken after 27 bytes, in line 3');
  expect(() => log.account(withTimes(2))).toThrow('the flood is broken');
});

test('what was tried five times may have been given up, what was tried four times may not', () => {
  expect(new FloodLog(withTimes(5)).account(withTimes(0))).toEqual({ doubled: 0, givenUp: 1, end: 100 });
  expect(() => new FloodLog(withTimes(4)).account(withTimes(0))).toThrow('which QEMU logged 3 times too often');
});

test('what was tried more than once may stand as often as the log has it', () => {
  const log = new FloodLog(withTimes(3));
  expect([1, 2, 3].map((times) => log.account(withTimes(times)).doubled)).toEqual([0, 1, 2]);
  expect(() => log.account(withTimes(4))).toThrow('the flood is broken');
});

test('a log that lacks a byte is refused', () => {
  expect(() => new FloodLog(withTimes(0))).toThrow('the log is broken after 27 bytes');
});
