/** Disks of every kind on a real QEMU: what query-block says is what the definition asked for. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VireoError } from '../../core/base/errors.ts';
import type { QmpResult } from '../../core/monitor/commands.ts';
import { parseSecret } from '../../core/secret/secret-definition.ts';
import { SecretStore } from '../../core/secret/secret-store.ts';
import { listens } from '../support/listens.ts';
import { type TestHost, openTestHost } from '../support/open-test-host.ts';

const run = promisify(execFile);
const passphrase = 'open sesame, please';
const secretUuid = '7e2a4c10-5b1f-4d7e-8a55-1f2e3d4c5b6a';

let host: TestHost;
let nbd: ChildProcess;
beforeAll(async () => {
  host = await openTestHost({ monitorDeadlineMs: 20_000 });
  await makeImages(host.home);
  nbd = spawn('qemu-nbd', ['-k', `${host.home}/nbd`, '-x', 'export, one', '-f', 'raw', '-e', '2', `${host.home}/nbd.raw`], { stdio: 'ignore' });
  await listens(`${host.home}/nbd`);
  const store = await SecretStore.open(path.join(host.home, 'secrets'));
  await store.define(parseSecret(`<secret private='yes'><uuid>${secretUuid}</uuid><usage type='volume'><volume>${host.home}/luks.qcow2</volume></usage></secret>`));
  await store.setValue(secretUuid, Buffer.from(passphrase));
}, 60_000);

afterAll(async () => {
  nbd.kill('SIGTERM');
  if (nbd.exitCode === null && nbd.signalCode === null) await once(nbd, 'exit');
  await host[Symbol.asyncDispose]();
});

async function makeImages(folder: string): Promise<void> {
  const create = (...options: readonly string[]): Promise<unknown> => run('qemu-img', ['create', '-q', ...options, '4M'], { cwd: folder });
  await create('-f', 'raw', 'base.raw');
  await create('-f', 'qcow2', '-b', 'base.raw', '-F', 'raw', 'middle.qcow2');
  await create('-f', 'qcow2', '-b', 'middle.qcow2', '-F', 'qcow2', 'top, of three.qcow2');
  await run('qemu-img', ['create', '-q', '-u', '-f', 'qcow2', '-b', 'base.raw', '-F', 'raw', 'guess.qcow2', '4M'], { cwd: folder });
  await makeLuksImage(folder);
  for (const name of ['nbd.raw', 'scsi.raw', 'usb.raw', 'cd.iso']) await create('-f', 'raw', name);
  await mkdir(`${folder}/folder`);
  await writeFile(`${folder}/folder/hello.txt`, 'hello');
}

function domainXml(devices: string, name = 'disks'): string {
  return `<domain type='qemu'><name>${name}</name><memory unit='MiB'>32</memory><os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>
  <devices><controller type='scsi' model='virtio-scsi'/>${devices}<memballoon model='none'/></devices></domain>`;
}

function file(name: string, target: string, more = '', driver = "type='raw'"): string {
  return `<disk type='file' device='${target.includes('cdrom') ? 'cdrom' : 'disk'}'><driver name='qemu' ${driver}/><source file='${host.home}/${name}'/><target ${target.replace(' cdrom', '')}/>${more}</disk>`;
}

type Blocks = QmpResult<'query-block'>;

async function query<T>(command: string, domain = 'disks'): Promise<T> {
  const { result } = await host.client.call('qemuDomainMonitorCommand', { domain, command: JSON.stringify({ execute: command }) });
  return (JSON.parse(result) as { readonly return: T }).return;
}

async function started(devices: string, name = 'disks'): Promise<Blocks> {
  await host.client.call('domainDefineXML', { xml: domainXml(devices, name) });
  await host.client.call('domainCreate', { domain: name, paused: true });
  return query<Blocks>('query-block', name);
}

async function ended(name = 'disks'): Promise<void> {
  await host.client.call('domainDestroy', { domain: name });
}

describe('a guest with nine disks', () => {
  let blocks: Blocks;
  beforeAll(async () => {
    blocks = await started([
      file('cd.iso', "dev='sda' bus='sata' cdrom"),
      file('top, of three.qcow2', "dev='vda'", '<iotune><read_bytes_sec>1000000</read_bytes_sec><read_bytes_sec_max>2000000</read_bytes_sec_max><write_iops_sec>50</write_iops_sec><group_name>slow</group_name></iotune><serial>A b-1</serial>', "type='qcow2' cache='none' discard='unmap' detect_zeroes='unmap' error_policy='stop' queues='2' queue_size='128' copy_on_read='on'"),
      file('luks.qcow2', "dev='vdb'", `<encryption format='luks'><secret type='passphrase' usage='${host.home}/luks.qcow2'/></encryption>`, "type='qcow2'"),
      `<disk type='network' device='disk'><driver name='qemu' type='raw'/><source protocol='nbd' name='export, one'><host transport='unix' socket='${host.home}/nbd'/><reconnect delay='3'/></source><target dev='vdc' bus='virtio'/></disk>`,
      `<disk type='dir' device='disk'><driver name='qemu' type='fat'/><source dir='${host.home}/folder'/><target dev='vdd' bus='virtio'/><readonly/></disk>`,
      `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${host.home}/scsi.raw'><slices><slice type='storage' offset='1048576' size='2097152'/></slices></source><blockio logical_block_size='4096' physical_block_size='4096' discard_granularity='65536'/><target dev='sdb' bus='scsi' rotation_rate='1'/><wwn>5000c50015ea71ac</wwn><vendor>ACME</vendor><product>Anvil 9</product></disk>`,
      file('usb.raw', "dev='sdc' bus='usb' removable='on'"),
      `<disk type='dir' device='floppy'><driver name='qemu' type='fat'/><source dir='${host.home}/folder'/><target dev='fda'/><readonly/></disk>`,
      `<disk type='file' device='cdrom'><target dev='sdd' bus='scsi'/></disk>`,
    ].join(''));
  }, 30_000);
  afterAll(() => ended());

  const inserted = (qdev: string): NonNullable<Blocks[number]['inserted']> => {
    const found = blocks.find((block) => block.qdev?.includes(qdev))?.inserted;
    if (!found) throw new Error(`nothing in ${qdev}: ${JSON.stringify(blocks.map(({ qdev: name }) => name))}`);
    return found;
  };

  test('has them all', () => {
    const found = blocks.map(({ qdev, inserted: medium }) => [qdev?.replace(/^\/machine\/peripheral\/([^/]*).*/, '$1'), medium?.drv ?? 'empty', medium?.ro ? 'read-only' : 'writable'].join(' '));
    expect(new Set(found)).toEqual(new Set([
      'sata0-0-0 raw read-only', 'scsi0-0-0-1 raw writable', 'scsi0-0-0-3 empty writable', 'usb-disk2 raw writable', 'virtio-disk0 copy-on-read writable',
      'virtio-disk1 qcow2 writable', 'virtio-disk2 raw writable', 'virtio-disk3 raw read-only', 'fdc0-0-0 raw read-only',
    ]));
  });

  test('limits what is to be limited, with its group', () => {
    expect(inserted('virtio-disk0')).toMatchObject({ bps_rd: 1_000_000, bps_rd_max: 2_000_000, iops_wr: 50, group: 'slow', detect_zeroes: 'off' });
  });

  test('lies on the chain that its headers name, told and not guessed', async () => {
    const xml = (await host.client.call('domainGetXMLDesc', { domain: 'disks' })).xml;
    expect(xml.match(/<backingStore type.*>|<source file='[^']*(base|middle)[^']*'/g)).toEqual([
      "<backingStore type='file' index='3'>", `<source file='${host.home}/middle.qcow2'`, "<backingStore type='file' index='4'>", `<source file='${host.home}/base.raw'`,
    ]);
    const nodes = await query<readonly { readonly 'node-name'?: string; readonly detect_zeroes: string; readonly cache: { readonly direct: boolean } }[]>('query-named-block-nodes');
    expect(nodes.find((node) => node['node-name'] === 'libvirt-2-format')).toMatchObject({ detect_zeroes: 'unmap', cache: { direct: true } });
    expect(nodes.map((node) => node['node-name']).filter((name) => name?.endsWith('-format')).length).toBe(10);
  });

  test('opens the encrypted image, and nobody reads the passphrase off a process or a log', async () => {
    expect(inserted('virtio-disk1').encrypted).toBe(true);
    const { pid } = await host.client.call('domainLookup', { domain: 'disks' });
    const { uuid } = await host.client.call('domainLookup', { domain: 'disks' });
    const said = [await readFile(`/proc/${pid}/cmdline`, 'utf8'), await readFile(`/proc/${pid}/environ`, 'utf8'), await readFile(path.join(host.home, 'logs', uuid, 'qemu.log'), 'utf8'), host.log.join('\n')].join('\n');
    expect(said).toContain('masterKey0');
    for (const form of [passphrase, Buffer.from(passphrase).toString('base64')]) expect(said).not.toContain(form);
  });

  test('shows the guest the part that it is given', () => {
    expect(inserted('scsi0-0-0-1').image['virtual-size']).toBe(2_097_152);
  });

  test('has every word of its identity', async () => {
    const { result } = await host.client.call('qemuDomainMonitorCommand', { domain: 'disks', command: 'info qtree', hmp: true });
    const asked = ['wwn = 5764824127192592812 ', 'vendor = "ACME"', 'product = "Anvil 9"', 'rotation_rate = 1 ', 'serial = "A b-1"', 'num-queues = 2 ', 'queue-size = 128 ', 'logical_block_size = 4096 ', 'removable = true'];
    expect(asked.filter((property) => !result.includes(property))).toEqual([]);
  });
});

describe('a start', () => {
  async function refusal(devices: string): Promise<VireoError> {
    await host.client.call('domainDefineXML', { xml: domainXml(devices, 'refused') });
    return host.client.call('domainCreate', { domain: 'refused', paused: true }).then(() => expect.unreachable('it started'), (error: VireoError) => error);
  }

  test('without the secret says which', async () => {
    const error = await refusal(file('luks.qcow2', "dev='vda'", "<encryption format='luks'><secret type='passphrase' usage='/elsewhere'/></encryption>", "type='qcow2'"));
    expect([error.code, error.message]).toEqual(['NO_SECRET', "Secret not found: no secret with matching usage '/elsewhere'"]);
  });

  test('on an image that leaves the format below it open is refused with what to do', async () => {
    const bytes = await readFile(`${host.home}/guess.qcow2`);
    bytes.writeUInt32BE(0xdead, bytes.indexOf(Buffer.from([0xe2, 0x79, 0x2a, 0xca]))); // an extension that nobody knows
    await writeFile(`${host.home}/guess.qcow2`, bytes);
    const error = await refusal(file('guess.qcow2', "dev='vda'", '', "type='qcow2'"));
    expect([error.code, error.message]).toEqual(['OPERATION_INVALID', expect.stringContaining("the format of 'base.raw', which lies below")]);
  });

  test('with a volume says that there are no pools', async () => {
    const error = await refusal("<disk type='volume' device='disk'><source pool='p' volume='v'/><target dev='vda'/></disk>");
    expect([error.code, error.message]).toEqual(['CONFIG_UNSUPPORTED', expect.stringContaining("disk 'vda': volume 'v' of pool 'p'")]);
  });

  test('goes on without an optional medium that is gone', async () => {
    const blocks = await started(`<disk type='file' device='cdrom'><source file='${host.home}/gone.iso' startupPolicy='optional'/><target dev='sda' bus='sata'/></disk>`, 'optional');
    expect(blocks.map(({ inserted }) => inserted)).toEqual([undefined]);
    await ended('optional');
  });
});

/** qemu-img (7.2) counts how fast its processor hashes, and gives up where another process had it just then. */
async function makeLuksImage(folder: string): Promise<void> {
  const create = ['create', '-q', '--object', `secret,id=s,data=${passphrase.replaceAll(',', ',,')}`, '-f', 'qcow2', '-o', 'encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10', 'luks.qcow2', '1M'];
  for (let triesLeft = 20; ; triesLeft -= 1) {
    try {
      return void (await run('qemu-img', create, { cwd: folder }));
    } catch (error) {
      if (triesLeft === 0 || !String(error).includes('Unable to get accurate CPU usage')) throw error;
    }
  }
}
