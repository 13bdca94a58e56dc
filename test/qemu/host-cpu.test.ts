/** What host-model means, asked of the real QEMU and given back to it. */
import { expect, test } from 'vitest';
import { spawnProbe } from '../../core/capabilities/spawn-probe.ts';
import { HostCpus, resolveHostModel } from '../../core/capabilities/host-cpu.ts';
import { probeCapabilities } from '../../core/capabilities/probe.ts';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { plainCpu } from '../../core/conf/cpu.ts';
import { openTestHost } from '../support/open-test-host.ts';

const binary = '/usr/bin/qemu-system-x86_64';
const options = { spawn: spawnProbe, clock: systemClock, log: silentLog, signal: new AbortController().signal, deadlineMs: 30_000 };

test('the models that emulation can give are told from those it cannot, with what blocks them', async () => {
  const capabilities = { key: 'k', binary, ...(await probeCapabilities(binary, options)) };
  const { models } = await new HostCpus(options).get(capabilities, 'tcg');
  expect([...models.keys()].toSorted()).toEqual(capabilities.cpuModels);
  expect(models.get('qemu64')).toEqual({ blockers: [], deprecated: false, canonical: 'qemu64-v1' });
  expect(models.get('EPYC-Milan-v1')?.blockers).not.toEqual([]);
});

test('host-model becomes a named model with all that emulation has more, and a guest runs on just that', async () => {
  await using host = await openTestHost();
  const { client } = host;
  const xml = "<domain type='qemu'><name>cpu</name><memory unit='MiB'>16</memory><os><type machine='q35'>hvm</type></os><cpu mode='host-model'><feature policy='disable' name='aes'/></cpu></domain>";
  await client.call('domainDefineXML', { xml });
  await client.call('domainCreate', { domain: 'cpu', paused: true });
  const { xml: live } = await client.call('domainGetXMLDesc', { domain: 'cpu' });
  const { xml: inactive } = await client.call('domainGetXMLDesc', { domain: 'cpu', inactive: true });
  expect(inactive).toContain("<cpu mode='host-model'");
  expect(live).toMatch(/<cpu mode='custom' match='exact' check='full'>\s+<model fallback='forbid'>\w+/);
  expect(live).toContain("<feature policy='disable' name='aes'/>");
  const { text } = await client.call('domainGetLog', { domain: 'cpu' });
  expect(text).not.toContain("doesn't support requested feature");
  expect(text).toMatch(/-cpu \S+,.*aes=off/);
  await client.call('domainDestroy', { domain: 'cpu' });
});

test('other modes stay as they are', () => {
  expect(resolveHostModel({ ...plainCpu, mode: 'maximum' }, { models: new Map(), hostModel: null })).toEqual({ ...plainCpu, mode: 'maximum' });
});
