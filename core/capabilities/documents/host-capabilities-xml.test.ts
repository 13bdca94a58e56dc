import { beforeAll, expect, test } from 'vitest';
import { parseXml } from '../../xml/parse-xml.ts';
import { goldenFolder, recordedCapabilities } from '../../../test/golden/golden-launch.ts';
import type { QemuCapabilities } from '../qemu-capabilities.ts';
import { hostCapabilitiesXml } from './host-capabilities-xml.ts';
import type { HostHardware } from './host-hardware.ts';

let capabilities: QemuCapabilities;

beforeAll(async () => {
  capabilities = await recordedCapabilities();
});

const hostUuid = '7b55704c-29f4-11b2-a85c-9dc6ff50623f';

const laptop: HostHardware = {
  cpu: {
    vendor: 'Intel',
    microcodeVersion: 236,
    signature: { family: 6, model: 142, stepping: 12 },
    topology: { sockets: 1, dies: 1, clusters: 1, cores: 1, threads: 2 },
    physicalAddressBits: 39,
    features: ['fpu', 'sse4.1', 'invtsc'],
    pageSizesKiB: [4, 2048],
  },
  sleepStates: ['suspend_mem'],
  hasIommu: true,
  cells: [{
    id: 0,
    memoryKiB: 32_498_112,
    pages: [{ sizeKiB: 4, count: 8_124_528 }, { sizeKiB: 2048, count: 0 }],
    distances: [{ id: 0, value: 10 }],
    processors: [0, 1].map((id) => ({ id, place: { socket: 0, die: 0, cluster: 0, core: 0, siblings: [0, 1] } })),
  }],
  caches: [{ id: 0, level: 3, type: 'both', sizeKiB: 8192, processors: [0, 1] }],
};

const unknown: HostHardware = {
  cpu: { vendor: null, microcodeVersion: null, signature: null, topology: null, physicalAddressBits: null, features: [], pageSizesKiB: [] },
  sleepStates: null,
  hasIommu: null,
  cells: [{ id: 0, memoryKiB: null, pages: [], distances: [], processors: [{ id: 0, place: null }] }],
  caches: [],
};

test('a host that tells everything is written as recorded', async () => {
  const other = { ...capabilities, arch: 'i686', binary: '/usr/bin/qemu-system-i386', machines: capabilities.machines.slice(0, 4) };
  const xml = hostCapabilitiesXml({
    hostUuid,
    arch: 'x86_64',
    hardware: laptop,
    capabilities: [capabilities, other],
    usable: ({ arch }) => (arch === 'x86_64' ? ['tcg', 'kvm'] : ['tcg']),
    migrationTransports: ['tcp'],
  });
  expect(() => parseXml(xml, { source: 'document' })).not.toThrow();
  await expect(xml).toMatchFileSnapshot(`${goldenFolder}capabilities/host.xml`);
});

test('what a host does not tell is left out', () => {
  expect(hostCapabilitiesXml({ hostUuid, arch: 'aarch64', hardware: unknown, capabilities: [], usable: () => [] })).toBe(`<capabilities>
  <host>
    <uuid>${hostUuid}</uuid>
    <cpu>
      <arch>aarch64</arch>
    </cpu>
    <topology>
      <cells num='1'>
        <cell id='0'>
          <cpus num='1'>
            <cpu id='0'/>
          </cpus>
        </cell>
      </cells>
    </topology>
  </host>
</capabilities>
`);
});

test('of two emulators for one architecture the first is listed', () => {
  const second = { ...capabilities, binary: '/opt/qemu-system-x86_64' };
  const xml = hostCapabilitiesXml({ hostUuid, arch: 'x86_64', hardware: unknown, capabilities: [capabilities, second], usable: () => ['tcg'] });
  expect(xml.match(/<emulator>.*/g)).toEqual(['<emulator>/usr/bin/qemu-system-x86_64</emulator>']);
});
