import { mkdtemp, rm } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { complete, goldenLaunch, recordedCapabilities } from '../../../test/golden/golden-launch.ts';
import { VireoError } from '../../base/errors.ts';
import type { QemuCapabilities } from '../../capabilities/qemu-capabilities.ts';
import { buildCommandLine } from '../../command/build-command-line.ts';
import { liveDefinition } from '../../command/live-definition.ts';
import { LaunchSecrets } from '../../secret/launch-secrets.ts';
import { needKey } from '../../secret/secret-reference.ts';
import { formatDomain, parseDomain } from '../domain-xml.ts';
import type { LaunchContext } from '../launch-context.ts';
import { moduleOf } from '../registry.ts';
import { secretNeeds } from '../secret-needs.ts';
import { ioThrottles } from './io-throttle.ts';

let capabilities: QemuCapabilities;
beforeAll(async () => {
  capabilities = await recordedCapabilities();
});

function domain(disks: string, { head = '', machine = 'pc' } = {}): string {
  return `<domain type='qemu'><name>x</name><memory unit='MiB'>64</memory>${head}<os><type machine='${machine}'>hvm</type></os><devices>${disks}<memballoon model='none'/></devices></domain>`;
}

function disk(source: string, target = "dev='vda' bus='virtio'", more = '', driver = '<driver name="qemu" type="raw"/>'): string {
  return `<disk ${source.startsWith('<') ? `type='file'` : source.slice(0, source.indexOf('<'))}>${driver}${source.slice(source.indexOf('<'))}<target ${target}/>${more}</disk>`;
}

const luks = "<encryption format='luks'><secret type='passphrase' uuid='3b6d4f9e-7a51-4f0c-9d2e-0c8f1a2b3c4d'/></encryption>";

/** The arguments of `option`, as JSON. */
function rendered(xml: string, option: string, more: Partial<LaunchContext> = {}): readonly Record<string, unknown>[] {
  const launch = { ...goldenLaunch(capabilities), ...more };
  const { argv } = buildCommandLine(liveDefinition(complete(xml, capabilities), launch), launch);
  return argv.flatMap((argument, at) => (argv[at - 1] === `-${option}` && argument.startsWith('{') ? [JSON.parse(argument) as Record<string, unknown>] : []));
}

function refusal(xml: string): string {
  try {
    rendered(xml, 'device');
  } catch (error) {
    if (error instanceof VireoError) return error.message;
    throw error;
  }
  throw new Error('was accepted');
}

describe('a source becomes a protocol node', () => {
  test.each([
    ["type='block'<source dev='/dev/vg/a'/>", { driver: 'host_device', filename: '/dev/vg/a' }],
    ["type='network'<source protocol='nbd' name='e'><host name='::1'/></source>", { driver: 'nbd', server: { type: 'inet', host: '::1', port: '10809' }, export: 'e' }],
    ["type='network'<source protocol='https' name='a b?.iso' query='x=1'><host name='h'/><ssl verify='no'/><readahead size='65536'/><timeout seconds='6'/></source>", { driver: 'https', url: 'https://h:443/a%20b%3F.iso?x=1', sslverify: false, readahead: 65_536, timeout: 6 }],
    ["type='network'<source protocol='ssh' name='/i'><host name='h'/></source>", { driver: 'ssh', path: '/i', server: { host: 'h', port: '22' } }],
    ["type='network'<source protocol='iscsi' name='iqn.2024-01.org.example:d'><host name='::1'/><initiator><iqn name='iqn.me'/></initiator></source>", { driver: 'iscsi', portal: '[::1]:3260', target: 'iqn.2024-01.org.example:d', lun: 0, 'initiator-name': 'iqn.me' }],
    ["type='network'<source protocol='rbd' name='p/i/j'><snapshot name='s'/><config file='/c'/></source>", { driver: 'rbd', pool: 'p', image: 'i/j', snapshot: 's', conf: '/c' }],
    ["type='network'<source protocol='gluster' name='v/i'><host name='h'/><host transport='unix' socket='/s'/></source>", { driver: 'gluster', volume: 'v', path: 'i', server: [{ type: 'inet', host: 'h', port: '24007' }, { type: 'unix', path: '/s' }] }],
    ["type='network'<source protocol='nfs' name='/i'><host name='h'/><identity user='+7' group='8'/></source>", { driver: 'nfs', path: '/i', server: { host: 'h', type: 'inet' }, user: 7, group: 8 }],
    ["type='nvme'<source type='pci' namespace='2'><address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></source>", { driver: 'nvme', device: '0000:01:00.0', namespace: 2 }],
  ])('%s', (source, node) => {
    expect(rendered(domain(disk(source)), 'blockdev')[0]).toMatchObject({ ...node, 'node-name': 'libvirt-1-storage', 'auto-read-only': true });
  });
});

describe('the block graph', () => {
  const chain = `<backingStore type='block'><format type='qcow2'/><source dev='/dev/b'/><backingStore type='file'><format type='raw'/><source file='/c'/><backingStore/></backingStore></backingStore>`;

  test('puts what lies below first and says where it ends', () => {
    const nodes = rendered(domain(disk(`<source file='/a'/>${chain}`, undefined, '', "<driver type='qcow2' cache='unsafe'/>")), 'blockdev');
    expect(nodes.map((node) => [node['node-name'], node['file'] ?? node['filename'], node['backing'], node['read-only']])).toEqual([
      ['libvirt-3-storage', '/c', undefined, undefined], ['libvirt-3-format', 'libvirt-3-storage', undefined, true],
      ['libvirt-2-storage', '/dev/b', undefined, undefined], ['libvirt-2-format', 'libvirt-2-storage', 'libvirt-3-format', true],
      ['libvirt-1-storage', '/a', undefined, undefined], ['libvirt-1-format', 'libvirt-1-storage', 'libvirt-2-format', false],
    ]);
    expect(nodes.every(({ cache }) => JSON.stringify(cache) === '{"direct":false,"no-flush":true}')).toBe(true);
  });

  test('has filters above the image, copy-on-read below the throttle groups', () => {
    const head = "<throttlegroups><throttlegroup><total_iops_sec>5</total_iops_sec><group_name>a</group_name></throttlegroup></throttlegroups>";
    const xml = domain(disk("<source file='/a'/>", undefined, "<throttlefilters><throttlefilter group='a'/></throttlefilters>", "<driver copy_on_read='on'/>"), { head });
    expect(rendered(xml, 'blockdev').slice(2)).toEqual([
      { driver: 'copy-on-read', discard: 'unmap', 'node-name': 'libvirt-CoR-vda', file: 'libvirt-1-format' },
      { driver: 'throttle', 'throttle-group': 'throttle-a', 'node-name': 'libvirt-1-filter0', file: 'libvirt-CoR-vda' },
    ]);
    expect(rendered(xml, 'device').at(-1)).toMatchObject({ drive: 'libvirt-1-filter0' });
  });

  test('numbers every image of a run once, and shows the numbers in the XML of the run only', () => {
    const launch = goldenLaunch(capabilities);
    const live = liveDefinition(complete(domain(disk(`<source file='/a'/>${chain}`, undefined, '', "<driver type='qcow2'/>") + disk("<source file='/d'/>", "dev='vdb'")), capabilities), launch);
    const numbers = (form: 'live' | 'inactive'): readonly string[] => formatDomain(live, { form }).match(/index='\d'(?=>|\/>)/g)?.filter((_, at) => at < 4) ?? [];
    expect(numbers('live')).toEqual(["index='1'", "index='2'", "index='3'", "index='4'"]);
    expect(formatDomain(live, { form: 'inactive' })).not.toMatch(/<(source|backingStore)[^>]* index=/);
  });
});

describe('a secret', () => {
  const xml = domain(disk(`<source file='/a'>${luks}</source>`) + disk("type='network'<source protocol='https' name='i'><host name='h'/><cookies><cookie name='c'>bitter</cookie></cookies><auth username='u'><secret type='iscsi' usage='w'/></auth></source>", "dev='vdb'"));

  test('reaches QEMU as an object that is sealed, and nothing of it stands on the command line', async () => {
    const folder = await mkdtemp('/tmp/vireo-disk-');
    try {
      const definition = complete(xml, capabilities);
      const values = new Map(secretNeeds(definition).map((need, at) => [needKey(need), Buffer.from(`word-${at}`)]));
      const secrets = await LaunchSecrets.create(`${folder}/key`, values);
      const objects = rendered(xml, 'object', { secrets }).filter((object) => object['qom-type'] === 'secret');
      expect(objects.map(({ id }) => id)).toEqual(['masterKey0', 'libvirt-1-format-encryption-secret0', 'libvirt-2-storage-auth-secret0', 'libvirt-2-storage-httpcookie-secret0']);
      expect(objects[0]).toEqual({ 'qom-type': 'secret', id: 'masterKey0', format: 'raw', file: `${folder}/key` });
      expect(JSON.stringify(objects)).not.toMatch(/word-|bitter/);
      const nodes = rendered(xml, 'blockdev', { secrets });
      expect(nodes[1]).toMatchObject({ driver: 'luks', 'key-secret': 'libvirt-1-format-encryption-secret0' });
      expect(nodes[2]).toMatchObject({ username: 'u', 'password-secret': 'libvirt-2-storage-auth-secret0', 'cookie-secret': 'libvirt-2-storage-httpcookie-secret0' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('of cookies is written only for those who may see passwords', () => {
    const definition = parseDomain(xml);
    expect([formatDomain(definition, { form: 'inactive' }).includes('bitter'), formatDomain(definition, { form: 'inactive', secure: true }).includes('bitter')]).toEqual([false, true]);
  });
});

describe('the guest sees', () => {
  test.each([
    ["dev='sda' bus='scsi' rotation_rate='7200'", '<vendor>V</vendor><product>P</product>', { driver: 'scsi-hd', rotation_rate: 7200, vendor: 'V', product: 'P', device_id: 'drive-scsi0-0-0' }],
    ["dev='hdb'", '<serial>s</serial><shareable/>', { driver: 'ide-hd', bus: 'ide.0', unit: 1, serial: 's', 'share-rw': true, 'write-cache': 'on' }],
    ["dev='sdb' bus='usb'", '', { driver: 'usb-storage', id: 'usb-disk1', removable: false }],
    ["dev='vdc'", "<blockio logical_block_size='4096' discard_granularity='0'/>", { driver: 'virtio-blk-pci', id: 'virtio-disk2', logical_block_size: 4096 }],
  ])('%s %s', (target, more, device) => {
    expect(rendered(domain(disk("<source file='/a'/>", target, more)), 'device').at(-1)).toMatchObject(device);
  });

  test('the disks of a bus in the order of their names', () => {
    const { devices } = complete(domain(['vdb', 'hdb', 'vda', 'hda'].map((dev) => disk("<source file='/a'/>", `dev='${dev}'`)).join('')), capabilities);
    expect(devices.flatMap((device) => (device.kind === 'disk' ? [device.target.dev] : []))).toEqual(['vda', 'vdb', 'hda', 'hdb']);
  });

  test('a floppy drive on the controller of the board, or on one that comes with it', () => {
    const floppy = "<disk type='file' device='floppy'><source file='/a'/><target dev='fda'/></disk>";
    expect(rendered(domain(floppy), 'device').at(-1)).toEqual({ driver: 'floppy', unit: 0, drive: 'libvirt-1-format', id: 'fdc0-0-0' });
    expect(rendered(domain(floppy, { machine: 'q35' }), 'device').slice(-2)).toMatchObject([{ driver: 'isa-fdc' }, { driver: 'floppy' }]);
  });
});

test('limits are told to the object that holds the block device', () => {
  const limited = (target: string): string => disk("<source file='/a'/>", target, '<iotune><total_bytes_sec>9</total_bytes_sec><size_iops_sec>0</size_iops_sec></iotune>');
  const live = liveDefinition(complete(domain(limited("dev='vda'") + limited("dev='sda' bus='usb'") + limited("dev='hda'")), capabilities), goldenLaunch(capabilities));
  const rates = { bps: 9, bps_rd: 0, bps_wr: 0, iops: 0, iops_rd: 0, iops_wr: 0 };
  expect(ioThrottles(live)).toEqual([
    { id: '/machine/peripheral/virtio-disk0/virtio-backend', ...rates }, { id: '/machine/peripheral/usb-disk0/usb-disk0.0/legacy[0]', ...rates }, { id: 'ide0-0-0', ...rates },
  ]);
});

describe('refused with the name of the disk is', () => {
  const file = "<source file='/a'/>";
  test.each([
    ['two disks of one name', disk(file) + disk(file), "target 'vda' is used by two disks"],
    ['a partition', disk(file, "dev='vda1'"), "target 'vda1' is no name of a disk"],
    ['a CD-ROM on virtio', `<disk type='file' device='cdrom'>${file}<target dev='vda'/></disk>`, "bus 'virtio' has no ejectable media"],
    ['a disk without a source', "<disk type='file'><target dev='vda'/></disk>", 'it has no source'],
    ['what Xen has', disk(file, "dev='xvda'"), "bus 'xen' is not one of QEMU's"],
    ['a card without a slot', disk(file, "dev='sda' bus='sd'"), 'has no slot for SD cards'],
    ['a relative path', disk("<source file='a'/>"), "its source 'a' is not an absolute path"],
    ['limits that contradict each other', disk(file, undefined, '<iotune><total_bytes_sec>1</total_bytes_sec><read_bytes_sec>1</read_bytes_sec></iotune>'), 'iotune total_bytes_sec excludes'],
    ['a burst without a rate', disk(file, undefined, '<iotune><total_bytes_sec_max>1</total_bytes_sec_max></iotune>'), 'iotune total_bytes_sec_max needs total_bytes_sec'],
    ['a limit beyond QEMU', disk(file, undefined, '<iotune><total_bytes_sec>1000000000000001</total_bytes_sec></iotune>'), 'is more than'],
    ['an unknown throttle group', disk(file, undefined, "<throttlefilters><throttlefilter group='a'/></throttlefilters>"), "the throttle group 'a'"],
    ['a thread that is not there', disk(file, undefined, '', "<driver iothread='3'/>"), "iothread '3' is not defined in iothreadids"],
    ['queues on another bus', disk(file, "dev='hda'", '', "<driver queues='2'/>"), "queues are for bus 'virtio'"],
    ['io=native with a cache', disk(file, undefined, '', "<driver io='native'/>"), "io='native' needs cache='none'"],
    ['a wwn on virtio', disk(file, undefined, '<wwn>5000c50015ea71ac</wwn>'), 'wwn is for buses ide and scsi'],
    ['a lun of a file', `<disk type='file' device='lun'>${file}<target dev='sda' bus='scsi'/></disk>`, "device 'lun' takes a source of type 'block'"],
    ['an image over a raw one', disk(`${file}<backingStore type='file'><format type='raw'/><source file='/b'/></backingStore>`), "format 'raw' does not lie over a backingStore"],
    ['encryption that is too weak', disk(`<source file='/a'>${luks.replace('luks', 'qcow')}</source>`, undefined, '', "<driver type='qcow2'/>"), 'is too weak'],
    ['a protocol of the past', disk("type='network'<source protocol='sheepdog' name='i'><host name='h'/></source>"), "protocol 'sheepdog' is one that QEMU no longer has"],
    ['two hosts for one', disk("type='network'<source protocol='nbd'><host name='a'/><host name='b'/></source>"), "protocol 'nbd' takes exactly one host, not 2"],
    ['a folder that is written', disk("type='dir'<source dir='/a'/>", undefined, '', "<driver type='fat'/>"), 'can only be read'],
    ['memory that vhost-user cannot see', disk("type='vhostuser'<source type='unix' path='/s'/>", undefined, '', ''), 'needs memory that is shared'],
    ['a volume', disk("type='volume'<source pool='p' volume='v'/>", undefined, '', ''), "volume 'v' of pool 'p' cannot be looked up"],
    ['a cookie with a second header', disk("type='http'<source/>".replace("'http'", "'network'").replace('<source/>', "<source protocol='http' name='i'><host name='h'/><cookies><cookie name='a'>b&#13;&#10;c</cookie></cookies></source>")), "cookie 'a' has characters"],
  ])('%s', (_, disks, message) => {
    expect(refusal(domain(disks))).toContain(message);
  });
});

test('a run looks for the images of every layer before QEMU does', () => {
  const xml = domain(disk("<source file='/a'/><backingStore type='block'><format type='raw'/><source dev='/b'/></backingStore>", undefined, '', "<driver type='qcow2'/>"));
  const launch = goldenLaunch(capabilities);
  const [first] = liveDefinition(complete(xml, capabilities), launch).devices;
  const { hostNeeds } = moduleOf({ kind: 'disk' });
  expect(first && hostNeeds !== 'none' ? hostNeeds(first, launch) : []).toEqual([
    { type: 'path', path: '/a', access: 'read-write', why: "disk 'vda'" }, { type: 'path', path: '/b', access: 'read', why: "disk 'vda'" },
  ]);
});
