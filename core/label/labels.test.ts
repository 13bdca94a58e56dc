import { chown, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { parseDomain } from '../devices/domain-xml.ts';
import { type MetadataLocking, withMetadataLock } from '../lock/metadata-lock.ts';
import { modeAllows } from './file-access.ts';
import { giveFiles, takeFilesBack } from './given-files.ts';
import { identityOfRun, ownerOfLabel } from './identity.ts';
import { labelledFiles } from './labelled-files.ts';

const isRoot = process.geteuid?.() === 0;
const none = { user: null, group: null };

describe('an identity', () => {
  test('is a pair of numbers or of names, and nothing else', async () => {
    expect(await ownerOfLabel('+107:+108')).toEqual({ uid: 107, gid: 108 });
    expect(await ownerOfLabel('root:root')).toEqual({ uid: 0, gid: 0 });
    for (const label of ['107', '107:', ':108', '1:2:3', 'no-such-user-here:root', '+4294967295:+0']) await expect(ownerOfLabel(label), label).rejects.toThrow('unsupported configuration: ');
  });

  test.skipIf(!isRoot)('of the domain’s label counts before the host’s, and nobody’s is this process’s own', async () => {
    const label = { model: 'dac', type: 'static' as const, relabel: true, label: '+64999:+64998', imagelabel: null };
    expect(await identityOfRun({ user: 'nobody', group: null }, [label])).toEqual({ uid: 64_999, gid: 64_998, groups: [], described: "user '64999' (64999:64998)" });
    expect(await identityOfRun({ user: 'nobody', group: null }, [])).toMatchObject({ uid: 65_534 });
    expect(await identityOfRun(none, [])).toBeNull();
    expect(await identityOfRun({ user: 'root', group: 'root' }, [])).toBeNull();
  });

  test.skipIf(isRoot)('of somebody else is root’s to give', async () => {
    const label = { model: 'dac', type: 'static' as const, relabel: true, label: '+0:+0', imagelabel: null };
    await expect(identityOfRun(none, [label])).rejects.toThrow('can be given by a Vireo that runs as root only');
  });
});

test('the first of owner, group and others that fits decides, and root may everything', () => {
  const file = { uid: 1, gid: 2, mode: 0o467 };
  const as = (uid: number, gid: number, groups: readonly number[] = []) => ({ uid, gid, groups });
  expect([modeAllows(file, as(1, 2), ['read']), modeAllows(file, as(1, 2), ['write'])]).toEqual([true, false]);
  expect([modeAllows(file, as(9, 2), ['read', 'write']), modeAllows(file, as(9, 9, [2]), ['write']), modeAllows(file, as(9, 2), ['search'])]).toEqual([true, true, false]);
  expect([modeAllows(file, as(9, 9), ['read', 'write', 'search']), modeAllows({ ...file, mode: 0 }, as(0, 0), ['write'])]).toEqual([true, true]);
});

test('images, what lies below them, and logs are labelled; an image’s own label counts for those below', () => {
  const disk = (source: string, more = ''): string => `<disk type='file' device='disk'>${more}<driver name='qemu' type='qcow2'/>${source}<target dev='vda' bus='virtio'/></disk>`;
  const chain = "<backingStore type='file'><format type='raw'/><source file='/images/base.raw'/></backingStore>";
  const xml = (devices: string): string => `<domain type='qemu'><name>a</name><memory>65536</memory><os><type arch='x86_64' machine='q35'>hvm</type><kernel>/boot/k</kernel></os><devices>${devices}</devices></domain>`;
  const files = labelledFiles(parseDomain(xml(`${disk(`<source file='/images/top.qcow2'><seclabel model='dac' relabel='yes'><label>+5:+6</label></seclabel></source>${chain}`)}<serial type='file'><source path='/logs/serial'/></serial>`)), [
    { type: 'path', path: '/dev/net/tun', access: 'read-write', why: '' }, { type: 'path', path: '/sys/class/net/br0', access: 'read', why: '' }, { type: 'path', path: '/dev/bus/usb/001/002', access: 'read-write', why: '' },
  ]);
  expect(files.map(({ path: file, access, kind, label }) => [file, access, kind, label])).toEqual([
    ['/images/top.qcow2', 'read-write', 'image', '+5:+6'],
    ['/images/base.raw', 'read', 'image', '+5:+6'],
    ['/boot/k', 'read', 'image', null],
    ['/logs/serial', 'read-write', 'made', null],
    ['/dev/net/tun', 'read-write', 'shared', null],
    ['/dev/bus/usb/001/002', 'read-write', 'node', null],
  ]);
});

describe.skipIf(!isRoot)('a file that runs are given', () => {
  let home: string;
  let image: string;
  const owner = { uid: 64_999, gid: 64_999 };

  beforeEach(async () => {
    home = await mkdtemp('/tmp/vireo-');
    image = path.join(home, 'image');
    await writeFile(image, 'x');
    await mkdir(path.join(home, 'leases'));
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  const locking = (): MetadataLocking => ({ clock: systemClock, stateFolder: home, settings: { lockManager: 'lease', leaseFolder: path.join(home, 'leases') } });
  const begin = async (name: string, to = owner): Promise<string> => {
    const runFolder = path.join(home, name);
    await mkdir(runFolder);
    const domain = { name, uuid: '6d8bd6a4-4c7e-4f2e-9a53-0d9b4d7a4b01' };
    await giveFiles({ ledgerFolder: path.join(home, 'owners'), runFolder, domain, locking: locking(), signal: new AbortController().signal }, [{ path: image, owner: to }, { path: path.join(home, 'missing'), owner: to }, { path: '/dev', owner: to }]);
    return runFolder;
  };
  const end = async (runFolder: string): Promise<void> => {
    await takeFilesBack(runFolder, systemClock, silentLog);
    await rm(runFolder, { recursive: true, force: true });
  };
  const uid = async (): Promise<number> => (await stat(image)).uid;

  test('is given back by the last of them', async () => {
    const [one, two] = [await begin('one'), await begin('two')];
    await end(one);
    expect(await uid()).toBe(owner.uid);
    await end(two);
    expect(await uid()).toBe(0);
  });

  /** Resolves when another one holds the image's metadata lock, with what lets it go. */
  const heldByAnother = (): Promise<() => Promise<void>> =>
    new Promise((resolve) => {
      const options = { signal: new AbortController().signal, domain: { name: 'other', uuid: '6d8bd6a4-4c7e-4f2e-9a53-0d9b4d7a4b02' } };
      const done: Promise<void> = withMetadataLock(locking(), image, options, () => new Promise((release) => resolve(() => (release(), done))));
    });

  test('changes its owner only while nobody else holds its metadata lock, both ways', async () => {
    const letGo = await heldByAnother();
    const giving = begin('one');
    await expect.poll(() => readdir(home)).toContain('owners');
    expect(await uid()).toBe(0);
    await letGo();
    const one = await giving;
    expect(await uid()).toBe(owner.uid);
    const letGoAgain = await heldByAnother();
    const ending = end(one);
    expect(await uid()).toBe(owner.uid);
    await letGoAgain();
    await ending;
    expect([await uid(), await readdir(path.join(home, 'leases'))]).toEqual([0, []]);
  });

  test('is not given to another user while one has it', async () => {
    const one = await begin('one');
    await expect(begin('two', { uid: 64_998, gid: 64_998 })).rejects.toThrow(/Setting different DAC user or group on .*\/image which is already in use: domain 'one'/);
    await end(path.join(home, 'two'));
    expect(await uid()).toBe(owner.uid);
    await end(one);
    expect(await uid()).toBe(0);
  });

  test('is remembered as its first owner’s when a run was forgotten', async () => {
    await rm(await begin('one'), { recursive: true });
    const two = await begin('two', { uid: 64_998, gid: 64_998 });
    expect(await uid()).toBe(64_998);
    await end(two);
    expect(await uid()).toBe(0);
  });

  test('stays whose it is when somebody has changed that meanwhile, or put another file in its place', async () => {
    const one = await begin('one');
    await rm(image);
    await writeFile(image, 'another');
    await end(one);
    expect(await uid()).toBe(0);
    const two = await begin('two');
    await chown(image, 64_997, 64_997);
    await end(two);
    expect(await uid()).toBe(64_997);
  });
});
