import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatXml } from '../xml/format-xml.ts';
import { parseXml } from '../xml/parse-xml.ts';
import { arbitraryOf } from './codec/codec.arbitrary.ts';
import { type Codec, formatElement, type Infer, parseElement } from './codec/codec.ts';
import { listKeptNodes } from './codec/kept-nodes.ts';
import { domainHeadCodec, domainTailCodec } from './domain-definition.ts';
import { effectiveIothreads } from './iothreads.ts';

const options = { form: 'live', secure: true } as const;
const namespace = "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'";

function write<T extends object>(codec: Codec<T>, value: T): string {
  return formatXml(formatElement(codec, 'domain', value, options));
}

function read<T extends object>(codec: Codec<T>, text: string): T {
  return parseElement(codec, parseXml(text.replace('<domain', `<domain ${namespace}`)), { source: 'test', form: 'live' });
}

/** Without the declaration, which belongs to the document and not to any codec here. */
function readPlain<T extends object>(codec: Codec<T>, text: string): T {
  const { unknown: _, ...value } = read(codec, text) as T & { readonly unknown?: unknown };
  return value as unknown as T;
}

const minimal = "<name>x</name>\n  <memory unit='KiB'>1024</memory>\n  <os>\n    <type>hvm</type>\n  </os>";

function head(inside = ''): Infer<typeof domainHeadCodec> {
  return readPlain(domainHeadCodec, `<domain type='qemu'>${minimal}${inside}</domain>`);
}

describe('every part of a domain that can be made up', () => {
  test.each([['before the devices', domainHeadCodec as Codec<object>], ['after the devices', domainTailCodec as Codec<object>]])('%s is read back as it was written', (_, codec) => {
    fc.assert(fc.property(arbitraryOf(codec), (value) => {
      const text = write(codec, value);
      const again = readPlain(codec, text);
      expect(again).toEqual(value);
      expect(write(codec, again)).toBe(text);
    }), { numRuns: 100 });
  }, 30_000);
});

describe('what means the same is written in one way', () => {
  test.each([
    ["<vcpu cpuset='1-4,^3,8'>4</vcpu>", "<vcpu placement='static' cpuset='1-2,4,8'>4</vcpu>"],
    ["<features><pmu/><hyperv><relaxed/></hyperv></features>", "<pmu state='on'/>"],
    ["<features><hyperv><relaxed state='on'/></hyperv></features>", "<hyperv mode='custom'>\n      <relaxed state='on'/>"],
    ["<features><smm state='on'><tseg unit='MiB'>48</tseg></smm></features>", "<tseg unit='MiB'>48</tseg>"],
    ["<clock offset='localtime' adjustment='-30'/>", "<clock offset='variable' adjustment='-30' basis='localtime'/>"],
    ["<clock offset='utc' adjustment='reset'/>", "<clock offset='utc' adjustment='reset'/>"],
    ["<cpu><topology sockets='1' cores='2' threads='1'/></cpu>", "<cpu>\n    <topology sockets='1' dies='1' clusters='1' cores='2' threads='1'/>"],
    ['<cpu><model>Nehalem</model></cpu>', "<cpu mode='custom' match='exact'>\n    <model fallback='allow'>Nehalem</model>"],
    ["<cpu><numa><cell cpus='0' memory='1' unit='GiB'/></numa></cpu>", "<cell id='0' cpus='0' memory='1048576' unit='KiB'/>"],
    ["<cputune><cachetune vcpus='0'><cache id='0' level='3' type='both' size='3072' unit='KiB'/></cachetune></cputune>", "size='3' unit='MiB'"],
    ["<sysinfo type='smbios'><bios><entry name='version'>1</entry><entry name='vendor'>v</entry></bios></sysinfo>", "<entry name='vendor'>v</entry>\n      <entry name='version'>1</entry>"],
  ])('%s', (written, expected) => {
    expect(write(domainHeadCodec, head(written))).toContain(expected);
  });

  test.each(['<memtune/>', '<cputune/>', '<iothreadids/>', '<features/>', '<perf/>', '<numatune/>', '<resource/>', '<vcpus/>'])('%s says nothing and is left out', (element) => {
    expect(write(domainHeadCodec, head(element))).toBe(write(domainHeadCodec, head()));
  });
});

test('sizes are read in every unit', () => {
  const sizeOf = (text: string, unit: string): number | null => head(`<currentMemory unit='${unit}'>${text}</currentMemory>`).currentMemoryKiB;
  expect([sizeOf('1', 'b'), sizeOf('2', 'KB'), sizeOf('3', 'k'), sizeOf('4', 'MiB'), sizeOf('1', 'gib'), sizeOf('1', 'E')]).toEqual([1, 2, 3, 4096, 2 ** 20, 2 ** 50]);
});

test('cells without a number have that of their place', () => {
  expect(head("<cpu><numa><cell memory='1'/><cell memory='2'/></numa></cpu>").cpu?.numa?.cells.map(({ id, memoryKiB }) => [id, memoryKiB])).toEqual([[0, 1], [1, 2]]);
});

describe('threads', () => {
  const ids = (iothreads: number | null, ...given: readonly number[]): readonly number[] =>
    effectiveIothreads({ iothreads, iothreadids: given.map((id) => ({ id, threadPoolMinimum: null, threadPoolMaximum: null, poll: null })) }).map(({ id }) => id);

  test('that are only counted are numbered from 1', () => expect(ids(3)).toEqual([1, 2, 3]));
  test('that are named leave the lowest free numbers to the others', () => expect(ids(4, 5, 2)).toEqual([5, 2, 1, 3]));
  test('that are named beyond the count make it grow', () => expect(ids(1, 7, 9)).toEqual([7, 9]));
});

test('what is not known is found wherever it is kept', () => {
  const value = readPlain(domainHeadCodec, `<domain type='qemu'>${minimal}<numatune><memnode cellid='0' nodeset='1' x='1'/><y/></numatune></domain>`);
  expect(listKeptNodes(value).map(({ path }) => path)).toEqual(['domain/numatune/memnode@x']);
});
