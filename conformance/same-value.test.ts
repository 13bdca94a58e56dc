import { expect, test } from 'vitest';
import { parseDomain } from '../core/devices/domain-xml.ts';
import { firstDifference } from './same-value.ts';

const domain = (inside: string) => `<domain type='qemu'><name>x</name><memory>1024</memory><os><type>hvm</type></os>${inside}</domain>`;

test('the place in the document is no difference, whatever is kept there', () => {
  const inside = "<mood colour='blue'><deep/></mood>";
  expect(firstDifference(parseDomain(domain(inside)), parseDomain(domain(`\n\n  ${inside}`)))).toBeNull();
});

test.each([
  ["<mood colour='blue'/>", "<mood colour='red'/>", /colour: "blue" became "red"/],
  ['<title>a</title>', '<title>b</title>', /\/title: "a" became "b"/],
  ['<title>a</title>', '', /\/title: "a" became null/],
])('%s is not %s, and the difference is named', (one, other, words) => {
  expect(firstDifference(parseDomain(domain(one)), parseDomain(domain(other)))).toMatch(words);
});
