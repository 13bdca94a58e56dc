/** The emulated TPM by the arguments that the product gives: swtpm serves it, a real QEMU finds it, its state stays. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { buildCommandLine } from '../../core/command/build-command-line.ts';
import { liveDefinition } from '../../core/command/live-definition.ts';
import { devicesOf } from '../../core/conf/device-definition.ts';
import type { SideProcess } from '../../core/devices/device-module.ts';
import { tpmModule } from '../../core/devices/tpm/tpm.ts';
import { findProgram } from '../../core/process/host-needs.ts';
import { Monitor } from '../../core/monitor/monitor.ts';
import { complete, goldenLaunch, recordedCapabilities } from '../golden/golden-launch.ts';
import { listens } from '../support/listens.ts';
import { openTestHost } from '../support/open-test-host.ts';

const deadlineMs = 20_000;
let folder: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  for (const name of ['run', 'log', 'domain']) await mkdir(`${folder}/${name}`, { mode: 0o700 });
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  await rm(folder, { recursive: true, force: true });
});

function start(program: string, argv: readonly string[]): { readonly child: ChildProcess; readonly closed: Promise<unknown>; said: () => string } {
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(0, 8192)));
  return { child, closed: once(child, 'close'), said: () => said };
}

async function appears(path: string): Promise<void> {
  await expect.poll(() => access(path).then(() => true, () => false), { interval: 10, timeout: deadlineMs }).toBe(true);
}

async function startSwtpm({ programs, argv, socket, folders }: SideProcess): Promise<ReturnType<typeof start>> {
  for (const path of folders) await mkdir(path, { recursive: true, mode: 0o700 });
  const swtpm = start(programs[0] ?? '', argv);
  await listens(socket ?? '', deadlineMs);
  return swtpm;
}

const hasSwtpm = (await findProgram(['swtpm'])) !== null;

test.skipIf(!hasSwtpm).each(['tpm-crb', 'tpm-tis'])('%s is served by swtpm, which ends with QEMU and keeps its state', async (model) => {
  const capabilities = await recordedCapabilities();
  const launch = { ...goldenLaunch(capabilities, `${folder}/run`, `${folder}/log`), domainFolder: `${folder}/domain` };
  const xml = `<domain type='qemu'><name>x</name><memory unit='MiB'>64</memory><os><type machine='q35'>hvm</type></os><devices>
    <tpm model='${model}'><backend type='emulator' version='2.0' debug='1'/></tpm></devices></domain>`;
  const live = liveDefinition(complete(xml, capabilities), launch);
  const { sideProcesses } = tpmModule;
  const [swtpmProcess] = devicesOf(live.devices, 'tpm').flatMap((tpm) => (sideProcesses === 'none' ? [] : sideProcesses(tpm, launch)));
  if (!swtpmProcess || !('argv' in swtpmProcess)) throw new Error('the TPM has a process of its own');
  const swtpm = await startSwtpm(swtpmProcess);
  const qemu = start(capabilities.binary, buildCommandLine(live, launch).argv);
  const gone = new AbortController();
  void qemu.closed.then(() => gone.abort(new Error(`QEMU ended: ${qemu.said()}`)));
  {
    await using monitor = await Monitor.connect({ path: launch.monitorPath, clock: systemClock, log: silentLog, deadlineMs, signal: gone.signal, waitForSocket: true });
    expect(await monitor.execute('query-tpm')).toMatchObject([{ id: 'tpm-tpm0', model, options: { type: 'emulator', data: { chardev: 'chrtpm' } } }]);
    // The firmware talks to the chip, which makes swtpm write its state down.
    await monitor.execute('cont');
    await appears(`${folder}/domain/tpm2/tpm2-00.permall`);
    await monitor.execute('quit').catch(() => {});
    await qemu.closed;
  }
  await swtpm.closed;
  expect(swtpm.child.exitCode).toBe(0);
  expect(await readdir(`${folder}/domain/tpm2`)).toContain('tpm2-00.permall');
}, 40_000);

async function swtpmsBeside(home: string): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => /^[^\0]*swtpm\0/.test(line) && line.includes(`${home}/`)).length;
}

test.skipIf(!hasSwtpm)('what a domain keeps between its runs lies in a folder of its own, which goes with its definition unless it is to be kept', async () => {
  await using host = await openTestHost();
  const xml = `<domain type='qemu'><name>keeper</name><memory unit='MiB'>64</memory><os><type machine='q35'>hvm</type></os><devices>
    <tpm model='tpm-crb'><backend type='emulator'/></tpm>
    <memballoon model='virtio'><stats period='7'/></memballoon>
    <pstore backend='acpi-erst'><size unit='KiB'>64</size></pstore></devices></domain>`;
  await host.client.call('domainDefineXML', { xml });
  const domain = { domain: 'keeper' };
  const { uuid } = await host.client.call('domainCreate', { ...domain, paused: true });
  const kept = async (): Promise<readonly string[]> => await readdir(`${host.home}/guests/${uuid}`);
  expect(await swtpmsBeside(host.home)).toBe(1);
  expect(await kept()).toEqual(expect.arrayContaining(['pstore.raw', 'tpm2']));
  await host.client.call('domainDestroy', domain);
  await expect.poll(() => swtpmsBeside(host.home), { timeout: 10_000 }).toBe(0);
  expect(await kept()).toEqual(expect.arrayContaining(['pstore.raw', 'tpm2']));
  await host.client.call('domainCreate', { ...domain, paused: true });
  await host.client.call('domainDestroy', domain);
  await host.client.call('domainUndefine', { ...domain, keepTpm: true });
  expect(await kept()).toEqual(expect.arrayContaining(['pstore.raw', 'tpm2']));
  await host.client.call('domainDefineXML', { xml: xml.replace('<name>', `<uuid>${uuid}</uuid><name>`) });
  await host.client.call('domainUndefine', domain);
  await expect(kept()).rejects.toThrow('ENOENT');
}, 40_000);
