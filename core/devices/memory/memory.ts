/**
 * `<memory>` among the devices: DIMMs, persistent memory, memory that grows and shrinks with the guest (virtio-mem),
 * enclaves. Their sizes are part of the domain's `<memory>`; what the guest starts with is the rest.
 */
import { randomUUID } from 'node:crypto';
import { devicesOf } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { numaCells } from '../../devices/memory-total.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { type CommandFragment, json, type JsonObject, withoutNulls } from '../command-fragment.ts';
import { type AddressNeed, type DeviceModule, type DomainSurroundings, type HostNeed, pciRank, virtioNeed } from '../device-module.ts';
import type { DeviceLaunch, LiveFacts } from '../launch-context.ts';
import { acpiProperties } from '../pci-fields.ts';
import { virtioDriver } from '../virtio/virtio-device.ts';
import { type MemoryBackend, memoryBackendFragment, preallocates } from './memory-backend.ts';
import { backingPath, memoryCodec, type MemoryDevice, type MemoryDeviceOf } from './memory-definition.ts';
import { isPower, moduleSizeKiB } from './module-size.ts';
import { validateMemoryDevice } from './validate-memory.ts';

const aliasPrefixes = { dimm: 'dimm', nvdimm: 'nvdimm', 'virtio-pmem': 'virtiopmem', 'virtio-mem': 'virtiomem', 'sgx-epc': 'epc' } as const;

export const memoryModule: DeviceModule<'memory'> = {
  kind: 'memory',
  codec: memoryCodec,
  defaults,
  domainDefaults: 'none',
  validate: validateMemoryDevice,
  address(memory): AddressNeed {
    if (memory.model === 'dimm' || memory.model === 'nvdimm') return { type: 'dimm' };
    return memory.model === 'sgx-epc' ? { type: 'none' } : virtioNeed(pciRank.memory);
  },
  alias,
  abi: {
    model: 'same', access: 'may-change', discard: 'may-change',
    source: { path: 'may-change', nodemask: 'may-change', pageSizeKiB: 'may-change' },
    target: { currentKiB: 'may-change' },
    alias: 'may-change', acpi: 'same', address: 'same',
  },
  prepare: 'nothing',
  commandLine,
  boots: () => 'none',
  hostNeeds,
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: liveMemory,
  label: ({ model, target }) => `${model} memory, ${target.sizeKiB / 1024} MiB`,
};

/** Properties of -machine that place enclave memory, which is part of the board and no device. */
export function enclaveProperties({ devices }: Pick<DomainDefinition, 'devices'>): Readonly<Record<string, string | number>> {
  const enclaves = devicesOf(devices, 'memory').filter(({ model }) => model === 'sgx-epc');
  return Object.fromEntries(enclaves.flatMap((enclave, at): readonly (readonly [string, string | number])[] => [
    [`sgx-epc.${at}.memdev`, `mem${aliasOf(enclave)}`],
    ...(enclave.target.node === null ? [] : [[`sgx-epc.${at}.node`, enclave.target.node] as const]),
  ]));
}

/** Slot and base of a DIMM that named none; base and size of memory that grows with the guest. */
function liveMemory(memory: MemoryDevice, { memoryDevices }: LiveFacts): MemoryDevice {
  const facts = memoryDevices.get(memory.alias ?? '');
  if (!facts) return memory;
  const base = BigInt(facts.base);
  switch (memory.model) {
    case 'dimm':
    case 'nvdimm':
      return { ...memory, address: { type: 'dimm', slot: facts.slot, base } };
    case 'virtio-pmem':
      return { ...memory, target: { ...memory.target, base: { base } } };
    case 'virtio-mem':
      return { ...memory, target: { ...memory.target, base: { base }, currentKiB: facts.sizeBytes / 1024 } };
    case 'sgx-epc':
      return memory;
  }
}

function defaults(written: MemoryDevice, domain: DomainSurroundings): MemoryDevice {
  const memory = inOnlyCell(written, domain);
  const sized = { ...memory, target: { ...memory.target, sizeKiB: moduleSizeKiB(memory, domain.definition) } } as MemoryDevice;
  if (sized.model === 'nvdimm' && isPower(domain.definition)) return { ...sized, uuid: sized.uuid ?? randomUUID() };
  // What the guest writes has to reach the file.
  return sized.model === 'virtio-pmem' ? { ...sized, access: sized.access ?? 'shared' } : sized;
}

/** Where there is one cell, that is the one which is meant; the cell may be there only because memory can be plugged. */
function inOnlyCell(memory: MemoryDevice, { definition }: DomainSurroundings): MemoryDevice {
  const [cell, second] = numaCells(definition);
  if (memory.target.node !== null || !cell || second || memory.model === 'virtio-pmem' || memory.model === 'sgx-epc') return memory;
  return { ...memory, target: { ...memory.target, node: cell.id } } as MemoryDevice;
}

/** A DIMM is called after its slot, so that it keeps its name when another is pulled out. */
function alias(memory: MemoryDevice, number: (prefix: string) => string, { devices }: DomainDefinition): string {
  const prefix = aliasPrefixes[memory.model];
  const slot = memory.address?.type === 'dimm' ? memory.address.slot : null;
  const named = `${prefix}${slot}`;
  return slot === null || devices.some((other) => other.alias === named) ? number(prefix) : named;
}

function backendOf(memory: MemoryDevice, id: string): MemoryBackend {
  const common = { id: `mem${id}`, sizeKiB: memory.target.sizeKiB, node: memory.target.node, access: memory.access, discard: memory.discard };
  switch (memory.model) {
    case 'dimm':
      return { ...common, nodemask: memory.source?.nodemask ?? null, pageSizeKiB: memory.source?.pageSizeKiB ?? null };
    case 'virtio-mem':
      return { ...common, nodemask: memory.source?.nodemask ?? null, pageSizeKiB: memory.source?.pageSizeKiB ?? null, sparse: true };
    case 'nvdimm':
      return { ...common, path: memory.source?.path ?? null, alignSizeKiB: memory.source?.alignSizeKiB ?? null, pmem: memory.source?.pmem ?? false };
    case 'virtio-pmem':
      return { ...common, path: memory.source?.path ?? null };
    case 'sgx-epc':
      return { ...common, nodemask: memory.source?.nodemask ?? null, enclave: true };
  }
}

function commandLine(memory: MemoryDevice, launch: DeviceLaunch): readonly CommandFragment[] {
  const id = aliasOf(memory);
  const backend = backendOf(memory, id);
  const object = memoryBackendFragment(backend, launch.definition, launch);
  if (memory.model === 'sgx-epc') return [object];
  const device = withoutNulls({
    ...frontend(memory, id, preallocates(backend, launch.definition)),
    id,
    ...addressProperties(memory.address, launch),
    ...acpiProperties(memory.acpi),
  });
  return [object, json('device', device)];
}

type Plugged = MemoryDeviceOf<'dimm' | 'nvdimm' | 'virtio-pmem' | 'virtio-mem'>;

function frontend(memory: Plugged, id: string, prealloc: boolean): JsonObject {
  const { node } = memory.target;
  const memdev = `mem${id}`;
  switch (memory.model) {
    case 'dimm':
      return withoutNulls({ driver: 'pc-dimm', node, memdev });
    case 'nvdimm': {
      const labelKiB = memory.target.label?.sizeKiB ?? 0;
      return withoutNulls({ driver: 'nvdimm', node, 'label-size': labelKiB > 0 ? labelKiB * 1024 : null, uuid: memory.uuid, unarmed: memory.target.readonly ? true : null, memdev });
    }
    case 'virtio-pmem':
      return withoutNulls({ driver: virtioDriver('virtio-pmem', memory.address), memdev, memaddr: memory.target.base?.base || null });
    case 'virtio-mem': {
      const { blockKiB, requestedKiB, base, dynamicMemslots } = memory.target;
      return withoutNulls({
        driver: virtioDriver('virtio-mem', memory.address), node,
        'block-size': blockKiB === null ? null : blockKiB * 1024, 'requested-size': requestedKiB === 0 ? null : requestedKiB * 1024,
        memdev, prealloc: prealloc ? true : null, memaddr: base?.base || null, 'dynamic-memslots': dynamicMemslots,
      });
    }
  }
}

function hostNeeds(memory: MemoryDevice): readonly HostNeed[] {
  const path = backingPath(memory);
  if (path !== null) return [{ type: 'path', path, access: 'read-write', why: `memory of model '${memory.model}'` }];
  return memory.model === 'sgx-epc' ? [{ type: 'path', path: '/dev/sgx_vepc', access: 'read-write', why: "memory of model 'sgx-epc'" }] : [];
}
