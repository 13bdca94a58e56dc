import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { goldenLaunch } from '../../../test/golden/golden-launch.ts';
import { DeviceWorkbench } from '../../../test/support/device-workbench.ts';
import { buildCommandLine } from '../../command/build-command-line.ts';
import { liveDefinition } from '../../command/live-definition.ts';
import { checkAbiStability } from '../../definition/abi-stability.ts';
import { findScsiGenerics } from './scsi-generics.ts';

const x86 = await DeviceWorkbench.open();
const s390x = (await DeviceWorkbench.open('s390x')).withEverything();
const uuid = '90c6c135-ad44-41d0-b1b7-bae47de48627';

const pci = (inside = '', attributes = '', address = "bus='0x06' slot='0x12' function='0x5'"): string =>
  `<hostdev mode='subsystem' type='pci' managed='yes'${attributes}><source><address domain='0x0000' ${address}/></source>${inside}</hostdev>`;
const usb = (source: string, attributes = ''): string => `<hostdev mode='subsystem' type='usb' managed='no'><source${attributes}>${source}</source></hostdev>`;
const mdev = (model: string, attributes = '', inside = ''): string => `<hostdev mode='subsystem' type='mdev' managed='no' model='${model}'${attributes}><source><address uuid='${uuid}'/></source>${inside}</hostdev>`;
const scsi = (source: string, attributes = ''): string => `<hostdev mode='subsystem' type='scsi' managed='no'${attributes}>${source}</hostdev>`;
const adapter = "<source><adapter name='scsi_host3'/><address bus='0' target='1' unit='2'/></source>";
const iscsi = "<source protocol='iscsi' name='iqn.1992-01.com.example:storage'><host name='example.org'/>%</source>";
const controller = "<controller type='scsi' index='0' model='virtio-scsi'/>";

async function mkdtempDisposable(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp('/tmp/vireo-');
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

describe('the command line', () => {
  test('of a PCI device names its place on the host and in the guest', () => {
    const devices = pci("<boot order='1'/><rom bar='off' file='/rom,1'/><acpi index='4'/>");
    expect(x86.options({ devices }, /vfio/)).toEqual([{
      driver: 'vfio-pci', host: '0000:06:12.5', id: 'hostdev0', bootindex: 1, bus: expect.any(String), addr: '0x0', 'acpi-index': 4, rombar: 0, romfile: '/rom,1',
    }]);
  });

  test('of one without a ROM gives it an empty one', () => {
    expect(x86.options({ devices: pci("<rom enabled='no'/>") }, /vfio/)).toMatchObject([{ romfile: '' }]);
  });

  test('of one that shows the first picture is the variant that stays', () => {
    expect(x86.options({ devices: `<graphics type='vnc'/>${pci('', " display='on' ramfb='on'")}` }, /vfio/)).toMatchObject([{ driver: 'vfio-pci-nohotplug', display: 'on', ramfb: true }]);
  });

  test('has nothing of a device that is only held', () => {
    expect(x86.options({ devices: pci("<address type='unassigned'/>") }, /vfio/)).toEqual([]);
  });

  test('of a USB device names its place, or what it is', () => {
    expect(x86.options({ devices: usb("<address bus='014' device='0x06'/>") }, /usb-host/)).toMatchObject([{ hostdevice: '/dev/bus/usb/012/006', bus: 'usb.0' }]);
    expect(x86.options({ devices: usb("<vendor id='0x1234'/><product id='0xbeef'/>", " guestReset='off'") }, /usb-host/)).toMatchObject([{ vendorid: 0x1234, productid: 0xbeef, 'guest-reset': false }]);
  });

  test('of a USB device that is missing waits for what it is, or for nothing', () => {
    const missing = (inside: string): readonly unknown[] => {
      const definition = x86.complete({ devices: usb(inside, " startupPolicy='optional'") });
      const devices = definition.devices.map((device) => (device.kind === 'hostdev' && device.type === 'usb' ? { ...device, source: { ...device.source, missing: true } } : device));
      const launch = goldenLaunch(x86.capabilities);
      return buildCommandLine(liveDefinition({ ...definition, devices }, launch), launch).argv.filter((argument) => argument.includes('usb-host'));
    };
    expect(missing("<vendor id='0x1'/><product id='0x2'/><address bus='1' device='2'/>")).toEqual([expect.stringMatching(/"vendorid":1,"productid":2,/)]);
    expect(missing("<address bus='1' device='2'/>")).toEqual([]);
  });

  test('of a SCSI device is a block node and a front end that passes every command through', () => {
    expect(x86.options({ devices: controller + scsi(`${adapter}<readonly/>`) }, /hostdev0/)).toEqual([
      { driver: 'host_device', filename: '/dev/bsg/3:0:1:2', 'node-name': 'libvirt-hostdev0-backend', 'read-only': true },
      { driver: 'scsi-generic', drive: 'libvirt-hostdev0-backend', id: 'hostdev0', bus: 'scsi0.0', channel: 0, 'scsi-id': 0, lun: 0 },
    ]);
  });

  test.each([
    ['lsisas1068', { bus: 'scsi0.0', channel: 0, 'scsi-id': 3, lun: 0 }],
    ['lsilogic', { bus: 'scsi0.0', 'scsi-id': 0 }],
  ])('of SCSI stands on a %s where its address says', (model, place) => {
    const target = model === 'lsilogic' ? 0 : 3;
    const devices = `<controller type='scsi' index='0' model='${model}'/>${scsi(`${adapter}<address type='drive' controller='0' bus='0' target='${target}' unit='0'/>`)}`;
    expect(x86.options({ devices }, /scsi-generic/)).toEqual([{ driver: 'scsi-generic', drive: 'libvirt-hostdev0-backend', id: 'hostdev0', ...place }]);
  });

  test('of an iSCSI device opens the target as its user, whose password is sealed', () => {
    const auth = "<auth username='me'><secret type='iscsi' usage='u'/></auth><initiator><iqn name='iqn.x'/></initiator>";
    const options = x86.options({ devices: controller + scsi(iscsi.replace('%', auth)) }, /libvirt-hostdev0/);
    expect(options).toMatchObject([
      { 'qom-type': 'secret', id: 'libvirt-hostdev0-backend-secret0' },
      { driver: 'iscsi', portal: 'example.org:3260', target: 'iqn.1992-01.com.example:storage', lun: 0, user: 'me', 'password-secret': 'libvirt-hostdev0-backend-secret0', 'initiator-name': 'iqn.x' },
      { driver: 'scsi-generic' },
    ]);
  });

  test('of a vhost SCSI host names its target', () => {
    const devices = "<hostdev mode='subsystem' type='scsi_host' model='virtio-transitional'><source protocol='vhost' wwpn='naa.5123456789abcde0'/></hostdev>";
    expect(x86.withEverything().options({ devices, machine: 'pc' }, /vhost-scsi/)).toMatchObject([{ driver: 'vhost-scsi-pci-transitional', wwpn: 'naa.5123456789abcde0' }]);
  });

  test('of a mediated device names it in sysfs', () => {
    expect(x86.options({ devices: mdev('vfio-pci') }, /mdev/)).toMatchObject([{ driver: 'vfio-pci', sysfsdev: `/sys/bus/mdev/devices/${uuid}`, display: 'off' }]);
    expect(s390x.options({ devices: mdev('vfio-ccw', '', "<boot order='1' loadparm='3'/>") }, /mdev/)).toMatchObject([{ driver: 'vfio-ccw', bootindex: 1, loadparm: '3', devno: expect.stringMatching(/^fe\.0\./) }]);
    expect(s390x.options({ devices: mdev('vfio-ap') }, /mdev/)).toEqual([{ driver: 'vfio-ap', sysfsdev: `/sys/bus/mdev/devices/${uuid}`, id: 'hostdev0' }]);
  });
});

describe('a start looks first', () => {
  const paths = (devices: string): readonly string[] => x86.needs('hostdev', { devices }).map((need) => (need.type === 'path' ? need.path : need.type));

  test('whether a PCI device is there, behind an IOMMU, and bound to vfio-pci', () => {
    expect(paths(pci())).toEqual(['/sys/bus/pci/devices/0000:06:12.5', '/sys/bus/pci/devices/0000:06:12.5/iommu_group', '/sys/bus/pci/drivers/vfio-pci/0000:06:12.5', '/dev/vfio/vfio']);
  });

  test('for a USB device unless it may be missing', () => {
    expect(paths(usb("<address bus='1' device='2'/>"))).toEqual(['/dev/bus/usb/001/002']);
    expect(paths(usb("<address bus='1' device='2'/>", " startupPolicy='optional'"))).toEqual(['/dev/bus/usb']);
  });

  test('and says what it cannot do', () => {
    expect(paths(controller + scsi(adapter, " rawio='yes'"))).toEqual(['unsupported', '/sys/bus/scsi/devices/3:0:1:2/scsi_generic']);
  });
});

test("a SCSI device's node is found by its address", async () => {
  await using folder = await mkdtempDisposable();
  await mkdir(`${folder.path}/3:0:1:2/scsi_generic/sg7`, { recursive: true });
  const parts = { devices: controller + scsi(adapter) };
  const scsiGenerics = await findScsiGenerics(x86.complete(parts), folder.path);
  expect([...scsiGenerics]).toEqual([['3:0:1:2', '/dev/sg7']]);
  expect(x86.options(parts, /host_device/, { scsiGenerics })).toMatchObject([{ filename: '/dev/sg7' }]);
  expect(x86.needs('hostdev', parts, { scsiGenerics })).toMatchObject([{ type: 'path', path: '/dev/sg7', access: 'read-write' }]);
});

test('everything is written back as it stood', () => {
  const devices = [
    "<hostdev mode='capabilities' type='net'><source><interface>eth0</interface></source><ip address='192.0.2.1' family='ipv4' prefix='24'/><route family='ipv4' address='192.0.2.0' prefix='24' gateway='192.0.2.1' metric='3'/></hostdev>",
    "<hostdev mode='subsystem' type='pci' managed='yes' display='off'><driver name='vfio' model='x'/><source><address domain='0x0001' bus='0x06' slot='0x12' function='0x5'/></source><teaming type='transient' persistent='ua-a'/><boot order='3'/><rom bar='on'/></hostdev>",
    "<hostdev mode='subsystem' type='usb' managed='no'><source startupPolicy='requisite' guestReset='on'><vendor id='0x0a12'/><product id='0x0001'/><address bus='1' device='2'/></source></hostdev>",
    "<hostdev mode='subsystem' type='scsi' managed='no' sgio='filtered' rawio='yes'><source><adapter name='scsi_host0'/><address bus='0' target='0' unit='1074872354'/></source><readonly/><shareable/></hostdev>",
    `<hostdev mode='subsystem' type='mdev' managed='no' model='vfio-pci' display='on' ramfb='on'><source><address uuid='${uuid}'/></source></hostdev>`,
  ].join('');
  expect(x86.written('hostdev', { devices })).toBe(devices);
});

describe('a refusal', () => {
  test.each([
    ["<hostdev mode='capabilities' type='misc'><source><char>/dev/x</char></source></hostdev>", /mode 'capabilities'/],
    [pci() + pci(), /0000:06:12\.5.*twice/],
    [pci("<driver name='kvm'/>"), /driver 'kvm'/],
    [pci('', " display='on'"), /needs a graphics device/],
    [pci("<teaming type='persistent'/>"), /teaming type 'persistent'/],
    [pci().replace('<source>', "<source writeFiltering='no'>"), /writeFiltering/],
    [pci().replace('<source>', "<source startupPolicy='optional'>"), /startupPolicy is for USB/],
    [usb(''), /neither vendor and product nor address/],
    [usb("<vendor id='0x1'/>"), /vendor and product belong together/],
    [controller + scsi(adapter, " sgio='unfiltered'"), /sgio='unfiltered'/],
    [controller + scsi(iscsi.replace('%', "<auth username='me'><secret type='ceph' usage='u'/></auth>")), /secret is of type 'iscsi', not 'ceph'/],
    [mdev('vfio-ccw'), /no device vfio-ccw|vfio-ccw/],
    [mdev('vfio-pci', '', "<boot order='1'/>"), /cannot boot from a mediated device/],
    [mdev('vfio-pci', '', "<rom bar='on'/>"), /only PCI devices have an option ROM/],
    ["<hostdev mode='subsystem' type='scsi_host'><source protocol='vhost' wwpn='naa.1'/></hostdev>", /attribute 'wwpn' in element 'source': 'naa\.1'/],
  ])('says why (%#)', (devices, reason) => {
    expect(x86.refusal({ devices })).toMatch(reason);
  });
});

describe('another definition in its place', () => {
  const other = (devices: string): (() => void) => () => checkAbiStability(x86.complete({ devices: pci() }), x86.complete({ devices }));

  test('may hand over another device of the host in another way', () => {
    expect(other(pci("<driver name='vfio'/>", '', "bus='0x07' slot='0x01' function='0x0'").replace("managed='yes'", "managed='no'"))).not.toThrow();
  });

  test('may not show it elsewhere or as something else', () => {
    expect(other(pci("<rom bar='off'/>"))).toThrow(/element 'devices\/hostdev\/rom'/);
    expect(other(usb("<address bus='1' device='2'/>"))).toThrow(/does not match source/);
  });
});
