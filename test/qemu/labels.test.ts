/** Guests that run as somebody else, with images that are theirs as long as they run. Needs root; it says so by skipping. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { bootSectorImage } from '../support/boot-sector.ts';
import { bootGuestXml, lookup, waitForState } from '../support/boot-guest.ts';
import { buildHostProgram } from '../support/host-process.ts';
import { openTestHost, qemuProcessesOf, type TestHost } from '../support/open-test-host.ts';

/** A user without any right, which every system has; another that needs no name. */
const nobody = 65_534;
const stranger = 64_999;
const asNobody = `<seclabel type='static' model='dac' relabel='yes'><label>+${nobody}:+${nobody}</label></seclabel>`;

const hasSwtpm = existsSync('/usr/bin/swtpm');
const hasOvmf = existsSync('/usr/share/OVMF/OVMF_CODE.fd') || existsSync('/usr/share/OVMF/OVMF_CODE_4M.fd');

async function hostWith(settings: Readonly<Record<string, unknown>> = {}): Promise<TestHost> {
  const host = await openTestHost();
  await host.close();
  await writeFile(path.join(host.home, 'settings.json'), JSON.stringify({ ownersFolder: path.join(host.home, 'owners'), ...settings }));
  await host.open();
  return host;
}

async function owner(file: string): Promise<number> {
  return (await stat(file)).uid;
}

/** Who the process is and in which groups, as the kernel says. */
async function identityOf(pid: number | null): Promise<Readonly<Record<string, string>>> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const fields = ['Uid', 'Gid', 'Groups', 'CapEff'].map((name) => [name, new RegExp(`^${name}:[ \\t]*(.*?)[ \\t]*$`, 'm').exec(status)?.[1] ?? '?'] as const);
  return Object.fromEntries(fields);
}

async function image(host: TestHost, name: string, mode = 0o600): Promise<string> {
  const file = path.join(host.home, name);
  await writeFile(file, bootSectorImage(), { mode });
  return file;
}

/** A network namespace of its own, so that the machine's network is not touched. */
function hasNamespaces(): boolean {
  try {
    execFileSync('unshare', ['-n', '-m', 'sh', '-c', 'mount -t sysfs sysfs /sys && ip link add probe0 type bridge'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function define(host: TestHost, xml: string): Promise<void> {
  await host.client.call('domainDefineXML', { xml });
}

function labelled(xml: string, label = asNobody): string {
  return xml.replace('</domain>', `${label}</domain>`);
}

const run = (host: TestHost, domain = 'boot') => host.client.call('domainCreate', { domain });
const stop = (host: TestHost, domain = 'boot') => host.client.call('domainDestroy', { domain });

describe.skipIf(process.geteuid?.() !== 0)('a guest of another user', () => {
  test('is that user, has its image while it runs, and the image has its owner again when it stops, whoever drives it then', async () => {
    await using host = await hostWith();
    const disk = await image(host, 'boot.raw');
    await chown(disk, stranger, stranger);
    await define(host, labelled(bootGuestXml(disk)));
    const { pid } = await run(host);
    expect(await identityOf(pid)).toEqual({ Uid: [nobody, nobody, nobody, nobody].join('\t'), Gid: [nobody, nobody, nobody, nobody].join('\t'), Groups: expect.stringMatching(new RegExp(`^(${nobody})?$`)), CapEff: '0000000000000000' });
    expect(await owner(disk)).toBe(nobody);
    expect((await host.client.call('domainGetXMLDesc', { domain: 'boot' })).xml).toContain(`<imagelabel>+${nobody}:+${nobody}</imagelabel>`);
    await host.reopen();
    await waitForState(host, 'running');
    expect(await owner(disk)).toBe(nobody);
    await stop(host);
    expect(await owner(disk)).toBe(stranger);
    expect((await readdir(path.join(host.home, 'owners'))).filter((name) => name !== 'lock')).toEqual([]);
    expect((await readdir(path.join(host.home, 'run'))).filter((name) => name !== 'api')).toEqual([]);
  });

  test('gives its image back after a crash, also one that no driver saw', async () => {
    await using host = await hostWith({ user: 'nobody' });
    const disk = await image(host, 'boot.raw');
    await define(host, bootGuestXml(disk));
    const first = await run(host);
    process.kill(first.pid ?? 0, 'SIGKILL');
    await waitForState(host, 'shut off');
    expect(await owner(disk)).toBe(0);
    const { pid } = await run(host);
    expect((await identityOf(pid))['Uid']).toContain(String(nobody));
    await host.close();
    process.kill(pid ?? 0, 'SIGKILL');
    expect(await owner(disk)).toBe(nobody);
    await host.open();
    await waitForState(host, 'shut off');
    expect(await owner(disk)).toBe(0);
  });

  test('that does not start gives everything back', async () => {
    await using host = await hostWith();
    const disk = await image(host, 'boot.raw');
    await define(host, labelled(bootGuestXml(disk)).replace("<domain type='qemu'", "<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'").replace('</domain>', "<qemu:commandline><qemu:arg value='-no-such-option'/></qemu:commandline></domain>"));
    await expect(run(host)).rejects.toThrow('-no-such-option');
    expect(await owner(disk)).toBe(0);
    expect((await readdir(path.join(host.home, 'run'))).filter((name) => name !== 'api')).toEqual([]);
  });

  test('is told before QEMU starts which folder it may not search', async () => {
    await using host = await hostWith();
    const closed = await mkdtemp('/tmp/vireo-closed-');
    try {
      const disk = path.join(closed, 'boot.raw');
      await writeFile(disk, bootSectorImage());
      await define(host, labelled(bootGuestXml(disk)));
      await expect(run(host)).rejects.toThrow(new RegExp(`cannot open '${disk}' as user 'nobody' \\(65534:65534\\): that user may not search the folder '${closed}' \\(mode 0700, owner 0:0\\): Permission denied`));
      expect(await owner(disk)).toBe(0);
      expect((await lookup(host)).state).toBe('shut off');
    } finally {
      await rm(closed, { recursive: true, force: true });
    }
  });

  test('shares an image below its own with another, and the first that stops does not take it from the second', async () => {
    await using host = await hostWith();
    const base = await image(host, 'base.raw');
    for (const name of ['one', 'two']) {
      const top = path.join(host.home, `${name}.qcow2`);
      execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', base, '-F', 'raw', top]);
      await chmod(top, 0o600);
      await define(host, labelled(bootGuestXml(top, { name, serial: false }).replace("type='raw'", "type='qcow2'")));
      await run(host, name);
    }
    await stop(host, 'one');
    expect([await owner(path.join(host.home, 'one.qcow2')), await owner(base)]).toEqual([0, nobody]);
    const other = `<seclabel type='static' model='dac' relabel='yes'><label>+${stranger}:+${stranger}</label></seclabel>`;
    await define(host, labelled(bootGuestXml(path.join(host.home, 'one.qcow2'), { name: 'three', serial: false }).replace("type='raw'", "type='qcow2'"), other));
    await expect(run(host, 'three')).rejects.toThrow(`Setting different DAC user or group on ${base} which is already in use: domain 'two' has it as ${nobody}:${nobody}`);
    await stop(host, 'two');
    expect([await owner(path.join(host.home, 'two.qcow2')), await owner(base)]).toEqual([0, 0]);
  });

  test('leaves alone what it may read anyway, and what its image says it shall not relabel', async () => {
    await using host = await hostWith();
    const base = await image(host, 'base.raw', 0o644);
    const kept = await image(host, 'kept.raw', 0o666);
    await chmod(kept, 0o666); // past the umask
    await chown(kept, stranger, stranger);
    const top = path.join(host.home, 'top.qcow2');
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', base, '-F', 'raw', top]);
    const second = `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${kept}'><seclabel model='dac' relabel='no'/></source><target dev='sdb' bus='sata'/></disk>`;
    await define(host, labelled(bootGuestXml(top).replace("type='raw'", "type='qcow2'").replace('<controller', `${second}<controller`)));
    await run(host);
    expect([await owner(base), await owner(kept), await owner(top)]).toEqual([0, stranger, nobody]);
    await stop(host);
  });

  test.skipIf(!hasSwtpm || !hasOvmf)('reaches the TPM beside it, its firmware’s variables and its consoles’ logs', async () => {
    await using host = await hostWith({ user: 'nobody' });
    const disk = await image(host, 'boot.raw');
    const tpm = "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm><pstore backend='acpi-erst'><size unit='KiB'>64</size></pstore>";
    await define(host, bootGuestXml(disk, { memoryMiB: 64 }).replace('<os>', "<os firmware='efi'>").replace('</devices>', `${tpm}</devices>`));
    const { pid } = await run(host);
    expect((await identityOf(pid))['Uid']).toContain(String(nobody));
    const { xml } = await host.client.call('domainGetXMLDesc', { domain: 'boot' });
    const nvram = /<nvram[^>]*>([^<]*)</.exec(xml)?.[1] ?? '';
    expect(await owner(nvram)).toBe(nobody);
    const { uuid } = await lookup(host);
    const log = path.join(host.home, 'logs', uuid, 'serial0.log');
    expect([await owner(log), await owner(path.dirname(log))]).toEqual([nobody, 0]);
    await stop(host);
    expect(await owner(nvram)).toBe(0);
  });

  test('has its image by a link, and the link stays whose it was', async () => {
    await using host = await hostWith();
    await mkdir(path.join(host.home, 'images'), { mode: 0o755 });
    const disk = path.join(host.home, 'images', 'real.raw');
    await writeFile(disk, bootSectorImage(), { mode: 0o600 });
    const link = path.join(host.home, 'link.raw');
    await symlink(disk, link);
    await define(host, labelled(bootGuestXml(link)));
    await run(host);
    expect(await owner(disk)).toBe(nobody);
    await stop(host);
    expect(await owner(disk)).toBe(0);
  });
});

test.skipIf(process.geteuid?.() !== 0 || !hasNamespaces())('a guest of another user has a tap that is made for it and taken away after it', async () => {
  const folder = await mkdtemp('/tmp/vireo-');
  await using host = await hostWith();
  const disk = await image(host, 'boot.raw');
  const card = "<interface type='bridge'><source bridge='vbr0'/><target dev='vtap0'/><model type='e1000'/></interface>";
  await define(host, labelled(bootGuestXml(disk)).replace('</devices>', `${card}</devices>`));
  await host.close();
  const program = await buildHostProgram(folder);
  const prepare = 'mount -t sysfs sysfs /sys && ip link add vbr0 type bridge && ip link set vbr0 up && exec "$0" "$@"';
  const inside = spawn('unshare', ['-n', '-m', 'sh', '-c', prepare, process.execPath, program, host.home, 'boot'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const links = (): string => execFileSync('nsenter', ['-t', String(inside.pid), '-n', 'ip', '-j', 'link', 'show'], { encoding: 'utf8' });
  try {
    let said = '';
    inside.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
    await expect.poll(() => said, { timeout: 20_000 }).toContain('ready');
    expect(JSON.parse(links())).toContainEqual(expect.objectContaining({ ifname: 'vtap0', master: 'vbr0', operstate: 'UP' }));
    const [pid = 0] = await qemuProcessesOf(host.home);
    expect((await identityOf(pid))['Uid']).toContain(String(nobody));
    process.kill(pid, 'SIGKILL');
    await expect.poll(links, { timeout: 10_000 }).not.toContain('vtap0');
  } finally {
    inside.kill('SIGTERM');
    await new Promise((resolve) => (inside.exitCode === null && inside.signalCode === null ? inside.once('exit', resolve) : resolve(null)));
    await rm(folder, { recursive: true, force: true });
    await host.open();
  }
});

test('a label of a model that is not here refuses the start, and one that asks for nothing does not', async () => {
  await using host = await openTestHost();
  const disk = await image(host, 'boot.raw');
  await define(host, labelled(bootGuestXml(disk), "<seclabel type='dynamic' model='selinux' relabel='yes'/>"));
  await expect(run(host)).rejects.toThrow("unsupported configuration: Security driver model 'selinux' is not available");
  await define(host, labelled(bootGuestXml(disk), "<seclabel type='none' model='selinux'/>"));
  await run(host);
});
