/** What devices need of the board itself: properties of -machine that stand for a device or make room for one. */
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { enclaveProperties } from './memory/memory.ts';

type Properties = Readonly<Record<string, string | number | boolean | null>>;

/** For -machine, in a run: the devices have their aliases. */
export function machinePropertiesOfDevices(live: Pick<DomainDefinition, 'devices'>): Properties {
  const { devices } = live;
  return {
    nvdimm: devicesOf(devices, 'memory').some(({ model }) => model === 'nvdimm') ? true : null,
    iommu: devicesOf(devices, 'iommu').some(({ model }) => model === 'smmuv3') ? 'smmuv3' : null,
    ...enclaveProperties(live),
  };
}
