/** Disks that are copied to another host while a guest writes them (I6), with real QEMUs on both sides and without the phases around. */
import { execFile } from 'node:child_process';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AsyncJob } from '../../core/job/handles.ts';
import { PortAllocator, type ReservedPort } from '../../core/migration/port-allocator.ts';
import { keepMadeFiles } from '../../core/process/made-images.ts';
import { writeSectors } from '../support/boot-sector.ts';
import { compared, CopyHosts, diskXml, patternedImage, type Receiver } from '../support/storage-copy.ts';

const run = promisify(execFile);
const never = new AbortController().signal;
const identical = 'Images are identical.';
/** So slow that a copy of megabytes lasts as long as a test. */
const slow = 65_536;

let hosts: CopyHosts;
let folder: string;
let job: AsyncJob<'migration-out'>;

/** Beside the boot disk one in another format that the guest writes, and one with nothing in it. */
async function makeDisks(images: string): Promise<string> {
  await patternedImage(path.join(images, 'second.qcow2'), 'qcow2', 64, ['write -P 85 0 8M', 'write -P 17 40M 3M']);
  await patternedImage(path.join(images, 'empty.raw'), 'raw', 8, []);
  return diskXml('sdb', path.join(images, 'second.qcow2'), 'qcow2', "<boot order='2'/>") + diskXml('vda', path.join(images, 'empty.raw'), 'raw');
}

const here = (name: string): string => path.join(hosts.source.home, 'images', name);
const there = (name: string): string => hosts.there(here(name));
const receiver = async (): Promise<Receiver> => await hosts.receive(await hosts.begin(job));
const nothing = { jobs: [], nodes: [] };

/** As it was before anybody thought of a migration. */
async function expectNothingLeft(): Promise<void> {
  expect(await hosts.leftOnSource(job)).toEqual(nothing);
  expect(await readdir(folder)).toEqual([]);
  await expect.poll(() => hosts.sourceDomain.state, { timeout: 20_000 }).toBe('running');
  await hosts.guest.obey(writeSectors(0));
}

describe('a copy of the whole disks', () => {
  beforeAll(async () => {
    hosts = await CopyHosts.open({ disks: makeDisks });
    folder = path.join(hosts.destination.home, 'images');
  }, 60_000);
  afterAll(async () => await hosts?.[Symbol.asyncDispose]());

  beforeEach(async () => {
    hosts.ask({});
    job = await hosts.beginOut();
  });
  afterEach(async () => {
    await hosts.settle(job);
    await run('umount', [folder]).catch(() => {});
    for (const name of await readdir(folder)) await rm(path.join(folder, name));
    await rm(path.join(hosts.destination.home, 'boot.raw'), { force: true });
  });

  test.each([[false], [true]])('that the guest goes on writing is the same once it stands still, and leaves nothing (synchronous writes: %s)', async (copyStorageSynchronousWrites) => {
    hosts.ask({ copyStorageSynchronousWrites, migrateDisksDetectZeroes: ['vda'] });
    await writeFile(there('empty.raw'), Buffer.alloc(8 << 20, 0xaa));
    await using received = await receiver();
    expect(received.images).toMatchObject({ made: [path.join(hosts.destination.home, 'boot.raw'), there('second.qcow2')], overwritten: [there('empty.raw')] });
    expect((await stat(there('second.qcow2'))).mode & 0o777).toBe(0o600);
    using copy = hosts.copy(job);
    await copy.start(hosts.target(received.nbd, 4 << 20), never);
    const ready = copy.untilReady(never);
    for (let sector = 0; sector < 1024; sector += 128) await hosts.guest.obey(writeSectors(sector));
    await copy.setSpeed(0);
    await ready;
    for (let sector = 64; sector < 1024; sector += 128) await hosts.guest.obey(writeSectors(sector));
    await job.nest((monitor) => monitor.execute('stop'));
    await copy.complete(never);
    expect(hosts.sourceDomain.jobs.statistics().current?.disk).toMatchObject({ remainingBytes: 0 });
    expect(await hosts.leftOnSource(job)).toEqual(nothing);
    await received.server?.stop(received.job);
    expect((await received.job.nest((monitor) => monitor.query('query-block-exports'))).value).toEqual([]);
    await keepMadeFiles(received.live.facts.runFolder);
    await received[Symbol.asyncDispose]();
    expect([await compared(here('second.qcow2'), there('second.qcow2'), 'qcow2'), await compared(here('empty.raw'), there('empty.raw'), 'raw')]).toEqual([identical, identical]);
    expect((await stat(there('second.qcow2'))).blocks * 512, 'what holds nothing takes no room').toBeLessThan(32 << 20);
    await job.nest((monitor) => monitor.execute('cont'));
  });

  test('is cancelled at any moment: the guest runs on, and what was made for it is gone', async () => {
    await using received = await receiver();
    using copy = hosts.copy(job);
    await copy.start(hosts.target(received.nbd, slow), never);
    const cancelled = new AbortController();
    const ready = copy.untilReady(cancelled.signal);
    cancelled.abort(new Error('canceled by client'));
    await expect(ready).rejects.toThrow('canceled by client');
    await received[Symbol.asyncDispose]();
    await expectNothingLeft();
  });

  test('ends with the disk and the reason when the QEMU that receives it is killed', async () => {
    await using received = await receiver();
    using copy = hosts.copy(job);
    await copy.start(hosts.target(received.nbd, slow), never);
    const ready = copy.untilReady(never);
    await received.live.facts.process.kill('SIGKILL');
    await expect(ready).rejects.toThrow(/migration of disk (sdb|vda|sda) failed: .+ \(writing to the destination\)/);
    expect(copy.failed.aborted).toBe(true);
    await received[Symbol.asyncDispose]();
    await expectNothingLeft();
  });

  test('is cancelled although the QEMU that receives it answers no more, and the one that copies hangs with it', async () => {
    await using received = await receiver();
    using copy = hosts.copy(job);
    await copy.start(hosts.target(received.nbd), never);
    await copy.untilReady(never);
    process.kill(received.live.facts.process.pid, 'SIGSTOP');
    await hosts.guest.obey(writeSectors(0));
    // It flushes every node, and nearly always waits for this one with everything else.
    await job.nest((monitor) => monitor.execute('stop', {}, { timeoutMs: 500 })).catch(() => {});
    await copy.cancel();
    expect(await hosts.leftOnSource(job)).toEqual(nothing);
    process.kill(received.live.facts.process.pid, 'SIGCONT');
    await received[Symbol.asyncDispose]();
    await job.nest((monitor) => monitor.execute('cont'));
    await expectNothingLeft();
  }, 60_000);

  test('that a driver has left is found by its names, and ended', async () => {
    await using received = await receiver();
    using copy = hosts.copy(job);
    await copy.start(hosts.target(received.nbd, slow), never);
    expect(await hosts.leftOnSource(job)).toEqual({ jobs: expect.arrayContaining(['drive-sata0-0-0', 'drive-sata0-0-1', 'drive-virtio-disk0']), nodes: expect.arrayContaining(['migration-sda-storage']) });
    await hosts.endLeft(job);
    await received[Symbol.asyncDispose]();
    await expectNothingLeft();
  });

  test('goes over a socket that the user names, which is gone afterwards', async () => {
    const socket = path.join(hosts.destination.home, 'disks.sock');
    hosts.ask({ disksUri: `unix://${socket}` });
    await using received = await receiver();
    expect([received.nbd.port, (await stat(socket)).isSocket()]).toEqual([null, true]);
    using copy = hosts.copy(job);
    await copy.start(hosts.target(received.nbd), never);
    await copy.untilReady(never);
    await copy.cancel();
    await received[Symbol.asyncDispose]();
    await expect(stat(socket)).rejects.toThrow('ENOENT');
    await expectNothingLeft();
  });

  test('is served at another port where somebody takes the one that was free', async () => {
    await using taken = net.createServer();
    await new Promise<void>((resolve) => void taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const given: number[] = [];
    class Hasty extends PortAllocator {
      override async reserve(address: string): Promise<ReservedPort> {
        const reserved = given.length === 0 ? { port, [Symbol.asyncDispose]: async () => {} } : await super.reserve(address);
        given.push(reserved.port);
        return reserved;
      }
    }
    await using received = await hosts.receive(await hosts.begin(job), new Hasty());
    expect(given[0]).toBe(port);
    expect(received.nbd.port).toBe(given.at(-1));
    expect(received.nbd.port).not.toBe(port);
  });

  test('writes no image of another size, and leaves it as it was', async () => {
    await writeFile(there('empty.raw'), 'somebody');
    await expect(receiver()).rejects.toThrow(/disk 'vda': '.*empty\.raw' is there and holds 512 bytes, but the disk has 8388608/);
    expect([await readdir(folder), await readFile(there('empty.raw'), 'utf8')]).toEqual([['empty.raw'], 'somebody']);
  });

  test('is refused where the image is the very file that the guest has open', async () => {
    await run('ln', ['-s', here('second.qcow2'), there('second.qcow2')]);
    await expect(receiver()).rejects.toThrow(/disk 'sdb' cannot be copied into '.*second\.qcow2': domain 'boot' .* has that very file open; a copy needs a file of its own/);
    expect(await readdir(folder)).toEqual(['second.qcow2']);
  });

  test('is refused where the folder does not exist', async () => {
    const begun = await hosts.begin(job);
    const devices = begun.definition.devices.map((device) => (device.kind === 'disk' && device.target.dev === 'vda' ? { ...device, backend: { ...device.backend, source: { ...device.backend.source, file: `${folder}/none/empty.raw` } } as typeof device.backend } : device));
    await expect(hosts.receive({ ...begun, definition: { ...begun.definition, devices } })).rejects.toThrow(/disk 'vda': the folder '.*\/none' does not exist on this host/);
    expect(await readdir(folder)).toEqual([]);
  });

  test('says that the destination is full, and ends the copies of the other disks too', async (context) => {
    if (process.geteuid?.() !== 0) return context.skip();
    await run('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'vireo-test', folder]).catch(() => context.skip());
    await using received = await receiver();
    using copy = hosts.copy(job);
    await expect(copy.start(hosts.target(received.nbd), never).then(() => copy.untilReady(never))).rejects.toThrow(/migration of disk (sdb|vda) failed: No space left on device \(writing to the destination\)/);
    await received[Symbol.asyncDispose]();
    await expectNothingLeft();
  });
});

describe('a copy of what lies above the backing images', () => {
  beforeAll(async () => {
    hosts = await CopyHosts.open({ disks: async (images) => {
      await patternedImage(path.join(images, 'base.raw'), 'raw', 16, ['write -P 85 0 16M']);
      await patternedImage(path.join(images, 'top.qcow2'), 'qcow2', 16, ['write -P 17 4M 1M'], ['-b', path.join(images, 'base.raw'), '-F', 'raw']);
      return diskXml('sdb', path.join(images, 'top.qcow2'), 'qcow2', "<boot order='2'/>");
    } });
    folder = path.join(hosts.destination.home, 'images');
  }, 60_000);
  afterAll(async () => await hosts?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    job = await hosts.beginOut();
    await run('cp', [path.join(hosts.source.home, 'boot.raw'), path.join(hosts.destination.home, 'boot.raw')]);
  });
  afterEach(async () => {
    await hosts.settle(job);
    for (const name of await readdir(folder)) await rm(path.join(folder, name));
  });

  async function copied(): Promise<Receiver> {
    const received = await receiver();
    using copy = hosts.copy(job);
    await copy.start(hosts.target(received.nbd), never);
    await copy.untilReady(never);
    await hosts.guest.obey(writeSectors(256));
    await job.nest((monitor) => monitor.execute('stop'));
    await copy.complete(never);
    await received.server?.stop(received.job);
    await keepMadeFiles(received.live.facts.runFolder);
    await received[Symbol.asyncDispose]();
    await job.nest((monitor) => monitor.execute('cont'));
    return received;
  }

  test('makes an image over the backing image of that host, and moves the rest', async () => {
    hosts.ask({ copyStorage: 'incremental', migrateDisks: ['sdb'] });
    await run('cp', [here('base.raw'), there('base.raw')]);
    expect((await copied()).images.made).toEqual([there('top.qcow2')]);
    expect(await compared(here('top.qcow2'), there('top.qcow2'), 'qcow2')).toBe(identical);
    expect((await stat(there('top.qcow2'))).size).toBeLessThan(8 << 20);
    const { stdout } = await run('qemu-img', ['info', '--output=json', there('top.qcow2')]);
    expect(JSON.parse(stdout)).toMatchObject({ 'full-backing-filename': there('base.raw'), 'backing-filename-format': 'raw' });
  });

  test('is refused where the backing image is missing', async () => {
    hosts.ask({ copyStorage: 'incremental', migrateDisks: ['sdb'] });
    await expect(receiver()).rejects.toThrow(/disk 'sdb': its backing image '.*base\.raw' does not exist on this host/);
    expect(await readdir(folder)).toEqual([]);
  });

  test('is not what a full copy is: that one needs no backing image there', async () => {
    hosts.ask({ copyStorage: 'all' });
    expect((await copied()).images).toMatchObject({ made: [there('top.qcow2')], overwritten: [path.join(hosts.destination.home, 'boot.raw')] });
    expect(await compared(here('top.qcow2'), there('top.qcow2'), 'qcow2')).toBe(identical);
    expect(JSON.parse((await run('qemu-img', ['info', '--output=json', there('top.qcow2')])).stdout)).not.toHaveProperty('backing-filename');
  });
});
