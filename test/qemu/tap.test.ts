/**
 * Network cards whose host side is made by a driver that may: in a network namespace of its own, so that the machine's
 * own network is not touched. Needs root and unshare(1); it says so by skipping.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readlink, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { bootSectorImage } from '../support/boot-sector.ts';
import { bootGuestXml, waitForState } from '../support/boot-guest.ts';
import { buildHostProgram } from '../support/host-process.ts';
import { openTestHost, qemuProcessesOf } from '../support/open-test-host.ts';

const run = promisify(execFile);

/** In a namespace of its own, as it will be. */
function works(script: string): boolean {
  try {
    execFileSync('unshare', ['-n', '-m', 'sh', '-c', script], { stdio: 'ignore' });
    return process.geteuid?.() === 0;
  } catch {
    return false;
  }
}

const furnishEtc = 'mount -t tmpfs none /mnt && mkdir /mnt/etc /mnt/work && mount -t overlay none -o lowerdir=/etc,upperdir=/mnt/etc,workdir=/mnt/work /etc && mkdir -p /etc/qemu';

/** A user without any right. */
const nobody = 65_534;
const helper = ['/usr/lib/qemu/qemu-bridge-helper', '/usr/libexec/qemu-bridge-helper'].find((file) => existsSync(file)) ?? null;

interface Link {
  readonly ifname: string;
  readonly ifindex: number;
  readonly address: string;
  /** The device that a macvtap is on. */
  readonly link?: string;
  readonly master?: string;
  readonly mtu: number;
  readonly flags: readonly string[];
}

async function linksAt(pid: number): Promise<readonly Link[]> {
  const { stdout } = await run('nsenter', ['-t', String(pid), '-n', 'ip', '-j', 'link', 'show']);
  return JSON.parse(stdout) as readonly Link[];
}

interface Inside {
  readonly home: string;
  readonly qemu: () => Promise<readonly number[]>;
  readonly links: () => Promise<readonly Link[]>;
}

/** Runs the boot guest with this card under a host in a namespace of its own, which `prepare` furnishes. */
async function insideNamespace(prepare: string, card: string, look: (inside: Inside) => Promise<void>, as: readonly string[] = []): Promise<void> {
  const folder = await mkdtemp('/tmp/vireo-');
  const program = await buildHostProgram(folder);
  await chmod(folder, 0o755);
  await using host = await openTestHost();
  const disk = path.join(host.home, 'boot.raw');
  await writeFile(disk, bootSectorImage());
  await host.client.call('domainDefineXML', { xml: bootGuestXml(disk).replace('</devices>', `${card}</devices>`) });
  await host.close();
  // What /sys shows is that of the namespace in which it was mounted.
  const script = `mount -t sysfs sysfs /sys && ${prepare} && exec ${as.join(' ')} "$0" "$@"`;
  const inside = spawn('unshare', ['-n', '-m', 'sh', '-c', script, process.execPath, program, host.home, 'boot'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    let said = '';
    inside.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
    await expect.poll(() => said, { timeout: 20_000 }).toContain('ready');
    await look({ home: host.home, qemu: () => qemuProcessesOf(host.home), links: () => linksAt(inside.pid ?? 0) });
  } finally {
    inside.kill('SIGTERM');
    await new Promise((resolve) => (inside.exitCode === null && inside.signalCode === null ? inside.once('exit', resolve) : resolve(null)));
    await rm(folder, { recursive: true, force: true });
  }
  await host.open();
  await waitForState(host, 'shut off');
}

async function isGone(name: string, { qemu, links }: Inside): Promise<void> {
  for (const pid of await qemu()) process.kill(pid, 'SIGKILL');
  await expect.poll(async () => (await links()).map(({ ifname }) => ifname), { timeout: 10_000 }).not.toContain(name);
}

describe.skipIf(!works('mount -t sysfs sysfs /sys && ip link add probe0 type bridge'))('a network card', () => {
  test('on a bridge is a tap that joins it with the start, and is gone with QEMU', async () => {
    const card = "<interface type='bridge'><mac address='52:54:00:11:22:33'/><source bridge='vbr0'/><target dev='vtap0'/><model type='e1000'/><link state='down'/><mtu size='1400'/><bandwidth><inbound average='1000'/></bandwidth></interface>";
    await insideNamespace('ip link add vbr0 type bridge && ip link set vbr0 up', card, async (inside) => {
      const tap = (await inside.links()).find(({ ifname }) => ifname === 'vtap0');
      expect(tap).toMatchObject({ master: 'vbr0', mtu: 1400 });
      expect(tap?.flags).toContain('UP');
      await isGone('vtap0', inside);
    });
  });

  test.skipIf(helper === null || !works(furnishEtc))('on a bridge is a tap of the setuid helper where the driver has no privilege', async () => {
    const card = "<interface type='bridge'><source bridge='vbr0'/><model type='e1000'/></interface>";
    const setuid = `cp ${helper} /mnt/helper && chmod 4755 /mnt/helper && mount --bind /mnt/helper ${helper}`;
    const allowed = 'echo allow vbr0 >/etc/qemu/bridge.conf';
    const prepare = `${furnishEtc} && ${setuid} && ${allowed} && ip link add vbr0 type bridge && ip link set vbr0 up && chown -R ${nobody}:${nobody} "$2"`;
    await insideNamespace(prepare, card, async (inside) => {
      expect((await inside.links()).filter(({ master }) => master === 'vbr0')).toMatchObject([{ ifname: 'tap0' }]);
      await isGone('tap0', inside);
    }, ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups']);
  });

  test('on a device of the host is a macvtap that QEMU has open, and is taken away after it', async () => {
    const card = "<interface type='direct'><mac address='52:54:00:11:22:33'/><source dev='veth0' mode='bridge'/><target dev='vmac0'/><model type='virtio'/></interface>";
    await insideNamespace('ip link add veth0 type veth peer name veth1 && ip link set veth0 up', card, async (inside) => {
      const macvtap = (await inside.links()).find(({ ifname }) => ifname === 'vmac0');
      expect(macvtap).toMatchObject({ link: 'veth0', address: '52:54:00:11:22:33' });
      const [pid = 0] = await inside.qemu();
      expect(await readlink(`/proc/${pid}/fd/3`)).toBe(`/dev/tap${macvtap?.ifindex}`);
      await isGone('vmac0', inside);
    });
  });
});
