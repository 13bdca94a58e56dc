import { describe, expect, test } from 'vitest';
import { deviceRenderer } from '../../../test/support/render-devices.ts';

const pc = await deviceRenderer();
const noUsb = "<controller type='usb' model='none'/>";
const ports = (options: readonly string[]): readonly string[] => options.filter((option) => /^-(serial|device .*"chardev":"charserial)/.test(option));

describe("a port that names no type is the board's", () => {
  test.each([
    ['x86_64', 'q35', ['-device {"driver":"isa-serial","chardev":"charserial0","id":"serial0","index":0}'], "<target type='isa-serial' port='0'>", "<model name='isa-serial'/>"],
    ['aarch64', 'virt', ['-serial chardev:charserial0'], "<target type='system-serial' port='0'>", "<model name='pl011'/>"],
    ['riscv64', 'virt', ['-serial chardev:charserial0'], "<target type='system-serial' port='0'>", "<model name='16550a'/>"],
    ['ppc64', 'pseries', ['-device {"driver":"spapr-vty","chardev":"charserial0","id":"serial0","reg":805306368}'], "<target type='spapr-vio-serial' port='0'>", "<model name='spapr-vty'/>"],
    ['s390x', 's390-ccw-virtio', ['-device {"driver":"sclpconsole","chardev":"charserial0","id":"serial0"}'], "<target type='sclp-serial' port='0'>", "<model name='sclpconsole'/>"],
  ])('%s %s', async (arch, machine, expected, target, model) => {
    const renderer = await deviceRenderer(arch, machine);
    // What everybody wrote for decades means the board's port, also where there is no ISA.
    for (const written of ['', "<target type='isa-serial'/>"]) {
      const devices = `<serial type='null'>${written}</serial>`;
      expect(ports(renderer.options(devices))).toEqual(expected);
      expect(renderer.lines(devices)).toEqual(expect.arrayContaining([target, model, "<console type='null'>", "<target type='serial' port='0'/>"]));
    }
  });
});

test('ports that are plugged in have addresses, and no console stands for them', () => {
  const devices = "<serial type='null'><target type='pci-serial'/></serial><serial type='null'><target type='isa-debug'/><address type='isa' iobase='0x402'/></serial>";
  expect(ports(pc.options(noUsb + devices))).toEqual([
    expect.stringMatching(/"driver":"pci-serial","chardev":"charserial0","id":"serial0","bus":"pci\.\d+","addr":"0x1"/),
    '-device {"driver":"isa-debugcon","chardev":"charserial1","id":"serial1","iobase":1026}',
  ]);
  expect(pc.lines(noUsb + devices)).not.toContain("<console type='null'>");
});

test.each([
  ["<target type='isa-serial' port='4'/>", /at most 4 ISA serial ports/],
  ["<target type='usb-serial'><model name='pci-serial'/></target>", /target model 'pci-serial' is of target type 'pci-serial', not 'usb-serial'/],
  ["<target type='system-serial'><model name='pl011'/></target>", /'system-serial' with model 'pl011' does not exist on the machine 'pc-q35-7.2' of arch 'x86_64'/],
  ["<target type='sclp-serial'/>", /'sclp-serial' with model 'sclpconsole' does not exist/],
])('refuses %s', (inside, reason) => {
  expect(() => pc.define(`<serial type='null'>${inside}</serial>`)).toThrow(reason);
});

test('parallel ports are counted, and only a PC has them', async () => {
  const parallel = "<parallel type='dev'><source path='/dev/parport0'/></parallel>";
  expect(pc.options(noUsb + parallel)).toEqual(expect.arrayContaining(['-chardev parallel,id=charparallel0,path=/dev/parport0,logfile=/var/log/vireo/golden/parallel0.log,logappend=on', '-device {"driver":"isa-parallel","chardev":"charparallel0","id":"parallel0"}']));
  expect(pc.lines(parallel + parallel)).toEqual(expect.arrayContaining(["<target port='0'/>", "<target port='1'/>"]));
  expect(() => pc.define(parallel.repeat(4))).toThrow(/QEMU has at most 3 parallel ports/);
  const s390 = await deviceRenderer('s390x', 's390-ccw-virtio');
  expect(() => s390.define(parallel)).toThrow(/parallel port 0: the machine 's390-ccw-virtio-7.2' of arch 's390x' has no parallel ports/);
});

describe('consoles', () => {
  test('of SCLP and virtio are devices', async () => {
    const s390 = await deviceRenderer('s390x', 's390-ccw-virtio');
    const consoles = "<console type='null'><target type='sclp'/></console><console type='null'><target type='sclplm'/></console><console type='null'><target type='virtio'/></console>";
    expect(s390.options(consoles)).toEqual(expect.arrayContaining([
      '-device {"driver":"sclpconsole","chardev":"charconsole0","id":"console0"}',
      '-device {"driver":"sclplmconsole","chardev":"charconsole1","id":"console1"}',
      '-device {"driver":"virtconsole","bus":"virtio-serial0.0","chardev":"charconsole2","id":"console2"}',
    ]));
  });

  test.each([
    ["<console type='null'><target type='lxc'/></console>", /console 0: target type 'lxc' belongs to another hypervisor/],
    ["<serial type='null'/><console type='null'/><console type='null'><target type='serial'/></console>", /only the first <console> can be of target type 'serial'/],
    ["<console type='null'><target type='sclp'/></console>", /has no device sclpconsole/],
  ])('refuses %s', (devices, reason) => {
    expect(() => pc.define(devices)).toThrow(reason);
  });
});
