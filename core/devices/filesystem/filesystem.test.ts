import { describe, expect, test } from 'vitest';
import { complete, goldenLaunch, recordedCapabilities } from '../../../test/golden/golden-launch.ts';
import { buildCommandLine } from '../../command/build-command-line.ts';
import { liveDefinition } from '../../command/live-definition.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import type { HostNeed } from '../device-module.ts';
import { formatDomain, parseDomain } from '../domain-xml.ts';
import { type Filesystem } from './filesystem-definition.ts';
import { filesystemModule } from './filesystem.ts';

const capabilities = await recordedCapabilities();
const launch = goldenLaunch(capabilities);
const shared = "<memoryBacking><access mode='shared'/></memoryBacking>";

function domain(filesystem: string, memory = shared): string {
  return `<domain type='qemu'><name>x</name><memory>262144</memory>${memory}<os><type arch='x86_64' machine='q35'>hvm</type></os><devices>${filesystem}</devices></domain>`;
}

function live(filesystem: string): Filesystem {
  const [first] = devicesOf(liveDefinition(complete(domain(filesystem), capabilities), launch).devices, 'filesystem');
  if (!first) throw new Error('there is no filesystem');
  return first;
}

/** Where the address of a device lies is not what these are about. */
function rendered(filesystem: string): unknown[] {
  const { argv } = buildCommandLine(liveDefinition(complete(domain(filesystem), capabilities), launch), launch);
  return argv
    .filter((arg) => /fsdev-fs0|chr-vu-fs0|usb-mtp/.test(arg))
    .map((arg) => (arg.startsWith('{') ? { ...(JSON.parse(arg) as object), bus: undefined, addr: undefined, port: undefined } : arg));
}

const ninep = "<filesystem type='mount' accessmode='mapped' multidevs='remap' fmode='0640' dmode='750'><driver type='path' wrpolicy='immediate'/><source dir='/srv/a,b'/><target dir='tag'/><readonly/></filesystem>";
const virtiofs = "<filesystem><driver type='virtiofs' queue='1024'/><source dir='/srv/a'/><target dir='tag'/></filesystem>";

test('a folder over 9p is a local fsdev and its device', () => {
  expect(rendered(ninep)).toEqual([
    'local,security_model=mapped,multidevs=remap,fmode=0640,dmode=0750,writeout=immediate,id=fsdev-fs0,path=/srv/a,,b,readonly=on',
    { driver: 'virtio-9p-pci', id: 'fs0', fsdev: 'fsdev-fs0', mount_tag: 'tag' },
  ]);
});

test('a folder over virtiofs is the socket of its server and its device', () => {
  expect(rendered(virtiofs)).toEqual(['socket,id=chr-vu-fs0,path=/run/vireo/0badc0de/f-fs0', { driver: 'vhost-user-fs-pci', id: 'fs0', chardev: 'chr-vu-fs0', 'queue-size': 1024, tag: 'tag' }]);
  expect(rendered("<filesystem><driver type='virtiofs'/><source socket='/run/mine'/><target dir='tag'/></filesystem>")[0]).toBe('socket,id=chr-vu-fs0,path=/run/mine');
});

test('a folder as a media player is a USB device', () => {
  expect(rendered("<filesystem><driver type='mtp'/><source dir='/srv'/><target dir='music'/><readonly/></filesystem>")).toEqual([
    { driver: 'usb-mtp', id: 'fs0', rootdir: '/srv', desc: 'music', readonly: true },
  ]);
});

describe('virtiofsd', () => {
  const argvOf = (filesystem: string): readonly string[] => {
    const [side] = filesystemModule.sideProcesses === 'none' ? [] : filesystemModule.sideProcesses(live(filesystem), launch);
    return side && 'argv' in side ? side.argv : [];
  };

  test('is told everything that the definition says', () => {
    expect(argvOf(`<filesystem><driver type='virtiofs'/><binary path='/opt/virtiofsd' xattr='on'><cache mode='none'/><sandbox mode='chroot'/><lock posix='off' flock='on'/><thread_pool size='16'/><openfiles max='128'/></binary>
      <idmap><uid start='0' target='1000' count='1'/><gid start='0' target='1000' count='1'/></idmap><source dir='/srv/a'/><target dir='t'/><readonly/></filesystem>`)).toEqual([
      '--socket-path=/run/vireo/0badc0de/f-fs0', '-o', 'source=/srv/a,cache=none,sandbox=chroot,xattr,flock,no_posix_lock',
      '--thread-pool-size=16', '--rlimit-nofile=128', '--uid-map=:0:1000:1:', '--gid-map=:0:1000:1:', '--readonly',
    ]);
  });

  test('never takes a folder apart at its commas', () => {
    expect(argvOf("<filesystem><driver type='virtiofs'/><source dir='/srv/a,sandbox=none'/><target dir='t'/></filesystem>")).toEqual(['--socket-path=/run/vireo/0badc0de/f-fs0', '--shared-dir', '/srv/a,sandbox=none']);
  });

  test('is not started where somebody else runs it, and its socket is needed then', () => {
    const filesystem = live("<filesystem><driver type='virtiofs'/><source socket='/run/mine'/><target dir='t'/></filesystem>");
    expect(filesystemModule.sideProcesses === 'none' ? null : filesystemModule.sideProcesses(filesystem, launch)).toEqual([]);
    const needs: readonly HostNeed[] = filesystemModule.hostNeeds === 'none' ? [] : filesystemModule.hostNeeds(filesystem, launch);
    expect(needs).toMatchObject([{ type: 'path', path: '/run/mine' }]);
  });
});

test.each([
  ["<filesystem type='ram'><source usage='1' units='MiB'/><target dir='t'/></filesystem>", /only filesystem type 'mount' exists in QEMU, not 'ram'/],
  ["<filesystem fmode='0644'><source dir='/a'/><target dir='t'/></filesystem>", /fmode and dmode are for accessmode='mapped' only/],
  ["<filesystem><driver type='handle'/><source dir='/a'/><target dir='t'/></filesystem>", /driver type 'handle' does not exist in QEMU/],
  ["<filesystem accessmode='squash'><driver type='virtiofs'/><source dir='/a'/><target dir='t'/></filesystem>", /knows accessmode 'passthrough' only, not 'squash'/],
  ["<filesystem model='virtio'><driver type='virtiofs'/><source dir='/a'/><target dir='t'/></filesystem>", /driver type 'virtiofs' has no model \('virtio'\)/],
  [virtiofs + virtiofs, /two filesystems have this target/],
  ["<filesystem><source dir='/a'/><target dir='t'/><boot order='1'/></filesystem>", /a boot order is for driver type 'virtiofs' only/],
  ["<filesystem><source dir='/a'/><target dir='t'/><space_hard_limit>1</space_hard_limit></filesystem>", /QEMU limits no space/],
  ["<filesystem><source file='/a'/><target dir='t'/></filesystem>", /its source needs the attribute 'dir'/],
])('%s is refused', (filesystem, message) => {
  expect(() => complete(domain(filesystem), capabilities)).toThrow(message);
});

test('virtiofs is refused while the memory of the guest is private', () => {
  expect(() => complete(domain(virtiofs, ''), capabilities)).toThrow(/filesystem 'tag' of driver type 'virtiofs' needs memory that its own process can see/);
});

test('modes and sizes are written as libvirt does', () => {
  const xml = formatDomain(parseDomain(domain("<filesystem type='ram' fmode='640' dmode='0750'><source usage='2' units='MiB'/><target dir='t'/><space_hard_limit unit='KiB'>2</space_hard_limit></filesystem>")), { form: 'inactive' });
  expect(xml).toContain("<filesystem type='ram' fmode='0640' dmode='0750'>");
  expect(xml).toContain("<source usage='2048' units='KiB'/>");
  expect(xml).toContain("<space_hard_limit unit='bytes'>2048</space_hard_limit>");
});
