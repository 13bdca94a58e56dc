/**
 * The hardware of a Linux host, read from /proc and /sys. A file that is missing or unreadable (containers hide many)
 * only means that its fact is not known.
 */
import { readdir, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { formatCpuList, parseCpuList } from './cpu-list.ts';
import type { CpuTopology, HostCache, HostCell, HostHardware, HostProcessor, SleepState } from './host-hardware.ts';
import { parseCpuinfo } from './proc-cpuinfo.ts';

export interface LinuxHardwareOptions {
  /** The host's architecture in libvirt's spelling. */
  readonly arch: string;
  /** Where `proc` and `sys` are; `/` unless given. */
  readonly root?: string;
}

export async function readLinuxHardware({ arch, root = '/' }: LinuxHardwareOptions): Promise<HostHardware> {
  const system = new SystemFiles(root);
  const [cpuinfo, processors, hugePagesKiB, basePageKiB] = await Promise.all([system.text('proc/cpuinfo'), readProcessors(system), readHugePageSizes(system), readBasePage(system)]);
  const [sleepStates, hasIommu, cells, caches] = await Promise.all([readSleepStates(system), readIommu(system), readCells(system, processors, basePageKiB), readCaches(system, processors)]);
  // A cell may be memory alone, as with CXL.
  const populated = cells.filter((cell) => cell.processors.length > 0).length;
  const pageSizesKiB = [...(basePageKiB === null ? [] : [basePageKiB]), ...hugePagesKiB];
  return { cpu: { ...parseCpuinfo(cpuinfo ?? '', arch), topology: topologyOf(processors, populated), pageSizesKiB }, sleepStates, hasIommu, cells, caches };
}

/** Reads below one root; absence and refusal are both "not known". */
class SystemFiles {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  bytes(file: string): Promise<Buffer | null> {
    return readFile(path.join(this.#root, file)).catch(() => null);
  }

  async text(file: string): Promise<string | null> {
    return (await this.bytes(file))?.toString('utf8').trim() ?? null;
  }

  async number(file: string): Promise<number | null> {
    const text = await this.text(file);
    return text !== null && /^-?\d+$/.test(text) ? Number(text) : null;
  }

  /** Entries of a folder, null where there is none. */
  entries(folder: string): Promise<readonly string[] | null> {
    return readdir(path.join(this.#root, folder)).catch(() => null);
  }

  /** The numbers N of entries `<prefix>N`, rising. */
  async numbered(folder: string, prefix: string): Promise<readonly number[]> {
    const names = (await this.entries(folder)) ?? [];
    const numbers = names.filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)));
    return numbers.map((name) => Number(name.slice(prefix.length))).toSorted((a, b) => a - b);
  }
}

const cpuFolder = 'sys/devices/system/cpu';

/** The processors that are online; a host that hides sysfs still has those that Node counts. */
async function readProcessors(system: SystemFiles): Promise<readonly HostProcessor[]> {
  const online = parseCpuList((await system.text(`${cpuFolder}/online`)) ?? '');
  const ids = online.length > 0 ? online : os.cpus().map((_, id) => id);
  return Promise.all(ids.map((id) => readProcessor(system, id)));
}

async function readProcessor(system: SystemFiles, id: number): Promise<HostProcessor> {
  const folder = `${cpuFolder}/cpu${id}/topology`;
  const [socket, die, cluster, core, siblings] = await Promise.all([
    system.number(`${folder}/physical_package_id`),
    system.number(`${folder}/die_id`),
    system.number(`${folder}/cluster_id`),
    system.number(`${folder}/core_id`),
    system.text(`${folder}/thread_siblings_list`),
  ]);
  if (socket === null || core === null || siblings === null) return { id, place: null };
  // The kernel says -1 (or its 16 bits) for a level that the machine does not have; libvirt counts that as one.
  const level = (value: number | null): number => (value === null || value < 0 || value === 0xffff ? 0 : value);
  return { id, place: { socket: level(socket), die: level(die), cluster: level(cluster), core: level(core), siblings: parseCpuList(siblings) } };
}

/** Null unless all sockets of all cells are alike. */
function topologyOf(processors: readonly HostProcessor[], cells: number): CpuTopology | null {
  const places = processors.flatMap(({ place }) => place ?? []);
  if (places.length === 0 || places.length !== processors.length) return null;
  const distinct = (keys: readonly string[]): number => new Set(keys).size;
  const sockets = distinct(places.map(({ socket }) => `${socket}`));
  const dies = distinct(places.map(({ socket, die }) => `${socket} ${die}`));
  const clusters = distinct(places.map(({ socket, die, cluster }) => `${socket} ${die} ${cluster}`));
  const cores = distinct(places.map(({ siblings }) => formatCpuList(siblings)));
  const topology = { sockets: sockets / cells, dies: dies / sockets, clusters: clusters / dies, cores: cores / clusters, threads: places.length / cores };
  return Object.values(topology).every((count) => Number.isInteger(count)) ? topology : null;
}

async function readHugePageSizes(system: SystemFiles, folder = 'sys/kernel/mm/hugepages'): Promise<readonly number[]> {
  const names = (await system.entries(folder)) ?? [];
  return names.flatMap((name) => Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0) || []).toSorted((a, b) => a - b);
}

/** From what the kernel handed this process at its start (AT_PAGESZ): pairs of native words, 64 bits wide where Node runs. */
async function readBasePage(system: SystemFiles): Promise<number | null> {
  const vector = await system.bytes('proc/self/auxv');
  if (!vector || os.endianness() !== 'LE') return null;
  const pageSizeTag = 6n;
  for (let at = 0; at + 16 <= vector.length; at += 16) {
    if (vector.readBigUInt64LE(at) === pageSizeTag) return Number(vector.readBigUInt64LE(at + 8)) / 1024;
  }
  return null;
}

async function readSleepStates(system: SystemFiles): Promise<readonly SleepState[] | null> {
  const states = (await system.text('sys/power/state'))?.split(/\s+/);
  if (!states) return null;
  const ways = (await system.text('sys/power/disk'))?.split(/[\s[\]]+/) ?? [];
  const toDisk = states.includes('disk');
  return [
    ...(states.includes('mem') ? (['suspend_mem'] as const) : []),
    ...(toDisk ? (['suspend_disk'] as const) : []),
    ...(toDisk && ways.includes('suspend') ? (['suspend_hybrid'] as const) : []),
  ];
}

/** The kernel puts every device behind an IOMMU into a group. */
async function readIommu(system: SystemFiles): Promise<boolean | null> {
  const groups = await system.entries('sys/kernel/iommu_groups');
  return groups && groups.length > 0;
}

const nodeFolder = 'sys/devices/system/node';

async function readCells(system: SystemFiles, processors: readonly HostProcessor[], basePageKiB: number | null): Promise<readonly HostCell[]> {
  const ids = await system.numbered(nodeFolder, 'node');
  if (ids.length === 0) return [{ id: 0, memoryKiB: await totalMemory(system), pages: [], distances: [], processors }];
  return Promise.all(ids.map((id) => readCell(system, id, ids, processors, basePageKiB)));
}

async function totalMemory(system: SystemFiles): Promise<number | null> {
  return memoryTotal(await system.text('proc/meminfo'));
}

function memoryTotal(meminfo: string | null): number | null {
  const total = /MemTotal:\s*(\d+) kB/.exec(meminfo ?? '')?.[1];
  return total === undefined ? null : Number(total);
}

async function readCell(system: SystemFiles, id: number, ids: readonly number[], all: readonly HostProcessor[], basePageKiB: number | null): Promise<HostCell> {
  const folder = `${nodeFolder}/node${id}`;
  const [meminfo, list, distance, sizesKiB] = await Promise.all([
    system.text(`${folder}/meminfo`),
    system.text(`${folder}/cpulist`),
    system.text(`${folder}/distance`),
    readHugePageSizes(system, `${folder}/hugepages`),
  ]);
  const memoryKiB = memoryTotal(meminfo);
  const huge = await Promise.all(sizesKiB.map(async (sizeKiB) => ({ sizeKiB, count: await system.number(`${folder}/hugepages/hugepages-${sizeKiB}kB/nr_hugepages`) })));
  const known = huge.flatMap(({ sizeKiB, count }) => (count === null ? [] : [{ sizeKiB, count }]));
  const ordinaryKiB = memoryKiB === null ? null : memoryKiB - known.reduce((sum, { sizeKiB, count }) => sum + sizeKiB * count, 0);
  const base = ordinaryKiB === null || basePageKiB === null ? [] : [{ sizeKiB: basePageKiB, count: Math.max(0, Math.floor(ordinaryKiB / basePageKiB)) }];
  const values = (distance ?? '').split(/\s+/).filter((value) => /^\d+$/.test(value));
  const mine = new Set(parseCpuList(list ?? ''));
  return {
    id,
    memoryKiB,
    pages: [...base, ...known],
    distances: values.length === ids.length ? ids.map((to, at) => ({ id: to, value: Number(values[at]) })) : [],
    processors: all.filter((processor) => mine.has(processor.id)),
  };
}

/** Only the third level is shared between cores and told by libvirt. */
const sharedLevel = 3;

async function readCaches(system: SystemFiles, processors: readonly HostProcessor[]): Promise<readonly HostCache[]> {
  const lists = await Promise.all(processors.map(({ id }) => readCachesOf(system, id)));
  const banks = new Map(lists.flat().map((cache) => [`${cache.id} ${cache.type}`, cache]));
  return [...banks.values()].toSorted((a, b) => a.id - b.id);
}

async function readCachesOf(system: SystemFiles, processor: number): Promise<readonly HostCache[]> {
  const folder = `${cpuFolder}/cpu${processor}/cache`;
  const indexes = await system.numbered(folder, 'index');
  const caches = await Promise.all(indexes.map(async (index): Promise<HostCache | null> => {
    const file = (name: string): string => `${folder}/index${index}/${name}`;
    if ((await system.number(file('level'))) !== sharedLevel) return null;
    const [id, kind, size, shared] = await Promise.all([system.number(file('id')), system.text(file('type')), system.text(file('size')), system.text(file('shared_cpu_list'))]);
    const type = ({ Unified: 'both', Instruction: 'code', Data: 'data' } as const)[kind ?? ''];
    const sizeKiB = Number(/^(\d+)K$/.exec(size ?? '')?.[1] ?? 0);
    return id === null || type === undefined || sizeKiB === 0 ? null : { id, level: sharedLevel, type, sizeKiB, processors: parseCpuList(shared ?? '') };
  }));
  return caches.flatMap((cache) => cache ?? []);
}
