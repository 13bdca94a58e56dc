/** What only the running QEMU can tell, in the run's XML and in what the driver knows (F3); and a QEMU that floods its log. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bootSectorImage } from '../support/boot-sector.ts';
import { bootGuestXml, lookup } from '../support/boot-guest.ts';
import { openTestHost, type TestHost } from '../support/open-test-host.ts';
import { scriptedEmulator } from '../support/scripted-emulator.ts';

let host: TestHost;
beforeEach(async () => {
  host = await openTestHost();
  await writeFile(path.join(host.home, 'boot.raw'), bootSectorImage());
});
afterEach(() => host[Symbol.asyncDispose]());

const threads = (): unknown => host.host.driver.find('boot').live?.threads;

test('ptys, places of DIMMs, threads and closed channels are known before the CPUs run, and by the next driver', async () => {
  const devices = `<memory model='dimm'><target><size unit='MiB'>32</size><node>0</node></target></memory>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>`;
  const xml = bootGuestXml(`${host.home}/boot.raw`, { serial: 'pty' })
    .replace("<memory unit='MiB'>16</memory>", "<maxMemory slots='2' unit='MiB'>256</maxMemory><memory unit='MiB'>64</memory><vcpu>2</vcpu><iothreads>2</iothreads>")
    .replace('<features>', "<cpu><numa><cell id='0' cpus='0-1' memory='32' unit='MiB'/></numa></cpu><features>")
    .replace('</devices>', `${devices}</devices>`);
  await host.client.call('domainDefineXML', { xml });
  await host.client.call('domainCreate', { domain: 'boot', paused: true });
  const { xml: live } = await host.client.call('domainGetXMLDesc', { domain: 'boot' });
  expect(live).toMatch(/<source path='\/dev\/pts\/\d+'\/>/);
  expect(live).toMatch(/<address type='dimm' slot='0' base='0x100000000'\/>/);
  expect(live).toMatch(/<target type='virtio' name='org.qemu.guest_agent.0' state='disconnected'\/>/);
  const { pid, agent } = await lookup(host);
  expect(agent).toBe('disconnected');
  const ofQemu = (await readdir(`/proc/${pid}/task`)).map(Number);
  const known = threads() as { readonly vcpus: ReadonlyMap<number, number>; readonly ioThreads: ReadonlyMap<number, number> };
  expect([...known.vcpus.keys(), ...known.ioThreads.keys()]).toEqual([0, 1, 1, 2]);
  for (const id of [...known.vcpus.values(), ...known.ioThreads.values()]) expect(ofQemu).toContain(id);
  await host.reopen();
  await expect.poll(threads, { timeout: 20_000 }).toEqual(known);
});

test('what the CPU has not is said in the run’s XML, and refused where the definition takes no less', async () => {
  const withCpu = (attributes: string): string => bootGuestXml(`${host.home}/boot.raw`, { serial: false }).replace('<features>', `<cpu mode='custom'${attributes}><model>Skylake-Client</model><feature policy='require' name='x2apic'/></cpu><features>`);
  await host.client.call('domainDefineXML', { xml: withCpu('') });
  await host.client.call('domainCreate', { domain: 'boot', paused: true });
  const { xml } = await host.client.call('domainGetXMLDesc', { domain: 'boot' });
  expect(xml).toMatch(/<cpu mode='custom' match='exact' check='full'>/);
  expect(xml).toMatch(/<feature policy='disable' name='x2apic'\/>[\s\S]*<feature policy='disable' name='pcid'\/>/);
  expect((await host.client.call('domainGetXMLDesc', { domain: 'boot', inactive: true })).xml).not.toContain('pcid');
  await host.client.call('domainDestroy', { domain: 'boot' });
  await host.client.call('domainDefineXML', { xml: withCpu(" check='full'") });
  await expect(host.client.call('domainCreate', { domain: 'boot' })).rejects.toThrow(/guest CPU doesn't match specification: missing features: .*x2apic/);
});

test('a QEMU that floods its log is cut to its newest words while it runs, and the run goes on', async () => {
  const emulator = await scriptedEmulator(host.home);
  await host.client.call('domainDefineXML', { xml: bootGuestXml(`${host.home}/boot.raw`, { serial: false, emulator: emulator.path }) });
  // Floods when the file comes, as QEMU would: through the descriptor that it was started with.
  await emulator.behave(`(while [ ! -f ${host.home}/flood ]; do sleep 0.05; done; head -c 5000000 /dev/zero | tr '\\0' x >&2; echo the last word >&2) </dev/null &`);
  await host.client.call('domainCreate', { domain: 'boot', paused: true });
  const { uuid } = await lookup(host);
  const log = path.join(host.home, 'logs', uuid, 'qemu.log');
  await writeFile(path.join(host.home, 'flood'), '');
  await expect.poll(() => readFile(log, 'utf8'), { timeout: 20_000 }).toMatch(/the log was begun anew; what stood here is in .*qemu\.log\.0, without \d+ bytes/);
  expect((await stat(`${log}.0`)).size).toBeLessThanOrEqual(2 * 1024 * 1024);
  expect(await lookup(host)).toMatchObject({ state: 'paused' });
});
