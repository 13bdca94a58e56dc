import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VireoError } from '../../base/errors.ts';
import { mayRead } from '../../storage/read-image.ts';
import { parseDomain } from '../domain-xml.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import { detectChain } from './detect-chain.ts';
import type { Disk } from './disk-definition.ts';
import { lookAtImages } from './look-at-images.ts';

const run = promisify(execFile);
const noDeadline = new AbortController().signal;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp('/tmp/vireo-chain-');
  await image('base.raw', 'raw');
  await image('base.qcow2', 'qcow2');
});
afterAll(() => rm(folder, { recursive: true }));

async function image(name: string, format: string, ...options: readonly string[]): Promise<void> {
  await run('qemu-img', ['create', '-q', '-f', format, ...options, name, '1M'], { cwd: folder });
}

/** An overlay whose header names whatever is asked for, there or not. */
async function overlay(name: string, backing: string, format = 'raw'): Promise<void> {
  await image(name, 'qcow2', '-u', '-b', backing, '-F', format);
}

function domainWith(diskXml: string): ReturnType<typeof parseDomain> {
  return parseDomain(`<domain type='qemu'><name>x</name><memory>1024</memory><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>${diskXml.replaceAll('FOLDER', folder)}</devices></domain>`, { source: 'the test', form: 'inactive' });
}

function diskOf(name: string, { type = 'qcow2', device = 'disk', policy = '', more = '', file = `FOLDER/${name}` } = {}): string {
  return `<disk type='file' device='${device}'><driver name='qemu' type='${type}'/><source file='${file}'${policy === '' ? '' : ` startupPolicy='${policy}'`}/>${more}<target dev='vda' bus='virtio'/></disk>`;
}

async function chainOf(xml: string, allowProbing = false): Promise<{ readonly layers: readonly (string | null)[]; readonly terminated: boolean; readonly probed: boolean; readonly disk: Disk }> {
  const [written] = devicesOf(domainWith(xml).devices, 'disk');
  const { disk, probed } = await detectChain(written as Disk, { allowProbing, reader: null });
  const layers = disk.chain.layers.map(({ backend, format }) => `${format.type} ${backend.type === 'file' ? backend.source?.file?.replace(folder, '') : backend.type}`);
  return { layers, terminated: disk.chain.terminated, probed, disk };
}

describe('below an image lies', () => {
  test('nothing, where its format has no such thing', async () => {
    expect(await chainOf(diskOf('base.raw', { type: 'raw' }))).toMatchObject({ layers: [], terminated: true });
    // A raw image may hold what looks like any other: a guest may have written it there.
    expect(await chainOf(diskOf('base.qcow2', { type: 'raw' }))).toMatchObject({ layers: [], terminated: true });
  });

  test('what each header names, down to the last', async () => {
    await overlay('two.qcow2', 'one.qcow2', 'qcow2');
    await overlay('one.qcow2', 'base.raw');
    expect(await chainOf(diskOf('two.qcow2'))).toMatchObject({ layers: ['qcow2 /one.qcow2', 'raw /base.raw'], terminated: true });
  });

  test('what the definition says instead, and nothing where it says so', async () => {
    const below = "<backingStore type='file'><format type='qcow2'/><source file='FOLDER/one.qcow2'/></backingStore>";
    await overlay('other.qcow2', 'nowhere.raw');
    expect(await chainOf(diskOf('other.qcow2', { more: below }))).toMatchObject({ layers: ['qcow2 /one.qcow2', 'raw /base.raw'], terminated: true });
    expect(await chainOf(diskOf('other.qcow2', { more: '<backingStore/>' }))).toMatchObject({ layers: [], terminated: true });
  });

  test('what json: says, which may go further than the header it stands in', async () => {
    const file = (name: string): object => ({ driver: 'file', filename: `${folder}/${name}` });
    await overlay('json.qcow2', `json:${JSON.stringify({ driver: 'qcow2', file: file('base.qcow2'), backing: { driver: 'raw', file: file('base.raw') } })}`, 'qcow2');
    expect(await chainOf(diskOf('json.qcow2'))).toMatchObject({ layers: ['qcow2 /base.qcow2', 'raw /base.raw'], terminated: true });
  });

  test('an image on a server, whose own header is QEMU’s to read', async () => {
    await overlay('remote.qcow2', 'nbd://example.org/disk', 'raw');
    expect(await chainOf(diskOf('remote.qcow2'))).toMatchObject({ layers: ['raw network'], terminated: true });
    await overlay('remote-overlay.qcow2', 'nbd://example.org/disk', 'qcow2');
    expect(await chainOf(diskOf('remote-overlay.qcow2'))).toMatchObject({ layers: ['qcow2 network'], terminated: false });
  });

  test('the header of an image that is a part of a file, read where that part begins', async () => {
    await run('sh', ['-c', 'head -c 65536 /dev/zero > container; cat two.qcow2 >> container'], { cwd: folder });
    const sliced = diskOf('container').replace("container'/>", "container'><slices><slice type='storage' offset='65536' size='262144'/></slices></source>");
    expect(await chainOf(sliced)).toMatchObject({ layers: ['qcow2 /one.qcow2', 'raw /base.raw'] });
  });

  test('and beside it the file that holds its data', async () => {
    await image('map.qcow2', 'qcow2', '-o', 'data_file=data.raw,data_file_raw=on');
    const { disk } = await chainOf(diskOf('map.qcow2'));
    expect(disk.backend.source).toMatchObject({ dataStore: { format: { type: 'raw' }, backend: { type: 'file', source: { file: `${folder}/data.raw` } } } });
  });
});

describe('refused with disk and file is', () => {
  test('an image that is not there, with the one that names it', async () => {
    await overlay('lost.qcow2', 'gone.raw');
    await expect(chainOf(diskOf('lost.qcow2'))).rejects.toThrow(`disk 'vda': '${folder}/gone.raw', which lies below '${folder}/lost.qcow2', does not exist`);
    await expect(chainOf(diskOf('gone.qcow2'))).rejects.toThrow(`disk 'vda': '${folder}/gone.qcow2' does not exist`);
    await expect(chainOf(diskOf('', { type: 'raw', file: 'FOLDER/base.raw/inside' }))).rejects.toThrow('does not exist');
  });

  test('a folder, a pipe, a link to itself', async () => {
    await mkdir(`${folder}/folder`);
    await overlay('on-folder.qcow2', 'folder');
    await expect(chainOf(diskOf('on-folder.qcow2'))).rejects.toThrow(`'${folder}/folder', which lies below '${folder}/on-folder.qcow2', is a folder, no image`);
    await run('mkfifo', [`${folder}/pipe`]);
    await expect(chainOf(diskOf('pipe'))).rejects.toThrow(`'${folder}/pipe' is neither a file nor a block device`);
    await symlink('round', `${folder}/round`);
    await expect(chainOf(diskOf('round'))).rejects.toThrow(`'${folder}/round' is a link that leads to itself`);
  });

  test('a circle, whatever names its images have', async () => {
    await overlay('a.qcow2', 'b.qcow2', 'qcow2');
    await overlay('b.qcow2', 'a-again.qcow2', 'qcow2');
    await symlink('a.qcow2', `${folder}/a-again.qcow2`);
    await expect(chainOf(diskOf('a.qcow2'))).rejects.toThrow(`disk 'vda': its images lie on one another in a circle: '${folder}/a.qcow2' on '${folder}/b.qcow2' on '${folder}/a-again.qcow2'`);
  });

  test('a chain that is too deep', async () => {
    for (const [at] of Array.from({ length: 202 }).entries()) await writeFile(`${folder}/deep${at}`, qcow2Over(`deep${at + 1}`));
    await expect(chainOf(diskOf('deep0'), true)).rejects.toThrow('backing chains more than 200 layers deep are not supported');
  });

  test('a header that is cut off, or is another format’s', async () => {
    await image('short.qcow2', 'qcow2');
    await truncate(`${folder}/short.qcow2`, 40);
    await overlay('on-short.qcow2', 'short.qcow2', 'qcow2');
    await expect(chainOf(diskOf('on-short.qcow2'))).rejects.toThrow(`'${folder}/short.qcow2', which lies below '${folder}/on-short.qcow2', cannot be read: the image's header is cut off`);
    await expect(chainOf(diskOf('base.raw'))).rejects.toThrow(`'${folder}/base.raw' is not in qcow2 format: its header is none that is known`);
    await expect(chainOf(diskOf('base.qcow2', { type: 'qed' }))).rejects.toThrow("is not in qed format: its header is that of qcow2");
  });

  test('an encrypted layer without its secret', async () => {
    await writeFile(`${folder}/secret.qcow2`, qcow2Over('', 2));
    await overlay('on-secret.qcow2', 'secret.qcow2', 'qcow2');
    await expect(chainOf(diskOf('secret.qcow2'))).rejects.toThrow('give its source an <encryption>');
    await expect(chainOf(diskOf('on-secret.qcow2'))).rejects.toThrow(/secret\.qcow2', which lies below .* is encrypted.* give it a <backingStore>/);
  });

  test('a protocol that nobody knows, and what is only nearly json', async () => {
    await overlay('odd.qcow2', 'blkverify:x');
    await expect(chainOf(diskOf('odd.qcow2'))).rejects.toThrow(`the header of '${folder}/odd.qcow2' names the image 'blkverify:x' below it, and 'blkverify' is no protocol that this driver knows`);
  });

  test('every disk of the domain at once', async () => {
    const two = domainWith(diskOf('gone1') + diskOf('gone2').replace("'vda'", "'vdb'"));
    await expect(lookAtImages(two, { allowProbing: false, reader: null, coldBoot: true, deadline: noDeadline })).rejects.toThrow(/disk 'vda'.*gone1' does not exist; disk 'vdb'.*gone2' does not exist/);
  });
});

test('storage that does not answer in its time is named by its disks', async () => {
  const over = AbortSignal.abort(new VireoError('OPERATION_TIMEOUT', 'over'));
  await expect(lookAtImages(domainWith(diskOf('base.qcow2')), { allowProbing: false, reader: null, coldBoot: true, deadline: over })).rejects.toThrow("Timed out during operation: disk 'vda': the storage of its images does not answer");
});

describe('a format that nobody recorded', () => {
  test('is not guessed, unless the host’s settings say so', async () => {
    await writeFile(`${folder}/guess.qcow2`, qcow2Over('base.qcow2'));
    await expect(chainOf(diskOf('guess.qcow2'))).rejects.toThrow(`the format of 'base.qcow2', which lies below '${folder}/guess.qcow2', was not recorded in it`);
    expect(await chainOf(diskOf('guess.qcow2'), true)).toMatchObject({ layers: ['qcow2 /base.qcow2'], probed: true, terminated: true });
  });
});

describe('an image that is missing', () => {
  const look = (xml: string, coldBoot = true): ReturnType<typeof lookAtImages> => lookAtImages(domainWith(xml), { allowProbing: false, reader: null, coldBoot, deadline: noDeadline });

  test.each([
    ['cdrom', 'optional', true, 'changed'], ['cdrom', 'optional', false, 'changed'], ['disk', 'optional', true, 'dropped'], ['cdrom', 'requisite', false, 'changed'], ['floppy', 'requisite', false, 'changed'],
  ])('of a %s with %s (cold boot: %s) is %s', async (device, policy, coldBoot, what) => {
    const { dropped, definition } = await look(diskOf('missing', { type: 'raw', device, policy }), coldBoot);
    expect(dropped).toEqual([{ dev: 'vda', source: `${folder}/missing`, what }]);
    expect(devicesOf(definition.devices, 'disk').map(({ backend }) => backend.source)).toEqual(what === 'changed' ? [null] : []);
  });

  test.each([['cdrom', 'requisite', true], ['cdrom', 'mandatory', false], ['cdrom', '', false], ['disk', 'optional', false]])('of a %s with %s (cold boot: %s) fails the start', async (device, policy, coldBoot) => {
    await expect(look(diskOf('missing', { type: 'raw', device, policy }), coldBoot)).rejects.toThrow(`disk 'vda': '${folder}/missing' does not exist`);
  });

  test('below an optional disk leaves it out, too; damage does not', async () => {
    expect((await look(diskOf('lost.qcow2', { policy: 'optional' }))).dropped).toEqual([{ dev: 'vda', source: `${folder}/gone.raw`, what: 'dropped' }]);
    await expect(look(diskOf('base.raw', { policy: 'optional' }))).rejects.toThrow('is not in qcow2 format');
  });
});

test('who may read a file is said by its mode, one class of it for each', () => {
  const facts = { uid: 5, gid: 6, mode: 0o640 };
  expect([mayRead(facts, { userId: 5, groupIds: [1] }), mayRead(facts, { userId: 7, groupIds: [1, 6] }), mayRead(facts, { userId: 7, groupIds: [1] }), mayRead(facts, { userId: 0, groupIds: [0] })]).toEqual([true, true, false, true]);
  expect(mayRead({ uid: 5, gid: 6, mode: 0o044 }, { userId: 5, groupIds: [6] })).toBe(false);
});

test.skipIf(process.geteuid?.() !== 0 || process.seteuid === undefined)('who may not read is told what keeps it out: the file or a folder', async () => {
  await image('closed.qcow2', 'qcow2');
  await mkdir(`${folder}/private`, { mode: 0o700 });
  await image('private/x.qcow2', 'qcow2');
  await run('chmod', ['600', `${folder}/closed.qcow2`]);
  await run('chmod', ['755', folder]);
  const refusals: string[] = [];
  process.seteuid?.(65534);
  try {
    for (const name of ['closed.qcow2', 'private/x.qcow2']) await chainOf(diskOf(name)).catch((error: VireoError) => refusals.push(error.message));
  } finally {
    process.seteuid?.(0);
  }
  expect(refusals[0]).toMatch(/closed\.qcow2' may not be read by QEMU \(as uid:65534, gid:\d+\): it belongs to uid:0, gid:\d+ and its mode is 0600$/);
  expect(refusals[1]).toMatch(/private\/x\.qcow2' is out of reach: the folder '.*\/private' is closed to QEMU \(as uid:65534, gid:\d+\) \(it belongs to uid:0, gid:\d+ and its mode is 0700\)$/);
});

test('QEMU that runs as somebody else is named with whom the image belongs to', async () => {
  const [written] = devicesOf(domainWith(diskOf('base.qcow2')).devices, 'disk');
  await run('chmod', ['600', `${folder}/base.qcow2`]);
  await expect(detectChain(written as Disk, { allowProbing: false, reader: { userId: 64055, groupIds: [108] } })).rejects.toThrow(/may not be read by QEMU \(as uid:64055, gid:108\): it belongs to uid:\d+, gid:\d+ and its mode is 0600/);
});

/** The least that is a qcow2 (version 2), over an image whose format it does not record. */
function qcow2Over(backing: string, encryption = 0): Buffer {
  const header = Buffer.alloc(1024);
  header.write('QFI\u00fb', 0, 'latin1');
  header.writeUInt32BE(2, 4);
  if (backing !== '') {
    header.writeUInt32BE(512, 12);
    header.writeUInt32BE(backing.length, 16);
    header.write(backing, 512);
  }
  header.writeUInt32BE(encryption, 32);
  return header;
}
