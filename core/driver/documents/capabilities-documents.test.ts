import { beforeAll, describe, expect, test } from 'vitest';
import { VireoError } from '../../base/errors.ts';
import { silentLog } from '../../base/log.ts';
import type { Accelerator, QemuCapabilities } from '../../capabilities/qemu-capabilities.ts';
import { plainHardware } from '../../capabilities/documents/read-host-hardware.ts';
import { recordedCapabilities } from '../../../test/golden/golden-launch.ts';
import { hostArchitecture } from '../emulators.ts';
import { CapabilitiesDocuments, type DomainCapabilitiesRequest } from './capabilities-documents.ts';

let recorded: QemuCapabilities;
const signal = new AbortController().signal;

beforeAll(async () => {
  recorded = await recordedCapabilities();
});

/** A host with emulators under their paths; what has no entry is not installed, null cannot be probed. */
function hostWith(emulators: Readonly<Record<string, QemuCapabilities | null>>, accelerator: Accelerator = 'tcg'): CapabilitiesDocuments {
  return new CapabilitiesDocuments({
    hostUuid: () => Promise.resolve('11111111-2222-4333-8444-555555555555'),
    capabilities: {
      get(binary) {
        const found = emulators[binary];
        return found ? Promise.resolve(found) : Promise.reject(new VireoError('INTERNAL_ERROR', `failed to probe QEMU binary ${binary}`));
      },
    },
    accelerators: { verdict: () => Promise.resolve({ accelerator, reason: 'tried', isFinal: true }) },
    log: silentLog,
    readHardware: () => Promise.resolve(plainHardware()),
    findEmulator(name) {
      const file = `/bin/qemu-system-${name}`;
      return file in emulators ? Promise.resolve(file) : Promise.reject(new VireoError('CONFIG_UNSUPPORTED', `${name} is not installed`));
    },
  });
}

const nothing: DomainCapabilitiesRequest = { emulator: null, arch: null, machine: null, virttype: null };
const ofArch = (arch: string): QemuCapabilities => ({ ...recorded, arch, binary: `/bin/qemu-system-${arch}` });

describe('the host’s document', () => {
  test('names the guests of each emulator that is installed and answers', async () => {
    const xml = await hostWith({ '/bin/qemu-system-x86_64': ofArch('x86_64'), '/bin/qemu-system-i386': ofArch('i686'), '/bin/qemu-system-arm': null }).host(signal);
    expect(xml.match(/<arch name='\w+'>/g)).toEqual(["<arch name='i686'>", "<arch name='x86_64'>"]);
    expect(xml).toContain('<uuid>11111111-2222-4333-8444-555555555555</uuid>');
  });

  test('offers KVM only where it ran a guest', async () => {
    const emulators = { '/bin/qemu-system-x86_64': ofArch('x86_64') };
    expect((await hostWith(emulators).host(signal)).match(/<domain type=.*/g)).toEqual(["<domain type='qemu'/>"]);
    expect((await hostWith(emulators, 'kvm').host(signal)).match(/<domain type=.*/g)).toEqual(["<domain type='qemu'/>", "<domain type='kvm'/>"]);
  });

  test('exists on a host without any emulator', async () => {
    expect(await hostWith({}).host(signal)).not.toContain('<guest>');
  });

  test('stops when its caller does', async () => {
    await expect(hostWith({}).host(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  });
});

describe('the domain’s document', () => {
  test('is about the host’s own architecture where nothing is asked for', async () => {
    const xml = await hostWith({ [`/bin/qemu-system-${hostArchitecture()}`]: ofArch(hostArchitecture()) }).domain(nothing, signal);
    expect(xml).toContain(`<arch>${hostArchitecture()}</arch>`);
  });

  test('finds the emulator of an architecture by QEMU’s name of it', async () => {
    expect(await hostWith({ '/bin/qemu-system-i386': ofArch('i686') }).domain({ ...nothing, arch: 'i686' }, signal)).toContain('<path>/bin/qemu-system-i686</path>');
  });

  test.each<[string, Partial<DomainCapabilitiesRequest>, string]>([
    ['an architecture that nobody knows', { arch: 'pdp11' }, "invalid argument: unknown architecture 'pdp11'"],
    ['an architecture without an emulator', { arch: 's390x' }, "invalid argument: no emulator for architecture 's390x' is installed"],
    ['an emulator of another architecture', { emulator: '/bin/qemu-system-x86_64', arch: 's390x' }, "invalid argument: the emulator '/bin/qemu-system-x86_64' runs x86_64 guests, not 's390x'"],
    ['an emulator without an absolute path', { emulator: 'qemu-system-x86_64' }, "invalid argument: the path of the emulator 'qemu-system-x86_64' is not absolute"],
  ])('is refused for %s', async (_, request, message) => {
    const documents = hostWith({ '/bin/qemu-system-x86_64': ofArch('x86_64') });
    await expect(documents.domain({ ...nothing, ...request }, signal)).rejects.toMatchObject({ code: 'INVALID_ARG', message });
  });
});
