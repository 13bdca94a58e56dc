/** Every golden command line, and hostile names, given to a real QEMU: it must start paused and answer. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { buildCommandLine } from '../../core/command/build-command-line.ts';
import { liveDefinition } from '../../core/command/live-definition.ts';
import { type DeviceOf, devicesOf } from '../../core/conf/device-definition.ts';
import { sampleDomain } from '../../core/conf/sample-domain.ts';
import { parseDomain } from '../../core/devices/domain-xml.ts';
import { Monitor } from '../../core/monitor/monitor.ts';
import { capabilitiesFor, complete, goldenFolder, goldenLaunch } from '../golden/golden-launch.ts';

const deadlineMs = 20_000;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  await mkdir(`${folder}/run`, { mode: 0o700 });
  await mkdir(`${folder}/log`);
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Starts what the XML says, asks, and ends it; throws with QEMU's stderr if it refuses. */
async function run(xml: string, ask: (monitor: Monitor) => Promise<void>): Promise<void> {
  const launch = goldenLaunch(await capabilitiesFor(xml), `${folder}/run`, `${folder}/log`);
  const live = liveDefinition(complete(xml, launch.capabilities), launch);
  for (const disk of devicesOf(live.devices, 'disk')) await makeImage(disk);
  const commandLine = buildCommandLine(live, launch);
  const environment = { ...process.env, ...commandLine.environment };
  const qemu = spawn(launch.capabilities.binary, commandLine.argv, { stdio: ['ignore', 'pipe', 'pipe'], env: environment });
  let said = '';
  for (const stream of [qemu.stdout, qemu.stderr]) stream.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(0, 8192)));
  const gone = new AbortController();
  const exited = once(qemu, 'close').finally(() => gone.abort(new Error(`QEMU ended: ${said}`)));
  try {
    await using monitor = await Monitor.connect({ path: launch.monitorPath, clock: systemClock, log: silentLog, deadlineMs, signal: gone.signal, waitForSocket: true });
    await ask(monitor);
    await monitor.execute('quit').catch(() => {});
    await exited;
    expect({ exitCode: qemu.exitCode, said }).toEqual({ exitCode: 0, said: expect.not.stringMatching(/error|warning(?!: TCG doesn't support requested feature)/i) });
  } finally {
    qemu.kill('SIGKILL');
    await exited;
  }
}

async function makeImage(disk: DeviceOf<'disk'>): Promise<void> {
  const file = fileOf(disk);
  if (file === null) return;
  await mkdir(path.dirname(file), { recursive: true });
  await promisify(execFile)('qemu-img', ['create', '-q', '-f', disk.driver?.type ?? 'raw', '--', file, '1M']);
}

function fileOf({ backend }: DeviceOf<'disk'>): string | null {
  return backend.type === 'file' ? (backend.source?.file ?? null) : null;
}

const cases = (await readdir(`${goldenFolder}cases`)).filter((file) => file.endsWith('.xml'));
const emulators = new Map(await Promise.all(cases.map(async (file) => [file, (await capabilitiesFor(await readFile(`${goldenFolder}cases/${file}`, 'utf8'))).binary] as const)));
const installed = new Set(await Promise.all([...emulators.values()].map((binary) => access(binary, constants.X_OK).then(() => binary, () => null))));

describe('a golden command line', () => {
  for (const file of cases) test.skipIf(!installed.has(emulators.get(file) ?? ''))(`of ${file} is accepted`, async () => {
    const xml = (await readFile(`${goldenFolder}cases/${file}`, 'utf8')).replaceAll('/images/', `${folder}/images/`).replaceAll('/var/log/', `${folder}/log/`);
    // The recorded paths of kernels are nobody's; QEMU reads the files before it answers.
    const bootable = xml.replaceAll(/<(kernel|initrd|cmdline)>.*<\/\1>/g, '');
    await run(bootable, async (monitor) => {
      expect(await monitor.execute('query-status')).toMatchObject({ status: 'prelaunch', running: false });
    });
  });
});

test('the sample guest is accepted, its kernel left out', async () => {
  const xml = sampleDomain({ name: 'sample', kernel: '/k', initrd: '/i', disk: `${folder}/images/sample.raw`, memoryMiB: 96 });
  await run(xml.replaceAll(/<(kernel|initrd|cmdline)>.*<\/\1>/g, ''), async (monitor) => {
    const labels = (await monitor.execute('query-chardev')).map(({ label }) => label);
    expect(labels.toSorted()).toEqual(['charchannel0', 'charconsole0', 'charmonitor', 'charserial0']);
  });
});

test('hostile names reach QEMU as they are and add no option', async () => {
  const name = `x,process=evil,"{'a':1}",%s;$(id) -S ünï`;
  const disk = `${folder}/images/a,file.locking=off,"b" 'c'&amp;.raw`;
  const port = `org,chardev=none,"id":"x"`;
  const xml = `
    <domain type='qemu'>
      <name>${name}</name>
      <memory unit='MiB'>64</memory>
      <os><type machine='q35'>hvm</type></os>
      <devices>
        <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file="${disk.replaceAll('"', '&quot;')}"/><target dev='vda' bus='virtio'/></disk>
        <channel type='unix'><source mode='bind' path='${folder}/run/a,server=off,b'/><target type='virtio' name='${port}'/></channel>
        <serial type='file'><source path='${folder}/log/s,append=on,x'/></serial>
      </devices>
    </domain>`;
  const parsed = parseDomain(xml);
  await run(xml, async (monitor) => {
    expect(await monitor.execute('query-name')).toEqual({ name });
    const [block] = await monitor.execute('query-named-block-nodes').then((nodes) => nodes.filter(({ drv }) => drv === 'file'));
    expect(block?.file).toBe(devicesOf(parsed.devices, 'disk').map(fileOf)[0]);
    const [channel] = (await monitor.execute('query-chardev')).filter(({ label }) => label === 'charchannel0');
    expect(channel?.filename).toContain(`${folder}/run/a,server=off,b`);
    expect(await monitor.execute('qom-get', { path: '/machine/peripheral/channel0', property: 'name' })).toBe(port);
  });
});
