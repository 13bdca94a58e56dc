import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatCpuList } from './cpu-list.ts';
import { readLinuxHardware } from './linux-hardware.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp('/tmp/vireo-');
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function write(files: Readonly<Record<string, string | Buffer>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), content);
  }
}

const read = () => readLinuxHardware({ arch: 'x86_64', root });

/** Two sockets with two cores of two threads, each socket a cell. */
async function writeTwoSockets(): Promise<void> {
  const cpu = 'sys/devices/system/cpu';
  await write({ [`${cpu}/online`]: '0-7\n' });
  for (let id = 0; id < 8; id += 1) {
    const [socket, core, sibling] = [id < 4 ? 0 : 1, Math.floor(id / 2) % 2, id ^ 1];
    await write({
      [`${cpu}/cpu${id}/topology/physical_package_id`]: `${socket}\n`,
      [`${cpu}/cpu${id}/topology/die_id`]: '0\n',
      [`${cpu}/cpu${id}/topology/cluster_id`]: '-1\n',
      [`${cpu}/cpu${id}/topology/core_id`]: `${core}\n`,
      [`${cpu}/cpu${id}/topology/thread_siblings_list`]: `${formatCpuList([id, sibling])}\n`,
      [`${cpu}/cpu${id}/cache/index0/level`]: '1\n',
      [`${cpu}/cpu${id}/cache/index3/level`]: '3\n',
      [`${cpu}/cpu${id}/cache/index3/id`]: `${socket}\n`,
      [`${cpu}/cpu${id}/cache/index3/type`]: 'Unified\n',
      [`${cpu}/cpu${id}/cache/index3/size`]: '16384K\n',
      [`${cpu}/cpu${id}/cache/index3/shared_cpu_list`]: socket === 0 ? '0-3\n' : '4-7\n',
    });
  }
  for (const node of [0, 1]) {
    const folder = `sys/devices/system/node/node${node}`;
    await write({
      [`${folder}/meminfo`]: `Node ${node} MemTotal:       8388608 kB\n`,
      [`${folder}/cpulist`]: node === 0 ? '0-3\n' : '4-7\n',
      [`${folder}/distance`]: node === 0 ? '10 21\n' : '21 10\n',
      [`${folder}/hugepages/hugepages-2048kB/nr_hugepages`]: '512\n',
    });
  }
}

test('a host with two sockets is told cell by cell', async () => {
  await writeTwoSockets();
  const { cpu, cells, caches } = await read();
  expect(cpu.topology).toEqual({ sockets: 1, dies: 1, clusters: 1, cores: 2, threads: 2 });
  expect(caches).toEqual([
    { id: 0, level: 3, type: 'both', sizeKiB: 16_384, processors: [0, 1, 2, 3] },
    { id: 1, level: 3, type: 'both', sizeKiB: 16_384, processors: [4, 5, 6, 7] },
  ]);
  expect(cells.map(({ id, memoryKiB, distances, processors }) => ({ id, memoryKiB, distances, processors: processors.map((each) => each.id) }))).toEqual([
    { id: 0, memoryKiB: 8_388_608, distances: [{ id: 0, value: 10 }, { id: 1, value: 21 }], processors: [0, 1, 2, 3] },
    { id: 1, memoryKiB: 8_388_608, distances: [{ id: 0, value: 21 }, { id: 1, value: 10 }], processors: [4, 5, 6, 7] },
  ]);
  expect(cells[1]?.processors[1]?.place).toEqual({ socket: 1, die: 0, cluster: 0, core: 0, siblings: [4, 5] });
});

test('a cell without processors does not count among the sockets', async () => {
  await writeTwoSockets();
  await write({ 'sys/devices/system/node/node2/meminfo': 'Node 2 MemTotal: 1048576 kB\n', 'sys/devices/system/node/node2/cpulist': '\n' });
  const { cpu, cells } = await read();
  expect(cpu.topology?.sockets).toBe(1);
  expect(cells[2]).toEqual({ id: 2, memoryKiB: 1_048_576, pages: [], distances: [], processors: [] });
});

test('huge pages are counted apart from ordinary ones', async () => {
  await writeTwoSockets();
  const auxiliary = Buffer.alloc(48);
  auxiliary.writeBigUInt64LE(3n, 0);
  auxiliary.writeBigUInt64LE(6n, 16);
  auxiliary.writeBigUInt64LE(4096n, 24);
  await write({ 'proc/self/auxv': auxiliary, 'sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages': '1024' });
  const { cpu, cells } = await read();
  expect(cpu.pageSizesKiB).toEqual([4, 2048]);
  expect(cells[0]?.pages).toEqual([{ sizeKiB: 4, count: (8_388_608 - 512 * 2048) / 4 }, { sizeKiB: 2048, count: 512 }]);
});

test('processors that are not alike have no topology in one line', async () => {
  await writeTwoSockets();
  await write({ 'sys/devices/system/cpu/online': '0-6\n' });
  expect((await read()).cpu.topology).toBeNull();
});

test('sleep states are those that the kernel offers', async () => {
  await write({ 'sys/power/state': 'freeze mem disk\n', 'sys/power/disk': '[platform] shutdown reboot suspend test_resume\n' });
  expect((await read()).sleepStates).toEqual(['suspend_mem', 'suspend_disk', 'suspend_hybrid']);
  await write({ 'sys/power/state': 'freeze mem disk\n', 'sys/power/disk': '[platform] shutdown\n' });
  expect((await read()).sleepStates).toEqual(['suspend_mem', 'suspend_disk']);
  await write({ 'sys/power/state': 'freeze\n' });
  expect((await read()).sleepStates).toEqual([]);
});

test('an IOMMU is there when devices are in its groups', async () => {
  await mkdir(path.join(root, 'sys/kernel/iommu_groups'), { recursive: true });
  expect((await read()).hasIommu).toBe(false);
  await mkdir(path.join(root, 'sys/kernel/iommu_groups/0'));
  expect((await read()).hasIommu).toBe(true);
});

test('a host that hides everything has one cell and makes nothing up', async () => {
  const { cells, ...rest } = await read();
  expect(rest).toEqual({
    cpu: { vendor: null, microcodeVersion: null, signature: null, topology: null, physicalAddressBits: null, features: [], pageSizesKiB: [] },
    sleepStates: null,
    hasIommu: null,
    caches: [],
  });
  expect(cells).toEqual([{ id: 0, memoryKiB: null, pages: [], distances: [], processors: expect.arrayContaining([{ id: 0, place: null }]) }]);
});

test.runIf(process.platform === 'linux')('this host tells its processors and memory', async () => {
  const { cells } = await readLinuxHardware({ arch: 'x86_64' });
  expect(cells.flatMap(({ processors }) => processors).length).toBeGreaterThan(0);
  expect(cells[0]?.memoryKiB).toBeGreaterThan(1024);
});
