import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VireoError } from '../base/errors.ts';
import { arbitraryOf } from '../conf/codec/codec.arbitrary.ts';
import type { DeviceDefinition } from '../conf/device-definition.ts';
import { type DomainDefinition, domainHeadCodec, domainTailCodec } from '../conf/domain-definition.ts';
import { formatDomain, parseDomain, unknownNodes } from './domain-xml.ts';
import { deviceKinds, inDeviceOrder, moduleOf } from './registry.ts';

function domain(inside: string, attributes = "type='qemu'"): string {
  return `<domain ${attributes}>\n<name>x</name>\n<memory>1024</memory>\n<os><type>hvm</type></os>\n${inside}\n</domain>`;
}

function failure(xml: string): VireoError {
  try {
    parseDomain(xml);
  } catch (error) {
    if (error instanceof VireoError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

const live = { form: 'live', secure: true } as const;

describe('every definition that can be made up', () => {
  const device = fc.oneof(
    ...deviceKinds.map((kind) => arbitraryOf(moduleOf({ kind }).codec).map((value) => ({ kind, ...value }) as DeviceDefinition)),
  );
  const type = fc.constantFrom('qemu', 'kvm', 'hvf', 'whpx');
  const definition = fc
    .tuple(arbitraryOf(domainHeadCodec), arbitraryOf(domainTailCodec), type, fc.array(device, { maxLength: 6 }))
    .map(([head, tail, domainType, devices]): DomainDefinition => ({ ...head, ...tail, type: domainType, emulator: null, devices: inDeviceOrder(devices) }));

  test('is read back as it was written', () => {
    fc.assert(fc.property(definition, (value) => {
      expect(parseDomain(formatDomain(value, live), { form: 'live' })).toEqual(value);
    }), { numRuns: 100 });
  }, 30_000);

  test.each(deviceKinds)('is read back with a %s', (kind) => {
    const { codec } = moduleOf({ kind });
    const base = parseDomain(domain(''));
    fc.assert(fc.property(arbitraryOf(codec), (value) => {
      const one = { ...base, devices: [{ kind, ...value } as DeviceDefinition] };
      expect(parseDomain(formatDomain(one, live), { form: 'live' })).toEqual(one);
    }), { numRuns: 150 });
  });
});

describe('what is not understood', () => {
  const xml = `<domain type='qemu' mood='fine'>
  <name lang='en'>x</name>
  <memory unit='KiB'>1024</memory>
  <currentMemory unit='KiB'>512</currentMemory>
  <vcpu placement='static'>1</vcpu>
  <cputune>
    <shares>9</shares>
    <warp factor='9'/>
  </cputune>
  <sysinfo type='smbios'>
    <bios>
      <entry name='vendor' mood='sour'>x</entry>
    </bios>
  </sysinfo>
  <os>
    <type>hvm</type>
    <loader readonly='yes' colour='blue'>/ovmf</loader>
  </os>
  <clock offset='utc'>
    <timer name='rtc' wobble='1'/>
  </clock>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <memballoon model='virtio'>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x02' function='0x0' zone='7'/>
      <extra/>
    </memballoon>
    <teapot model='brown'/>
  </devices>
  <future>
    <thing start='0'/>
  </future>
</domain>
`;

  test('is written back where it stood', () => {
    expect(formatDomain(parseDomain(xml), { form: 'inactive' })).toBe(xml);
  });

  test('is reported with path and line', () => {
    expect(unknownNodes(parseDomain(xml)).map(({ path, line }) => `${path} ${line}`).toSorted()).toEqual([
      'domain/clock/timer@wobble 20',
      'domain/cputune/warp 8',
      'domain/devices/memballoon/address@zone 27',
      'domain/devices/memballoon/extra 28',
      'domain/devices/teapot 30',
      'domain/future 32',
      'domain/name@lang 2',
      'domain/os/loader@colour 17',
      'domain/sysinfo/bios/entry@mood 12',
      'domain@mood 1',
    ]);
  });

  test('of the QEMU namespace keeps its declaration', () => {
    const text = formatDomain(parseDomain(domain("<q:warp><q:factor value='9'/></q:warp>", "type='qemu' xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'")), { form: 'inactive' });
    expect(text).toContain("xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'");
    expect(formatDomain(parseDomain(text), { form: 'inactive' })).toBe(text);
  });
});

describe('a refusal', () => {
  test.each([
    [domain('', "type='lxc'"), 'CONFIG_UNSUPPORTED', /domain type 'lxc' is not run by the QEMU driver/],
    [domain('', ''), 'XML_ERROR', /\(domain_definition\):1: Missing required attribute 'type' in element 'domain'/],
    ['<network/>', 'XML_ERROR', /unexpected root element <network>, expecting <domain>/],
    [domain("<devices>\n<memballoon model='heavy'/></devices>"), 'XML_ERROR', /:6: Invalid value for attribute 'model' in element 'memballoon': 'heavy'\. Allowed: virtio,/],
    [domain('').replace('<name>x', '<name>a/b'), 'XML_ERROR', /:2: Invalid value for element 'name': 'a\/b'/],
    [domain('').replace('<name>x', '<name>a&#10;b'), 'XML_ERROR', /element 'name'/],
    [domain('').replace('<name>x', '<name> '), 'XML_ERROR', /element 'name'/],
    [domain('').replace('1024', '1e3'), 'XML_ERROR', /:3: Invalid value for element 'memory': '1e3'/],
    [domain('').replace('<memory', "<memory unit='acre'"), 'XML_ERROR', /attribute 'unit' in element 'memory': 'acre'/],
    [domain('<uuid>123</uuid>'), 'XML_ERROR', /:5: Invalid value for element 'uuid': '123'/],
  ])('of %s says what and where', (xml, code, reason) => {
    const error = failure(xml);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(reason);
  });

  test('carries line, element, attribute and value for the editor', () => {
    expect(failure(domain("<devices>\n\n  <memballoon model='heavy'/></devices>")).details).toMatchObject({
      line: 7, column: 3, element: 'memballoon', attribute: 'model', value: 'heavy', source: '(domain_definition)',
    });
  });
});

describe('forms', () => {
  const text = domain("<devices><rng model='virtio'><backend model='builtin'/><alias name='rng7'/></rng><rng><backend model='builtin'/><alias name='ua-mine'/></rng></devices>", "type='qemu' id='4'");

  test("a definition from outside keeps users' aliases and drops those of a run", () => {
    const definition = parseDomain(text);
    expect([definition.id, ...definition.devices.map(({ alias }) => alias)]).toEqual([null, null, 'ua-mine']);
  });

  test('a status file keeps all', () => {
    const definition = parseDomain(text, { form: 'live' });
    expect([definition.id, ...definition.devices.map(({ alias }) => alias)]).toEqual([4, 'rng7', 'ua-mine']);
    expect(formatDomain(definition, { form: 'inactive' })).not.toMatch(/rng7|id='4'/);
  });
});

test('sizes are read in every unit and written in KiB', () => {
  const size = (memory: string): number => parseDomain(domain('').replace('<memory>1024</memory>', memory)).memoryKiB;
  expect([size("<memory unit='GiB'>2</memory>"), size("<memory unit='b'>1025</memory>"), size("<memory unit='MB'>1</memory>"), size('<memory>7</memory>')]).toEqual([2097152, 2, 977, 7]);
});
