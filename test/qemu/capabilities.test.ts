import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { AcceleratorChoice } from '../../core/capabilities/accelerator.ts';
import { CapabilitiesCache } from '../../core/capabilities/cache.ts';
import { hostAcceleration } from '../../core/capabilities/host-acceleration.ts';
import { probeCapabilities } from '../../core/capabilities/probe.ts';
import type { QemuCapabilities } from '../../core/capabilities/qemu-capabilities.ts';
import { runTestGuest } from '../../core/capabilities/test-guest.ts';
import { qmpEventNames } from '../../core/monitor/qmp-schema.generated.ts';

const binary = '/usr/bin/qemu-system-x86_64';
const signal = new AbortController().signal;
const shared = { spawn, clock: systemClock, log: silentLog, signal };
let folder: string;
let capabilities: QemuCapabilities;

const probe = (file: string) => probeCapabilities(file, { ...shared, deadlineMs: 30_000, temporaryFolder: folder });
const openCache = () => new CapabilitiesCache({ folder: path.join(folder, 'cache'), probe, clock: systemClock, log: silentLog });

beforeAll(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  capabilities = await openCache().get(binary);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('probing the real QEMU', () => {
  test('finds what everybody knows to be in it', () => {
    expect(capabilities).toMatchObject({ binary, arch: 'x86_64', version: { major: 7, minor: 2 }, accelerators: ['kvm', 'tcg'] });
    const q35 = capabilities.machines.find((machine) => machine.alias === 'q35');
    expect(q35).toEqual({ name: 'pc-q35-7.2', alias: 'q35', isDefault: false, maximumCpus: 288, hotpluggableCpus: true, deprecated: false });
    const missing = ['virtio-blk-pci', 'virtio-net-pci', 'virtio-serial-pci', 'isa-debug-exit', 'pcie-root-port'].filter((type) => !capabilities.deviceTypes.has(type));
    expect(missing).toEqual([]);
    expect(capabilities.objectTypes.has('memory-backend-memfd')).toBe(true);
    expect(capabilities.commands.has('blockdev-add')).toBe(true);
    expect(capabilities.events).toEqual(qmpEventNames);
    expect(capabilities.cpuModels).toContain('qemu64');
    expect(capabilities.commandLineOptions.get('memory')?.has('size')).toBe(true);
  });

  test('what was kept on disk is equal to what was probed', async () => {
    expect(await openCache().get(binary)).toEqual(capabilities);
    expect(await openCache().byKey(capabilities.key)).toEqual(capabilities);
  });
});

describe('the test guest', () => {
  const run = (accelerator: 'tcg' | 'kvm', limitMs: number) => runTestGuest(capabilities, accelerator, { ...shared, limitMs, temporaryFolder: folder });

  test('runs under TCG, which proves the guest itself', async () => {
    expect(await run('tcg', 60_000)).toMatchObject({ outcome: 'ran' });
  });

  test('powers itself off where there is no debug port', async () => {
    const bare = { ...capabilities, deviceTypes: new Set<string>() };
    expect(await runTestGuest(bare, 'tcg', { ...shared, limitMs: 60_000 })).toMatchObject({ outcome: 'ran' });
  });

  test('says what QEMU said where it cannot run at all', async () => {
    expect(await runTestGuest({ ...capabilities, machines: [] }, 'hvf', { ...shared, limitMs: 60_000 }))
      .toMatchObject({ outcome: 'failed', why: expect.stringContaining('invalid accelerator hvf') });
  });
});

describe('the accelerator of this host', () => {
  const choose = () => new AcceleratorChoice({ ...shared, folder: path.join(folder, 'verdicts'), host: hostAcceleration(), trialLimitMs: 8000, temporaryFolder: folder });

  test('is one that ran a guest, and is tried once for this boot', async () => {
    const first = await choose().verdict(capabilities);
    // What is right depends on the host; that an unproved KVM is never chosen does not.
    if (first.accelerator === 'kvm') expect(first.reason).toMatch(/^KVM: a test guest ran in \d+ ms$/);
    else expect(first).toMatchObject({ accelerator: 'tcg', reason: expect.stringMatching(/^KVM: ./) });
    const again = systemClock.now();
    expect(await choose().verdict(capabilities)).toEqual(first);
    if (first.isFinal) expect(systemClock.now() - again).toBeLessThan(1000);
  });

  test('nothing is left in the temporary folder', async () => {
    expect((await readdir(folder)).sort()).toEqual(expect.not.arrayContaining([expect.stringMatching(/^vireo-/)]));
  });
});

describe('a binary that is no QEMU', () => {
  const script = async (text: string): Promise<string> => {
    const file = path.join(folder, 'not-qemu');
    await writeFile(file, `#!/bin/sh\n${text}\n`);
    await chmod(file, 0o755);
    return file;
  };

  test.each([
    ['dies with a word', 'echo no firmware today >&2; exit 3', 'it exited with status 3: no firmware today'],
    ['ends without a word', 'exit 0', 'it exited with status 0'],
    ['kills itself', 'kill -SEGV $$', 'it was ended by SIGSEGV'],
  ])('that %s gives one clear error', async (_, text, why) => {
    const file = await script(text);
    await expect(probe(file)).rejects.toMatchObject({
      code: 'INTERNAL_ERROR',
      message: `internal error: failed to probe QEMU binary ${file}: ${why}`,
      details: { binary: file },
    });
  });

  test('that hangs is killed at the deadline', async () => {
    const pidFile = path.join(folder, 'pid');
    const file = await script(`echo $$ > ${pidFile}; exec sleep 1000`);
    await expect(probeCapabilities(file, { ...shared, deadlineMs: 500, temporaryFolder: folder })).rejects.toThrow('within 500 ms');
    const pid = Number(await readFile(pidFile, 'utf8'));
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  test('that is not there is named', async () => {
    await expect(openCache().get('/nonexistent/qemu')).rejects.toMatchObject({
      code: 'SYSTEM_ERROR',
      message: 'Cannot check QEMU binary /nonexistent/qemu',
    });
  });
});

test('an upgraded binary is probed again, and the old capabilities stay reachable by key', async () => {
  const copy = path.join(folder, 'qemu'); // a copied binary would not find its modules
  await writeFile(copy, `#!/bin/sh\nexec ${binary} "$@"\n`);
  await chmod(copy, 0o755);
  let probes = 0;
  const cache = new CapabilitiesCache({
    folder: path.join(folder, 'cache'),
    probe: (file) => (probes += 1, probe(file)),
    clock: systemClock,
    log: silentLog,
  });
  const [before, same] = await Promise.all([cache.get(copy), cache.get(copy)]);
  expect(same).toBe(before);
  await utimes(copy, new Date(), new Date('2030-01-01'));
  const after = await cache.get(copy);
  expect([probes, after.key === before.key]).toEqual([2, false]);
  expect(await cache.byKey(before.key)).toBe(before);
});
