/** What goes between a host and the world of libvirt: import, native command lines, the migratable form, checks. */
import { execFile } from 'node:child_process';
import { access, chown, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTestHost, type TestHost } from '../support/open-test-host.ts';

const uuid = '0b7a9b0e-5a4a-4f58-9d51-2a1d3c5e7f90';
const domain = (name: string, inside = '', devices = ''): string =>
  `<!-- written by another tool -->\n<domain type='qemu'>\n<name>${name}</name>\n<memory unit='MiB'>64</memory>\n<os><type arch='x86_64' machine='q35'>hvm</type></os>\n${inside}\n<devices>${devices}</devices>\n</domain>\n`;

let folder: string;
let host: TestHost;
beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  host = await openTestHost();
});
afterEach(async () => {
  await host[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe('an import', () => {
  beforeEach(async () => {
    await mkdir(`${folder}/autostart`);
    await writeFile(`${folder}/good.xml`, domain('good', `<uuid>${uuid}</uuid>`, "<disk type='file'><source file='/nowhere/a.img'/><target dev='vda' bus='virtio'/></disk>"));
    await symlink(`${folder}/good.xml`, `${folder}/autostart/good.xml`);
    await writeFile(`${folder}/odd.xml`, domain('odd', "<mood colour='blue'/>"));
    await writeFile(`${folder}/bad.xml`, domain('bad', '<vcpu>none</vcpu>'));
    await writeFile(`${folder}/container.xml`, "<domain type='lxc'><name>c</name></domain>");
    await writeFile(`${folder}/net.xml`, '<network/>');
    await writeFile(`${folder}/notes.txt`, 'not looked at');
  });

  const outcomes = async (dryRun: boolean) => {
    const { files } = await host.client.call('connectImportFolder', { folder, dryRun });
    return Object.fromEntries(files.map((file) => [file.file.slice(folder.length + 1), file.outcome]));
  };

  test('takes each file wholly or not at all, and says why', async () => {
    const { files } = await host.client.call('connectImportFolder', { folder });
    expect(files).toMatchObject([
      { outcome: 'refused', reason: expect.stringMatching(/bad\.xml:6: .*'vcpu'.*'none'/) },
      { outcome: 'refused', reason: expect.stringMatching(/domain type 'lxc'/) },
      { outcome: 'imported', name: 'good', uuid, autostart: true, missingFiles: ['/nowhere/a.img'], notUnderstood: [] },
      { outcome: 'skipped', reason: 'its root element is <network>' },
      { outcome: 'imported', name: 'odd', autostart: false, notUnderstood: [{ path: 'domain/mood', line: 6 }] },
    ]);
    const { domains } = await host.client.call('connectListAllDomains', {});
    expect(Object.fromEntries(domains.map(({ name, autostart }) => [name, autostart]))).toEqual({ good: true, odd: false });
  });

  test('of the same folder again changes nothing, and neither does a dry run', async () => {
    const fresh = { 'bad.xml': 'refused', 'container.xml': 'refused', 'net.xml': 'skipped' };
    expect(await outcomes(true)).toEqual({ ...fresh, 'good.xml': 'importable', 'odd.xml': 'importable' });
    expect((await host.client.call('connectListAllDomains', {})).domains).toEqual([]);
    await outcomes(false);
    // Without a UUID of its own, the file means a new domain; one of that name is there already.
    expect(await outcomes(false)).toMatchObject({ 'good.xml': 'unchanged' });
  });

  test('never changes a domain that says something else', async () => {
    await host.client.call('domainDefineXML', { xml: domain('good', `<uuid>${uuid}</uuid><title>mine</title>`) });
    const { files } = await host.client.call('connectImportFolder', { folder });
    expect(files.find(({ name }) => name === 'good')).toMatchObject({ outcome: 'refused', reason: expect.stringMatching(/'good' is defined here already/) });
    expect((await host.client.call('domainLookup', { domain: 'good' })).title).toBe('mine');
  });

  test('of a folder that means harm ends, refuses what is wrong in it and runs nothing of it', async () => {
    await promisify(execFile)('mkfifo', [`${folder}/pipe.xml`]);
    await symlink('/dev/zero', `${folder}/endless.xml`);
    await mkdir(`${folder}/folder.xml`);
    await writeFile(`${folder}/half.xml`, domain('half').slice(0, 60));
    await writeFile(`${folder}/large.xml`, ' '.repeat(5 << 20));
    await writeFile(`${folder}/twin.xml`, domain('twin', `<uuid>${uuid}</uuid>`));
    await writeFile(`${folder}/emulator`, `#!/bin/sh\ntouch ${folder}/was-run\n`, { mode: 0o755 });
    if (process.geteuid?.() === 0) await chown(`${folder}/emulator`, 1000, 1000);
    await writeFile(`${folder}/foreign.xml`, domain('foreign', '', `<emulator>${folder}/emulator</emulator>`));
    const { files } = await host.client.call('connectImportFolder', { folder });
    const reasons = Object.fromEntries(files.filter(({ outcome }) => outcome === 'refused').map(({ file, reason }) => [file.slice(folder.length + 1), reason]));
    expect(reasons).toEqual({
      'bad.xml': expect.anything() as string,
      'container.xml': expect.anything() as string,
      'endless.xml': expect.stringMatching(/is no ordinary file/) as string,
      'folder.xml': expect.stringMatching(/is no ordinary file/) as string,
      'foreign.xml': expect.stringMatching(/emulator' is not a program of the system/) as string,
      'half.xml': expect.anything() as string,
      'large.xml': expect.stringMatching(/has 5242880 bytes/) as string,
      'pipe.xml': expect.stringMatching(/is no ordinary file/) as string,
      'twin.xml': expect.stringMatching(/'good' is defined here already/) as string,
    });
    await expect(access(`${folder}/was-run`)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('needs a folder', async () => {
    await expect(host.client.call('connectImportFolder', { folder: `${folder}/none` })).rejects.toMatchObject({ code: 'SYSTEM_ERROR' });
  });
});

test('a command line of the driver reads back into the definition that it came from', async () => {
  await host.client.call('domainDefineXML', { xml: domain('x', `<uuid>${uuid}</uuid>`, "<serial type='pty'/><rng model='virtio'><backend model='builtin'/></rng>") });
  const { text, argv } = await host.client.call('connectDomainXMLToNative', { domain: 'x' });
  const { xml } = await host.client.call('connectDomainXMLFromNative', { config: text });
  expect((await host.client.call('connectDomainXMLToNative', { xml })).argv.toSorted()).toEqual(argv.toSorted());
  await expect(host.client.call('connectDomainXMLFromNative', { config: `${text} -global isa-debugcon.iobase=0x402` })).rejects.toThrow(/no definition of this driver gives: -global isa-debugcon\.iobase=0x402/);
});

test('the migratable form leaves out what the receiver adds and comes back as the same definition', async () => {
  await host.client.call('domainDefineXML', { xml: domain('x', `<uuid>${uuid}</uuid>`).replace("machine='q35'", "machine='pc'") });
  const { xml } = await host.client.call('domainGetXMLDesc', { domain: 'x', inactive: true });
  const { xml: migratable } = await host.client.call('domainGetXMLDesc', { domain: 'x', migratable: true });
  expect([xml.includes("model='pci-root'"), migratable.includes("model='pci-root'")]).toEqual([true, false]);
  await host.client.call('domainDefineXML', { xml: migratable });
  expect((await host.client.call('domainGetXMLDesc', { domain: 'x', inactive: true })).xml).toBe(xml);
});

test('a check says what defining would say, with its place, and defines nothing', async () => {
  const check = (xml: string) => host.client.call('connectCheckDomainXML', { xml });
  expect(await check(domain('x', '<mood/>'))).toEqual({ problem: null, notUnderstood: [{ path: 'domain/mood', line: 6 }], warnings: [] });
  const open = domain('x', '', "<graphics type='vnc' autoport='yes' listen='0.0.0.0'/>");
  const line = open.split('\n').findIndex((each) => each.includes('<graphics')) + 1;
  expect(await check(open)).toEqual({ problem: null, notUnderstood: [], warnings: [{ message: expect.stringContaining('asks for no password and is not encrypted'), line }] });
  expect((await check(domain('x', '<vcpu>no</vcpu>'))).problem).toMatchObject({ code: 'XML_ERROR', line: 6, column: 1, element: 'vcpu' });
  expect((await check(domain('x').replace('q35', 'toaster'))).problem).toMatchObject({ code: 'CONFIG_UNSUPPORTED', message: expect.stringMatching(/'toaster'/) });
  expect((await host.client.call('connectListAllDomains', {})).domains).toEqual([]);
});
