/**
 * `<iommu>`: shows the guest an IOMMU, so that it can hand devices to its own guests or to user space, and address more
 * than 255 CPUs. That of ARM (smmuv3) is part of the machine: its option is written with -machine.
 */
import { attribute, child, type Infer, object, optional } from '../../conf/codec/codec.ts';
import { integer, oneOf, onOff } from '../../conf/codec/scalar.ts';
import { devicesOf, type DeviceOf } from '../../conf/device-definition.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { type CommandFragment, json, type JsonObject, withoutNulls } from '../command-fragment.ts';
import { type DeviceModule, pciRank, virtioNeed } from '../device-module.ts';
import type { DeviceLaunch } from '../launch-context.ts';
import { acpiProperties, pciFields } from '../pci-fields.ts';
import { virtioDriver } from '../virtio/virtio-device.ts';
import { hasManyCpus } from './split-interrupts.ts';
import { validateIommu } from './validate-iommu.ts';

const granule = oneOf(['host', '4k', '8k', '16k', '64k']);

const iommuCodec = object({
  model: attribute('model', oneOf(['intel', 'amd', 'smmuv3', 'virtio'])),
  driver: optional(child('driver', object({
    interruptRemapping: optional(attribute('intremap', onOff)),
    cachingMode: optional(attribute('caching_mode', onOff)),
    extendedInterruptMode: optional(attribute('eim', onOff)),
    iotlb: optional(attribute('iotlb', onOff)),
    addressWidthBits: optional(attribute('aw_bits', integer(0, 255))),
    dmaTranslation: optional(attribute('dma_translation', onOff)),
    xtSupport: optional(attribute('xtsup', onOff)),
    passthrough: optional(attribute('passthrough', onOff)),
    /** The smallest piece that it maps; `host` for a page of the host. */
    granule: optional(attribute('granule', granule)),
  }))),
  ...pciFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    iommu: Infer<typeof iommuCodec>;
  }
}

type Iommu = DeviceOf<'iommu'>;

const noDriver: NonNullable<Iommu['driver']> = {
  interruptRemapping: null, cachingMode: null, extendedInterruptMode: null, iotlb: null, addressWidthBits: null, dmaTranslation: null, xtSupport: null,
  passthrough: null, granule: null,
};

export const iommuModule: DeviceModule<'iommu'> = {
  kind: 'iommu',
  codec: iommuCodec,
  defaults(iommu, { definition }) {
    if (iommu.model !== 'intel' || !hasManyCpus(definition)) return iommu;
    const driver = iommu.driver ?? noDriver;
    return { ...iommu, driver: { ...driver, interruptRemapping: driver.interruptRemapping ?? true, extendedInterruptMode: driver.extendedInterruptMode ?? true } };
  },
  domainDefaults({ definition, capabilities }) {
    if (!hasManyCpus(definition) || !capabilities.deviceTypes.has('intel-iommu') || devicesOf(definition.devices, 'iommu').length > 0) return [];
    return [{ kind: 'iommu', model: 'intel', driver: { ...noDriver, interruptRemapping: true, extendedInterruptMode: true }, alias: null, acpi: null, address: null }];
  },
  validate: validateIommu,
  address: ({ model }) => (model === 'virtio' ? virtioNeed(pciRank.iommu, { integrated: true }) : { type: 'none' }),
  alias: (_, number) => number('iommu'),
  abi: { model: 'same', driver: 'same', alias: 'may-change', acpi: 'same', address: 'same' },
  prepare: 'nothing',
  commandLine,
  boots: () => 'none',
  hostNeeds: 'none',
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: ({ model }) => `${model} IOMMU`,
};

function commandLine(iommu: Iommu, launch: DeviceLaunch): readonly CommandFragment[] {
  const id = aliasOf(iommu);
  switch (iommu.model) {
    case 'intel':
      return [json('device', withoutNulls({ driver: 'intel-iommu', id, ...intelProperties(iommu.driver ?? noDriver) }))];
    case 'amd':
      return [json('device', withoutNulls({ driver: 'amd-iommu', id, ...amdProperties(iommu.driver ?? noDriver) }))];
    case 'virtio': {
      const device = { driver: virtioDriver('virtio-iommu', iommu.address), id, granule: iommu.driver?.granule ?? null, ...addressProperties(iommu.address, launch), ...acpiProperties(iommu.acpi) };
      return [json('device', withoutNulls(device))];
    }
    case 'smmuv3':
      return [];
  }
}

type Driver = NonNullable<Iommu['driver']>;

function intelProperties(driver: Driver): JsonObject {
  return withoutNulls({
    intremap: onOffText(driver.interruptRemapping),
    'caching-mode': driver.cachingMode,
    eim: onOffText(driver.extendedInterruptMode),
    'device-iotlb': driver.iotlb,
    'aw-bits': driver.addressWidthBits === 0 ? null : driver.addressWidthBits,
    'dma-translation': driver.dmaTranslation,
  });
}

function amdProperties(driver: Driver): JsonObject {
  return withoutNulls({ intremap: onOffText(driver.interruptRemapping), 'device-iotlb': driver.iotlb, pt: driver.passthrough, xtsup: driver.xtSupport });
}

/** For properties that know `auto` beside on and off, and therefore take no boolean. */
function onOffText(value: boolean | null): 'on' | 'off' | null {
  return value === null ? null : value ? 'on' : 'off';
}
