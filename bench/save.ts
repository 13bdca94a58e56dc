/**
 * A guest into a file until it is on the disk and its QEMU has ended: by the driver, and by bare QMP commands to the same
 * QEMU, which is given the open file (getfd): nothing can be faster. Turn by turn, with fdatasync on both sides.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, open, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { systemClock } from '../core/base/clock.ts';
import { silentLog } from '../core/base/log.ts';
import { Monitor } from '../core/monitor/monitor.ts';
import { type Bench, type BenchContext, CannotMeasure, type Measurement } from './bench.ts';
import { type Launch, launchOf } from './bare-qemu.ts';

const fullMiB = 256;
const memoryMiB = 512;

export const save: Bench = {
  name: 'save',
  title: `a guest of ${memoryMiB} MiB, ${fullMiB} of them full of noise, saved into a file`,
  defaultRounds: 9,
  limitMs: 180_000,
  run: measure,
};

async function measure(context: BenchContext): Promise<Measurement> {
  await using host = await context.startHost();
  await host.open();
  const client = await host.connect();
  const noise = path.join(host.home, 'noise.bin');
  const image = path.join(host.home, 'full.save');
  await writeFile(noise, randomFillSync(Buffer.alloc(fullMiB << 20)));
  await client.call('domainDefineXML', { xml: fullGuestXml(noise) });
  const begun = async (): Promise<number> => (await client.call('domainCreate', { domain: 'full' })).pid as number;
  const launch = await launchOf(await begun());
  await client.call('domainDestroy', { domain: 'full' });
  const [bare, saved, restored]: [number[], number[], number[]] = [[], [], []];
  let sizeMiB = 0;
  for (let round = 0; round < context.rounds; round++) {
    bare.push(fullMiB / (await bareSave(launch, path.join(host.home, 'bare.save'), context.signal)));
    await begun();
    const beganMs = performance.now();
    await client.call('domainSave', { domain: 'full', to: image });
    saved.push(fullMiB / ((performance.now() - beganMs) / 1000));
    sizeMiB = (await stat(image)).size / (1 << 20);
    const restoringMs = performance.now();
    await client.call('domainRestore', { from: image });
    restored.push(fullMiB / ((performance.now() - restoringMs) / 1000));
    await client.call('domainDestroy', { domain: 'full' });
    await rm(image);
  }
  client.close();
  const base = 'bare: stop, migrate, fdatasync, end';
  return {
    rows: [
      { what: base, unit: 'MiB/s', samples: bare },
      { what: 'domainSave', unit: 'MiB/s', samples: saved, base },
      { what: 'domainRestore, with the start of QEMU', unit: 'MiB/s', samples: restored },
    ],
    notes: [`the image has ${sizeMiB.toFixed(0)} MiB; the rate counts the ${fullMiB} MiB that are not empty`],
  };
}

/** QEMU's own loader fills its memory: no guest writes so much in so short a time under emulation. */
function fullGuestXml(noise: string): string {
  return `<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>full</name>
  <memory unit='MiB'>${memoryMiB}</memory>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices><controller type='usb' model='none'/><memballoon model='none'/></devices>
  <qemu:commandline><qemu:arg value='-device'/><qemu:arg value='loader,file=${noise},addr=0x4000000,force-raw=on'/></qemu:commandline>
</domain>`;
}

/** @returns seconds. */
async function bareSave({ argv, environment, monitorPath }: Launch, file: string, signal: AbortSignal): Promise<number> {
  const folder = path.dirname(monitorPath);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const handle = await open(file, 'w');
  const child: ChildProcess = spawn(argv[0] as string, argv.slice(1), { detached: true, stdio: 'ignore', env: { ...environment }, cwd: '/' });
  const exited = once(child, 'exit');
  try {
    await giveFile(monitorPath, handle.fd);
    await using monitor = await Monitor.connect({ path: monitorPath, clock: systemClock, log: silentLog, deadlineMs: 20_000, signal, waitForSocket: true });
    const timeoutMs = 60_000;
    await monitor.execute('cont', {}, { timeoutMs });
    const beganMs = performance.now();
    await monitor.execute('stop', {}, { timeoutMs });
    await monitor.execute('migrate-set-capabilities', { capabilities: [{ capability: 'events', state: true }] }, { timeoutMs });
    await monitor.execute('migrate-set-parameters', { 'max-bandwidth': 2 ** 53 }, { timeoutMs });
    const completed = monitor.events.once((event) => event.event === 'MIGRATION' && event.data.status === 'completed', signal);
    await monitor.execute('migrate', { uri: 'fd:image' }, { timeoutMs });
    await completed;
    await handle.datasync();
    child.kill('SIGTERM');
    await exited;
    return (performance.now() - beganMs) / 1000;
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
    await handle.close();
    await rm(file, { force: true });
    await rm(folder, { recursive: true, force: true });
  }
}

/** Node gives no descriptor away over a socket; a few lines of Python do. */
const giver = `
import socket, sys, time
for attempt in range(2000):
    try:
        s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); break
    except OSError: time.sleep(0.005)
f = s.makefile("r")
f.readline(); s.sendall(b'{"execute":"qmp_capabilities"}'); f.readline()
socket.send_fds(s, [b'{"execute":"getfd","arguments":{"fdname":"image"}}'], [0])
assert "return" in f.readline()
`;

async function giveFile(monitorPath: string, fd: number): Promise<void> {
  const child = spawn('python3', ['-c', giver, monitorPath], { stdio: [fd, 'ignore', 'inherit'] });
  const [code] = (await once(child, 'exit').catch(() => [null])) as [number | null];
  if (code !== 0) throw new CannotMeasure('it takes python3 to give QEMU an open file');
}
