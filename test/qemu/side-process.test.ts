/** What stands beside a real QEMU lives exactly as long as it: passt for a network card, virtiofsd for a folder, swtpm. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bootGuestXml, lookup, waitForState } from '../support/boot-guest.ts';
import { bootSectorImage } from '../support/boot-sector.ts';
import { buildHostProgram, HostProcess } from '../support/host-process.ts';
import { findProgram } from '../../core/process/host-needs.ts';
import { openTestHost, qemuProcessesOf, type TestHost } from '../support/open-test-host.ts';

/** A container may have the programs and deny them the namespaces that they shut themselves up in. */
const mayUnshare = spawnSync('unshare', ['--mount', '--net', '--pid', '--fork', 'true'], { timeout: 10_000 }).status === 0;
const hasPasst = (await findProgram(['passt'])) !== null && mayUnshare;
const hasSwtpm = (await findProgram(['swtpm'])) !== null;
const hasVirtiofsd = (await findProgram(['/usr/lib/qemu/virtiofsd'])) !== null && mayUnshare && process.geteuid?.() === 0;

let folder: string;
let program: string;
let host: TestHost;

beforeAll(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  program = await buildHostProgram(folder);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  host = await openTestHost();
});

afterEach(async () => {
  await host[Symbol.asyncDispose]();
  expect(await beside(host.home)).toEqual([]);
});

/** The programs, QEMU left out, whose command line names the state folder. */
async function beside(home: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const programs = await Promise.all(pids.map(async (pid) => {
    const [name = '', ...argv] = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    return /passt|virtiofsd|swtpm/.test(name) && argv.some((arg) => arg.includes(`${home}/`)) ? path.basename(name) : null;
  }));
  return programs.filter((name) => name !== null);
}

async function define(devices: string, more = ''): Promise<void> {
  const disk = path.join(host.home, 'boot.raw');
  await writeFile(disk, bootSectorImage());
  const xml = bootGuestXml(disk).replace('</devices>', `${devices}</devices>`).replace('<os>', `${more}<os>`);
  await host.client.call('domainDefineXML', { xml });
}

function passtCard(port: number): string {
  return `<interface type='user'><mac address='52:54:00:11:22:33'/><portForward proto='tcp' address='127.0.0.1'><range start='${port}' to='22'/></portForward><model type='e1000'/><backend type='passt'/></interface>`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function isOpen(port: number): Promise<boolean> {
  const socket: Socket = createConnection(port, '127.0.0.1');
  const open = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  });
  socket.destroy();
  return open;
}

async function start(paused = false): Promise<void> {
  await host.client.call('domainCreate', { domain: 'boot', paused });
}

async function processesAreGone(): Promise<void> {
  await expect.poll(() => beside(host.home), { timeout: 10_000 }).toEqual([]);
  expect(await qemuProcessesOf(host.home)).toEqual([]);
  expect((await readdir(path.join(host.home, 'run'))).filter((name) => name !== 'api')).toEqual([]);
}

describe.skipIf(!hasPasst)('passt', () => {
  test('carries a port of the host as long as the domain runs', async () => {
    const port = await freePort();
    await define(passtCard(port));
    await start();
    expect(await lookup(host)).toMatchObject({ state: 'running' });
    expect(await isOpen(port)).toBe(true);
    await host.client.call('domainDestroy', { domain: 'boot' });
    await processesAreGone();
    expect(await isOpen(port)).toBe(false);
  });

  test('outlives its driver, and ends with the domain under the next one', async () => {
    const port = await freePort();
    await define(passtCard(port));
    await host.close();
    await using killed = new HostProcess(program, host.home, 'boot');
    await expect.poll(() => killed.isReady, { timeout: 20_000 }).toBe(true);
    await killed.kill();
    expect(await isOpen(port)).toBe(true);
    await host.open();
    await waitForState(host, 'running');
    await host.client.call('domainDestroy', { domain: 'boot' });
    await processesAreGone();
  });

  test('that cannot have the port fails the start in its own words, and QEMU is not started', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    try {
      await define(passtCard(port));
      await expect(start()).rejects.toMatchObject({ code: 'OPERATION_FAILED', message: expect.stringContaining('passt-net0 ended before it was ready') as string });
      await processesAreGone();
    } finally {
      taken.close();
    }
  });
});

describe.skipIf(!hasVirtiofsd)('virtiofsd', () => {
  test('serves a folder to a domain that is not run yet, and ends with it', async () => {
    const plain = path.join(host.home, 'shared');
    await mkdir(plain);
    const filesystem = `<filesystem type='mount'><driver type='virtiofs' queue='1024'/><binary path='/usr/lib/qemu/virtiofsd' xattr='on'><cache mode='always'/></binary><source dir='${plain}'/><target dir='share'/></filesystem>`;
    await define(filesystem, "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>");
    await start(true);
    expect(await lookup(host)).toMatchObject({ state: 'paused' });
    expect(await beside(host.home)).toContain('virtiofsd');
    await host.client.call('domainDestroy', { domain: 'boot' });
    await processesAreGone();
  });
});

describe.skipIf(!hasSwtpm)('swtpm', () => {
  test('is the TPM of a domain as long as it runs, and begins anew where it ended', async () => {
    await define("<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>");
    for (let run = 0; run < 2; run += 1) {
      await start(true);
      expect(await beside(host.home)).toContain('swtpm');
      await host.client.call('domainDestroy', { domain: 'boot' });
      await processesAreGone();
    }
  });
});

describe('what the host lacks', () => {
  test('is told at once and whole, and nothing is started', async () => {
    await define(`<interface type='bridge'><mac address='52:54:00:11:22:33'/><source bridge='no-such-br0'/><model type='e1000'/></interface>
      <vsock model='virtio'><cid auto='no' address='77'/></vsock>`);
    const error = await start().then(() => null, (thrown: Error) => thrown);
    expect(error?.message).toContain("'/sys/class/net/no-such-br0' does not exist");
    if (!existsSync('/dev/vhost-vsock')) expect(error?.message).toContain("'/dev/vhost-vsock' does not exist, and is needed for <vsock>: load the module vhost_vsock first");
    await processesAreGone();
  });
});
