import { expect, test } from 'vitest';
import { ipAddress } from './scalar.ts';

test.each(['0.0.0.0', '255.255.255.255', '10.9.0.1', '::', '::1', 'fe80::', '2001:db8::1:2', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7::'])('%s is an address', (text) => {
  expect(ipAddress.parse(text)).toBe(text);
});

test('hexadecimal digits of an address are written small', () => {
  expect(ipAddress.parse('FE80::AB')).toBe('fe80::ab');
});

test.each(['', '1.2.3', '1.2.3.256', '01.2.3.4', '1.2.3.4.5', '1:2', ':', ':::', '1::2::3', '1:2:3:4:5:6:7:8:9', '12345::', 'g::', '::1%eth0', '::1.2.3.4'])("'%s' is none", (text) => {
  expect(ipAddress.parse(text)).toBeUndefined();
});
