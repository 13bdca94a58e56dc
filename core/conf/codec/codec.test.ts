import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatXml } from '../../xml/format-xml.ts';
import { parseXml } from '../../xml/parse-xml.ts';
import { arbitraryOf } from './codec.arbitrary.ts';
import { attribute, child, childFlag, children, childText, formatElement, type Infer, liveOnly, mapped, object, optional, parseElement, secret, union, withDefault } from './codec.ts';
import { listKeptNodes } from './kept-nodes.ts';
import { anyText, hexadecimal, macAddress, oneOf, someText, unsigned, uuid, yesNo } from './scalar.ts';

const sample = object({
  model: attribute('model', oneOf(['virtio', 'none'])),
  count: withDefault(attribute('count', unsigned), 3),
  period: optional(child('stats', attribute('period', unsigned))),
  frozen: childFlag('frozen'),
  title: optional(childText('title', anyText)),
  source: child('source', union('type', { file: object({ path: attribute('path', someText) }), random: object({ seed: optional(attribute('seed', hexadecimal(4, 0xffff))) }) })),
  rules: children('rule', object({ id: attribute('id', uuid), mac: optional(attribute('mac', macAddress)), on: attribute('on', yesNo) })),
  doubled: mapped(withDefault(attribute('half', unsigned), 1), (half) => half * 2, (value) => value / 2),
  alias: liveOnly(optional(child('alias', attribute('name', someText)))),
  password: secret(optional(attribute('password', someText))),
});
type Sample = Infer<typeof sample>;

const live = { form: 'live', secure: true } as const;
const read = (text: string, form: 'live' | 'inactive' = 'live') => parseElement(sample, parseXml(text), { source: '(test)', form });

test('every value that the codec can write is read back', () => {
  fc.assert(fc.property(arbitraryOf(sample), (value: Sample) => {
    const text = formatXml(formatElement(sample, 'sample', value, live));
    expect(read(text)).toEqual(value);
  }));
});

describe('unknown nodes', () => {
  const text = `<sample model='none' count='3' half='1' colour='red'>
  <source type='file' path='/a' mood='x'>
    <deep/>
  </source>
  <rule id='3b6d4f9e-7a51-4f0c-9d2e-0c8f1a2b3c4d' on='yes' off='no'/>
  <extra>
    <more a='b'/>
  </extra>
</sample>
`;

  test('are given back by the writer', () => {
    expect(formatXml(formatElement(sample, 'sample', read(text), live))).toBe(text);
  });

  test('are listed with path and line', () => {
    const value = read(text);
    expect(listKeptNodes(value)).toEqual([
      { path: 'sample@colour', line: 1 },
      { path: 'sample/extra', line: 6 },
      { path: 'sample/source@mood', line: 2 },
      { path: 'sample/source/deep', line: 3 },
      { path: 'sample/rule@off', line: 5 },
    ]);
  });
});

describe('refusals', () => {
  test.each([
    ["<s model='x'/>", "(test):1: Invalid value for attribute 'model' in element 's': 'x'. Allowed: virtio, none"],
    ['<s/>', "(test):1: Missing required attribute 'model' in element 's'"],
    ["<s model='none'/>", "(test):1: Missing element 'source' in element 's'"],
    ["<s model='none'>\n<source type='tape'/></s>", "(test):2: Invalid value for attribute 'type' in element 'source': 'tape'. Allowed: file, random"],
    ["<s model='none' count='-1'/>", "(test):1: Invalid value for attribute 'count' in element 's': '-1'. Allowed: a whole number from 0 to 4294967295"],
  ])('of %s name what and where', (text, message) => {
    expect(() => read(text)).toThrow(`XML error: ${message}`);
  });
});

test('what only a run knows is ignored in a definition and not written into one', () => {
  const text = "<s model='none' password='p'><source type='random'/><alias name='x0'/></s>";
  expect(read(text, 'inactive').alias).toBeNull();
  expect(read(text).alias).toBe('x0');
  expect(formatXml(formatElement(sample, 's', read(text), { form: 'inactive', secure: false }))).toBe(
    "<s model='none' count='3' half='1'>\n  <source type='random'/>\n</s>\n",
  );
});
