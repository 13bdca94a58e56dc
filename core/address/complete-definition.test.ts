import { beforeAll, describe, expect, test } from 'vitest';
import { complete, recordedCapabilities } from '../../test/golden/golden-launch.ts';
import type { QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { parseDomain, unknownNodes } from '../devices/domain-xml.ts';

let capabilities: QemuCapabilities;
beforeAll(async () => {
  capabilities = await recordedCapabilities();
});

interface Parts {
  readonly type?: string;
  readonly os?: string;
  readonly memory?: string;
  readonly rest?: string;
  readonly devices?: string;
}

function define({ type = 'qemu', os = "<type machine='q35'>hvm</type>", memory = '65536', rest = '', devices = '' }: Parts = {}): DomainDefinition {
  return complete(`<domain type='${type}'><name>x</name><memory>${memory}</memory>${rest}<os>${os}</os><devices>${devices}</devices></domain>`, capabilities);
}

describe('completing', () => {
  test('writes down what the driver will use', () => {
    const { uuid, emulator, os, currentMemoryKiB, vcpu, cpu } = define();
    expect({ uuid, emulator, os, currentMemoryKiB, vcpu, cpu }).toMatchObject({
      uuid: '11111111-2222-4333-8444-555555555555',
      emulator: '/usr/bin/qemu-system-x86_64',
      os: { type: { arch: 'x86_64', machine: 'pc-q35-7.2', type: 'hvm' }, boot: [{ dev: 'hd' }] },
      currentMemoryKiB: 65536,
      vcpu: { placement: 'static', maximum: 1 },
      cpu: { mode: 'custom', model: { name: 'qemu64' } },
    });
  });

  test("takes QEMU's default machine where none is named", () => {
    expect(define({ os: '<type>hvm</type>' }).os.type.machine).toBe('pc-i440fx-7.2');
  });

  test('rounds memory up to the MiB and lets the balloon have no more than that', () => {
    const { memoryKiB, currentMemoryKiB } = define({ memory: '65537', rest: '<currentMemory>99999</currentMemory>' });
    expect([memoryKiB, currentMemoryKiB]).toEqual([66560, 66560]);
  });

  test('adds the controllers and the balloon that the machine has anyway', () => {
    const kinds = (machine: string): readonly string[] =>
      define({ os: `<type machine='${machine}'>hvm</type>` }).devices.map((device) => (device.kind === 'controller' ? `${device.type} ${device.model}` : device.kind));
    expect(kinds('q35')).toEqual(['pci pcie-root', 'pci pcie-root-port', 'pci pcie-root-port', 'pci pcie-root-port', 'usb qemu-xhci', 'sata null', 'watchdog', 'memballoon']);
    expect(kinds('pc')).toEqual(['pci pci-root', 'usb piix3-uhci', 'memballoon']);
  });

  test('keeps what it does not understand', () => {
    const definition = define({ devices: "<lasso model='ich9'/><memballoon model='virtio' colour='red'/>" });
    expect(unknownNodes(definition).map(({ path }) => path)).toEqual(['domain/devices/lasso', 'domain/devices/memballoon@colour']);
  });
});

describe('the first console', () => {
  const pair = (devices: string): readonly unknown[] => {
    const completed = define({ devices });
    return [devicesOf(completed.devices, 'serial'), devicesOf(completed.devices, 'console')].map((list) => list.map(({ backend, target }) => [backend.type, target]));
  };
  const port = ['unix', { type: 'isa-serial', port: 0, model: 'isa-serial' }];
  const mirror = ['unix', { type: 'serial', port: 0 }];

  test('is made from the first serial port', () => expect(pair("<serial type='unix'/>")).toEqual([[port], [mirror]]));
  test('makes the first serial port', () => expect(pair("<console type='unix'/>")).toEqual([[port], [mirror]]));
  test('follows the serial port whatever it says itself', () => expect(pair("<serial type='unix'/><console type='pty'><target type='serial'/></console>")).toEqual([[port], [mirror]]));
  test('is left alone where it is a virtio console', () => {
    expect(pair("<serial type='unix'/><console type='pty'><target type='virtio'/></console>")).toEqual([[port], [['pty', { type: 'virtio', port: 0 }]]]);
  });
});

describe('refusals', () => {
  test.each<[Parts, string, RegExp]>([
    [{ os: '<type>xen</type>' }, 'CONFIG_UNSUPPORTED', /os type 'xen' is not supported/],
    [{ os: "<type arch='s390x'>hvm</type>" }, 'CONFIG_UNSUPPORTED', /does not run arch 's390x', but x86_64/],
    [{ os: "<type machine='virt'>hvm</type>" }, 'CONFIG_UNSUPPORTED', /does not support machine type 'virt'/],
    [{ os: "<type machine='isapc'>hvm</type>", devices: "<memballoon model='virtio'/>" }, 'CONFIG_UNSUPPORTED', /memory balloon: the machine 'isapc' has no virtio devices/],
    [{ type: 'hvf' }, 'CONFIG_UNSUPPORTED', /does not provide domain type 'hvf'; it has kvm, tcg/],
    [{ memory: '0' }, 'XML_ERROR', /the domain has no memory/],
    [{ rest: "<vcpu current='3'>2</vcpu>" }, 'XML_ERROR', /\(2 < 3\)/],
    [{ rest: '<vcpu>4000</vcpu>' }, 'CONFIG_UNSUPPORTED', /maximum CPUs 4000 is greater than the 288/],
    [{ rest: "<cpu><topology sockets='2' cores='2' threads='1'/></cpu>" }, 'CONFIG_UNSUPPORTED', /topology has 4 CPUs.*vcpu count 1/],
    [{ rest: '<cpu><model>i8080</model></cpu>' }, 'CONFIG_UNSUPPORTED', /CPU model 'i8080'/],
    [{ os: "<type machine='q35'>hvm</type><initrd>/i</initrd>" }, 'CONFIG_UNSUPPORTED', /need a kernel/],
    [{ devices: "<memballoon model='virtio'/><memballoon model='virtio'/>" }, 'XML_ERROR', /only a single memory balloon/],
    [{ devices: "<serial type='pty'><target port='0'/></serial><serial type='pty'><target port='0'/></serial>" }, 'XML_ERROR', /two <serial> devices have the target port 0/],
    [{ devices: "<serial type='pty'/>".repeat(5) }, 'CONFIG_UNSUPPORTED', /at most 4 ISA serial ports/],
    [{ devices: `<serial type='unix'><source mode='bind' path='/${'x'.repeat(120)}'/></serial>` }, 'CONFIG_UNSUPPORTED', /longer than 103 bytes/],
    [{ devices: "<controller type='usb' index='0'/><controller type='usb' index='0'/>" }, 'XML_ERROR', /Multiple 'usb' controllers with index '0'/],
    [{ devices: "<controller type='scsi' model='buslogic'/>" }, 'CONFIG_UNSUPPORTED', /scsi controller 0: model 'buslogic' is not supported/],
    [{ devices: "<controller type='pci' index='0' model='pci-root'/>" }, 'CONFIG_UNSUPPORTED', /q35 machine has a pcie-root/],
    [{ devices: "<rng><backend model='random'/><alias name='ua-a'/></rng><memballoon model='virtio'><alias name='ua-a'/></memballoon>" }, 'XML_ERROR', /two devices have the alias 'ua-a'/],
  ])('%j is refused', (parts, code, reason) => {
    expect(() => define(parts)).toThrow(reason);
    expect(() => define(parts)).toThrow(expect.objectContaining({ code }));
  });
});

test('a domain of another hypervisor is refused before anything else is read', () => {
  expect(() => parseDomain("<domain type='lxc'/>")).toThrow(/unsupported configuration: domain type 'lxc'/);
});
