/** What a definition says of a domain in a line: for lists, overviews and `dominfo`. */
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { displayDevices } from '../display/display-devices.ts';
import type { DisplayStatus } from '../display/display-types.ts';
import { moduleOf } from '../devices/registry.ts';
import type { DomainSummary } from './domain-summary.ts';

type Described = Pick<DomainSummary, 'title' | 'memoryKiB' | 'currentMemoryKiB' | 'vcpus' | 'arch' | 'machine'>;

export function describeDomain(definition: DomainDefinition): Described {
  return {
    title: definition.title,
    memoryKiB: definition.memoryKiB,
    currentMemoryKiB: definition.currentMemoryKiB ?? definition.memoryKiB,
    vcpus: definition.vcpu.current ?? definition.vcpu.maximum,
    arch: definition.os.type.arch ?? '',
    machine: definition.os.type.machine ?? '',
  };
}

export function describeDevices(definition: DomainDefinition): DomainSummary['devices'] {
  return definition.devices.map((device) => ({ kind: device.kind, label: moduleOf(device).label(device), alias: device.alias }));
}

/** @param statuses of those that somebody looked at in this run. */
export function describeDisplays(definition: DomainDefinition, statuses: readonly DisplayStatus[]): DomainSummary['displays'] {
  return displayDevices(definition).map(({ index, type, where, unavailable, pointer }) => {
    const { writer = null, watchers = 0, sessions = [] } = statuses.find((status) => status.index === index) ?? {};
    return { index, type, place: where, unavailable, pointer, writer, watchers, sessions: [...sessions] };
  });
}
