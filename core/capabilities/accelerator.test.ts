import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { AcceleratorChoice } from './accelerator.ts';
import type { AcceleratorChoiceOptions } from './accelerator.ts';
import type { HostAcceleration } from './host-acceleration.ts';
import type { Spawn } from './probed-process.ts';
import type { QemuCapabilities } from './qemu-capabilities.ts';

const ran = 'exit 85';
const hangs = 'exec sleep 1000';

const pc = { name: 'pc-i440fx-7.2', alias: 'pc', isDefault: true, maximumCpus: 255, hotpluggableCpus: true, deprecated: false };
const capabilities: QemuCapabilities = {
  key: 'f'.repeat(24),
  binary: '/usr/bin/qemu-system-x86_64',
  arch: 'x86_64',
  version: { major: 7, minor: 2, micro: 0, package: '' },
  machines: [pc],
  deviceTypes: new Set(['isa-debug-exit']),
  objectTypes: new Set(),
  commands: new Set(),
  events: new Set(),
  cpuModels: [],
  commandLineOptions: new Map(),
  accelerators: ['kvm', 'tcg'],
};

const host: HostAcceleration = {
  accelerator: 'kvm',
  name: 'KVM',
  guestArchs: ['x86_64'],
  obstacle: () => Promise.resolve(null),
  identity: () => Promise.resolve('this boot'),
};

let folder: string;
let tried: string[];
beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  tried = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A QEMU that is a shell script for each accelerator. */
function choose(scripts: { kvm?: string; tcg?: string }, more: Partial<AcceleratorChoiceOptions> = {}): AcceleratorChoice {
  const spawnScript: Spawn = (_, args, options) => {
    const accelerator = args[args.indexOf('-accel') + 1] as 'kvm' | 'tcg';
    tried.push(accelerator);
    return spawn('/bin/sh', ['-c', scripts[accelerator] ?? 'exit 1'], options);
  };
  const signal = new AbortController().signal;
  const options = { folder, host, spawn: spawnScript, clock: systemClock, log: silentLog, signal, temporaryFolder: folder };
  return new AcceleratorChoice({ ...options, trialLimitMs: 5000, ...more });
}

describe('the verdict', () => {
  test('is the accelerator once a guest ran on it', async () => {
    expect(await choose({ kvm: ran }).verdict(capabilities)).toEqual({
      accelerator: 'kvm',
      reason: expect.stringMatching(/^KVM: a test guest ran in \d+ ms$/),
      isFinal: true,
    });
    expect(tried).toEqual(['kvm']);
  });

  test('is TCG where the device opens and no guest runs', async () => {
    expect(await choose({ kvm: hangs, tcg: ran }, { trialLimitMs: 150 }).verdict(capabilities))
      .toEqual({ accelerator: 'tcg', reason: 'KVM: it opens, but a test guest did not run within 0.15 s', isFinal: true });
    expect(tried).toEqual(['kvm', 'tcg']);
  });

  test('is not final where the host is too busy to run anything', async () => {
    const choice = choose({ kvm: hangs, tcg: hangs }, { trialLimitMs: 100 });
    expect(await choice.verdict(capabilities)).toEqual({
      accelerator: 'tcg',
      reason: 'KVM: it opens, but a test guest did not run within 0.1 s, nor did it without KVM',
      isFinal: false,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test('tells what QEMU said when it refused', async () => {
    const { reason } = await choose({ kvm: 'echo failed to initialize kvm: No such file >&2; exit 1' }).verdict(capabilities);
    expect(reason).toBe('KVM: a test guest did not run: QEMU exited with status 1: failed to initialize kvm: No such file');
  });

  test.each([
    ['the device cannot be opened', {}, { obstacle: () => Promise.resolve('/dev/kvm cannot be opened') }, 'KVM: /dev/kvm cannot be opened'],
    ['the binary lacks it', { accelerators: ['tcg'] }, {}, 'KVM: /usr/bin/qemu-system-x86_64 was built without it'],
    ['the guest is of another architecture', { arch: 's390x' }, {}, 'KVM: this host runs no s390x guests'],
    ['there is no guest to try it with', { machines: [] }, {}, 'KVM: it cannot be tried with /usr/bin/qemu-system-x86_64'],
  ] as const)('needs no trial where %s', async (_, own, hosts, reason) => {
    expect(await choose({}, { host: { ...host, ...hosts } }).verdict({ ...capabilities, ...own })).toEqual({ accelerator: 'tcg', reason, isFinal: true });
    expect(tried).toEqual([]);
  });
});

describe('a verdict is found once', () => {
  test('by everybody who asks at a time, and by later drivers of the same boot', async () => {
    const choice = choose({ kvm: ran });
    const [first, second] = await Promise.all([choice.verdict(capabilities), choice.verdict(capabilities)]);
    expect(second).toEqual(first);
    expect(await choose({}).verdict(capabilities)).toEqual(first);
    expect(tried).toEqual(['kvm']);
  });

  test('but again after a boot, on request, and where its file is damaged', async () => {
    await choose({ kvm: ran }).verdict(capabilities);
    await choose({ kvm: ran }, { host: { ...host, identity: () => Promise.resolve('next boot') } }).verdict(capabilities);
    const choice = choose({ kvm: ran });
    await writeFile(path.join(folder, `${capabilities.key}.accelerator.json`), '{"format": 1');
    await choice.verdict(capabilities);
    await choice.retry(capabilities);
    expect(tried).toEqual(['kvm', 'kvm', 'kvm', 'kvm']);
  });
});

describe('a start', () => {
  test('waits no longer than the patience from the beginning of the trial', async () => {
    const stop = new AbortController();
    const choice = choose({ kvm: hangs }, { patienceMs: 250, signal: stop.signal });
    const verdict = choice.verdict(capabilities);
    const provisional = { accelerator: 'tcg', reason: 'KVM: a test guest is still being tried', isFinal: false };
    expect(await choice.forStart(capabilities)).toEqual(provisional);
    const sinceMs = systemClock.now();
    expect(await choice.forStart(capabilities)).toEqual(provisional);
    expect(systemClock.now() - sinceMs).toBeLessThan(200);
    stop.abort(new Error('the driver ends'));
    await expect(verdict).rejects.toThrow('the driver ends');
  });

  test('gets a verdict that is there', async () => {
    expect(await choose({ kvm: ran }).forStart(capabilities)).toMatchObject({ accelerator: 'kvm', isFinal: true });
  });
});
