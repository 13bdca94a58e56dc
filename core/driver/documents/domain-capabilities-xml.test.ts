import { beforeAll, describe, expect, test } from 'vitest';
import type { QemuCapabilities } from '../../capabilities/qemu-capabilities.ts';
import type { AnyCodec, Shape } from '../../conf/codec/codec.ts';
import { domainHeadCodec } from '../../conf/domain-definition.ts';
import { consoleModule } from '../../devices/console/console.ts';
import { channelModule } from '../../devices/channel/channel.ts';
import { diskModule } from '../../devices/disk/disk.ts';
import { graphicsModule } from '../../devices/graphics/graphics.ts';
import { interfaceModule } from '../../devices/interface/interface.ts';
import { rngModule } from '../../devices/rng/rng.ts';
import { videoModule } from '../../devices/video/video.ts';
import { childElements, textOf, type XmlElement } from '../../xml/xml-element.ts';
import { parseXml } from '../../xml/parse-xml.ts';
import { goldenFolder, recordedCapabilities } from '../../../test/golden/golden-launch.ts';
import type { CpuModelTable } from '../../capabilities/host-cpu.ts';
import { deviceVocabulary } from './device-vocabulary.ts';
import { type DomainCapabilitiesOptions, domainCapabilitiesXml } from './domain-capabilities-xml.ts';

let capabilities: QemuCapabilities;

beforeAll(async () => {
  capabilities = await recordedCapabilities();
});

const documentOf = (options: Partial<DomainCapabilitiesOptions> = {}): Promise<string> =>
  domainCapabilitiesXml({ capabilities, machine: 'q35', virttype: 'qemu', usable: ['tcg'], ...options });

/** The element at a path of names; an enum or mode is found by its own name. */
function find(xml: string, ...path: readonly string[]): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>(
    (element, name) => element && childElements(element).find((child) => child.name === name || child.attributes.get('name') === name),
    parseXml(xml, { source: 'document' }),
  );
}

function valuesOf(xml: string, ...path: readonly string[]): readonly string[] {
  const element = find(xml, ...path);
  return element ? childElements(element).map(textOf) : [];
}

describe('the document of the recorded QEMU', () => {
  test.each(['q35', 'pc', 'microvm'])('is as recorded for %s', async (machine) => {
    await expect(await documentOf({ machine })).toMatchFileSnapshot(`${goldenFolder}capabilities/domain-${machine}.xml`);
  });

  test('names what was chosen where nothing was asked for', async () => {
    const xml = await documentOf({ machine: null, virttype: null });
    expect(['path', 'domain', 'machine', 'arch'].map((name) => textOf(find(xml, name) as XmlElement))).toEqual(['/usr/bin/qemu-system-x86_64', 'qemu', 'pc-i440fx-7.2', 'x86_64']);
  });

  test('takes KVM, and with it the host’s CPU, only where it is usable', async () => {
    const xml = await documentOf({ virttype: null, usable: ['tcg', 'kvm'] });
    expect(find(xml, 'domain')?.children).toEqual(['kvm']);
    expect(find(xml, 'cpu', 'host-passthrough')?.attributes.get('supported')).toBe('yes');
    expect(find(await documentOf(), 'cpu', 'host-passthrough')?.attributes.get('supported')).toBe('no');
  });

  test('says of a CPU model what QEMU said, and unknown where it said nothing', async () => {
    const cpuModels: CpuModelTable = new Map([
      ['EPYC', { blockers: ['xsavec', 'rdseed'], deprecated: false, canonical: 'EPYC-v1' }],
      ['qemu64', { blockers: [], deprecated: true, canonical: null }],
    ]);
    const custom = find(await documentOf({ hostCpu: async () => ({ models: cpuModels, hostModel: null }) }), 'cpu', 'custom') as XmlElement;
    const about = (name: string) => childElements(custom).filter((element) => textOf(element) === name || element.attributes.get('model') === name)
      .map((element) => [element.name, Object.fromEntries(element.attributes), childElements(element).map((child) => child.attributes.get('name'))]);
    expect(about('EPYC')).toEqual([
      ['model', { usable: 'no', vendor: 'unknown', canonical: 'EPYC-v1' }, []],
      ['blockers', { model: 'EPYC' }, ['rdseed', 'xsavec']],
    ]);
    expect(about('qemu64')).toEqual([['model', { usable: 'yes', deprecated: 'yes', vendor: 'unknown' }, []]]);
    expect(about('Conroe')).toEqual([['model', { usable: 'unknown', vendor: 'unknown' }, []]]);
    expect(['host', 'max', 'base'].flatMap(about)).toEqual([]);
  });
});

describe('a QEMU that lacks something', () => {
  const without = (...types: readonly string[]): QemuCapabilities => ({ ...capabilities, deviceTypes: new Set([...capabilities.deviceTypes].filter((type) => !types.includes(type))) });

  test('has no value for a device that it does not provide', async () => {
    const xml = await documentOf({ capabilities: without('qxl-vga', 'e1000', 'virtio-scsi-pci', 'virtio-rng-pci', 'virtio-serial-pci') });
    expect(valuesOf(xml, 'devices', 'video', 'modelType')).toEqual(['vga', 'cirrus', 'vmvga', 'virtio', 'none', 'bochs', 'ramfb']);
    expect(valuesOf(xml, 'devices', 'interface', 'model')).not.toContain('e1000');
    expect(valuesOf(xml, 'devices', 'disk', 'bus')).toEqual(['fdc', 'scsi', 'virtio', 'usb', 'sata']);
    expect(valuesOf(xml, 'devices', 'rng', 'model')).toEqual(['virtio-transitional', 'virtio-non-transitional']);
    expect(find(xml, 'devices', 'console')?.attributes.get('supported')).toBe('no');
  });

  test('has no value for an object or an option that it does not provide', async () => {
    const objectTypes = new Set([...capabilities.objectTypes].filter((type) => type !== 'rng-builtin'));
    const commandLineOptions = new Map([...capabilities.commandLineOptions].filter(([option]) => option !== 'vnc'));
    const xml = await documentOf({ capabilities: { ...capabilities, objectTypes, commandLineOptions } });
    expect(valuesOf(xml, 'devices', 'rng', 'backendModel')).toEqual(['random', 'egd']);
    expect(valuesOf(xml, 'devices', 'graphics', 'type')).not.toContain('vnc');
  });
});

describe('what cannot be answered is refused', () => {
  test.each<[string, Partial<DomainCapabilitiesOptions>, string]>([
    ['a machine that nobody knows', { machine: 'pc-q35-99' }, "invalid argument: the emulator '/usr/bin/qemu-system-x86_64' has no machine 'pc-q35-99'"],
    ['the machine of no guest', { machine: 'none' }, "invalid argument: the emulator '/usr/bin/qemu-system-x86_64' has no machine 'none'"],
    ['a domain type of another hypervisor', { virttype: 'xen' }, "invalid argument: unknown virttype 'xen'; this driver knows kvm, hvf, whpx, qemu"],
    ['KVM that does not work', { virttype: 'kvm' }, "invalid argument: virttype 'kvm' is not available: it does not work for '/usr/bin/qemu-system-x86_64' on this host"],
    ['an accelerator that was not compiled in', { virttype: 'hvf' }, "invalid argument: virttype 'hvf' is not available: the emulator '/usr/bin/qemu-system-x86_64' was built without it"],
    ['a host on which nothing works', { virttype: null, usable: [] }, "invalid argument: the emulator '/usr/bin/qemu-system-x86_64' runs no guests on this host"],
  ])('%s', async (_, options, message) => {
    await expect(documentOf(options)).rejects.toMatchObject({ code: 'INVALID_ARG', message });
  });

  test('no machine where the emulator has no default', async () => {
    const machines = capabilities.machines.map((machine) => ({ ...machine, isDefault: false }));
    await expect(documentOf({ capabilities: { ...capabilities, machines }, machine: null })).rejects.toMatchObject({ code: 'INVALID_ARG' });
  });
});

/** The texts that a codec reads at a path of its fields; a union's own are its variants. */
function textsOf(codec: AnyCodec, ...path: readonly string[]): readonly string[] {
  const [field, ...rest] = path;
  const shape: Shape = codec.shape;
  switch (shape.type) {
    case 'object': {
      const inner = shape.fields[field ?? ''];
      return inner ? textsOf(inner, ...rest) : [];
    }
    case 'union':
      return field === undefined ? Object.keys(shape.variants) : [];
    case 'scalar':
      return shape.scalar.shape.type === 'values' ? shape.scalar.shape.values.map(String) : [];
    case 'constant':
      return [];
    default:
      return textsOf(shape.of, ...path);
  }
}

describe('a word of the vocabulary is one that definitions know', () => {
  const listed = (section: string, name: string): readonly string[] =>
    deviceVocabulary.find((each) => each.name === section)?.enums.find((each) => each.name === name)?.values ?? [];

  test.each<[string, string, AnyCodec, readonly string[]]>([
    ['disk', 'diskDevice', diskModule.codec, ['device']],
    ['disk', 'bus', diskModule.codec, ['target', 'bus']],
    ['graphics', 'type', graphicsModule.codec, ['backend']],
    ['video', 'modelType', videoModule.codec, ['model', 'type']],
    ['rng', 'model', rngModule.codec, ['model']],
    ['rng', 'backendModel', rngModule.codec, ['backend']],
    ['interface', 'type', interfaceModule.codec, ['backend']],
    ['console', 'type', consoleModule.codec, ['backend']],
    ['channel', 'type', channelModule.codec, ['backend']],
  ])('%s %s', (section, name, codec, path) => {
    const read = textsOf(codec, ...path);
    expect(read).not.toEqual([]);
    expect(listed(section, name).filter((value) => !read.includes(value))).toEqual([]);
  });

  test('CPU modes', async () => {
    const modes = childElements(find(await documentOf(), 'cpu') as XmlElement).map((mode) => mode.attributes.get('name'));
    expect(new Set(modes)).toEqual(new Set(textsOf(domainHeadCodec, 'cpu', 'mode')));
  });
});
