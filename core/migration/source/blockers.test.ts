import { describe, expect, test } from 'vitest';
import { parseDomain } from '../../devices/domain-xml.ts';
import { type MigrationOptionsInput, migrationOptionsSchema } from '../migration-options.ts';
import { deviceBlockers, qemuBlockers, unsafeDisks } from './blockers.ts';
import { hostOf, qemuUri } from './qemu-uri.ts';

const domain = (devices: string, rest = '') => parseDomain(`<domain type='qemu'><name>a</name><memory>65536</memory><os><type arch='x86_64' machine='q35'>hvm</type></os>${rest}<devices>${devices}</devices></domain>`);
const words = (blockers: readonly { readonly error: Error }[]): string[] => blockers.map(({ error }) => error.message);

describe('a device that keeps a guest where it is', () => {
  test.each([
    ["<hostdev mode='subsystem' type='pci'><source><address bus='1' slot='0' function='0'/></source></hostdev>", "cannot migrate a domain with <hostdev mode='subsystem' type='pci'>"],
    ["<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source></hostdev>", "type='mdev'"],
    ["<filesystem><driver type='virtiofs'/><source dir='/s'/><target dir='t'/></filesystem>", 'migration with this virtiofs device is not supported'],
    ["<shmem name='s'><model type='ivshmem-plain'/></shmem>", "only shmem with role='master' can be migrated"],
    ["<disk type='file'><source file='/a'/><target dev='vda'/><transient/></disk>", 'migration with transient disk is not supported'],
  ])('%s is named', (devices, expected) => {
    expect(words(deviceBlockers(domain(devices)))).toEqual([expect.stringContaining(expected)]);
  });

  test.each(["<hostdev mode='subsystem' type='usb'><source><vendor id='0x1'/><product id='0x2'/></source></hostdev>", "<shmem name='s' role='master'><model type='ivshmem-plain'/></shmem>", "<disk type='file'><source file='/a'/><target dev='vda'/></disk>"])('%s does not', (devices) => {
    expect(deviceBlockers(domain(devices))).toEqual([]);
  });

  test('an invariant TSC goes only with its frequency', () => {
    const cpu = "<cpu mode='custom'><model>qemu64</model><feature policy='require' name='invtsc'/></cpu>";
    expect(words(deviceBlockers(domain('', cpu)))).toEqual([expect.stringContaining("'invtsc' CPU feature")]);
    expect(deviceBlockers(domain('', `${cpu}<clock offset='utc'><timer name='tsc' frequency='3504000000'/></clock>`))).toEqual([]);
  });
});

describe('a disk is unsafe to share', () => {
  const local = "<disk type='file'><source file='/vireo-nowhere/a'/><target dev='vda'/></disk>";
  const unsafe = async (devices: string, given: MigrationOptionsInput = {}, sameComputer = false): Promise<string[]> => words(await unsafeDisks(domain(devices), migrationOptionsSchema.parse(given), { sameComputer }));

  test('where only this host has it', async () => {
    expect(await unsafe(local)).toEqual(['Unsafe migration: Migration without shared storage is unsafe']);
  });

  test('but not where it is copied, read-only, empty, on the network, or the destination is this computer; nor where the user takes the risk', async () => {
    expect(await unsafe(local, { copyStorage: 'all' })).toEqual([]);
    expect(await unsafe(local.replace('<target', '<readonly/><target'))).toEqual([]);
    expect(await unsafe("<disk type='file' device='cdrom'><target dev='sda'/></disk>")).toEqual([]);
    expect(await unsafe("<disk type='network'><source protocol='nbd' name='x'><host name='h' port='1'/></source><target dev='vda'/></disk>")).toEqual([]);
    expect(await unsafe(local, {}, true)).toEqual([]);
    expect(await unsafe(local, { unsafe: true })).toEqual([]);
  });

  test('where its cache is one that is never written out', async () => {
    const block = (cache: string): string => `<disk type='block'><driver name='qemu' type='raw' cache='${cache}'/><source dev='/dev/vireo-none'/><target dev='vda'/></disk>`;
    expect(await unsafe(block('unsafe'))).toEqual(['Unsafe migration: Migration may lead to data corruption if disks use cache other than none or directsync']);
    expect(await unsafe(block('none'))).toEqual([]);
  });
});

test("QEMU's own reasons are told together", () => {
  expect(words(qemuBlockers(['a', 'b']))).toEqual(['Requested operation is not valid: cannot migrate domain: a; b']);
  expect(qemuBlockers([])).toEqual([]);
});

describe('a migration URI', () => {
  test.each([
    ['tcp:host:49152', 'tcp:host:49152', 'host'],
    ['tcp://host:49152', 'tcp:host:49152', 'host'],
    ['tcp:[::1]:49152', 'tcp:[::1]:49152', '::1'],
    ['unix:/run/a', 'unix:/run/a', null],
    ['unix:///run/a', 'unix:/run/a', null],
  ])('%s is %s for QEMU', (uri, expected, host) => {
    expect([qemuUri(uri), hostOf(uri)]).toEqual([expected, host]);
  });

  test.each([['tcp:host', /names no host and port/], ['tcp::1', /names no host and port/], ['rdma:h:1', /RDMA migration is not supported/], ['exec:sh', /unsupported scheme exec/], ['unix:a', /unable to parse URI/], ['', /missing scheme/]])('%s is refused', (uri, why) => {
    expect(() => qemuUri(uri)).toThrow(why);
  });
});
