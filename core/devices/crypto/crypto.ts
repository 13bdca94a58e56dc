/** `<crypto>`: a virtio device that encrypts for the guest, in QEMU itself or in the host's kernel (lkcf). */
import { attribute, child, type Infer, object, optional, withDefault } from '../../conf/codec/codec.ts';
import { oneOf, positive } from '../../conf/codec/scalar.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { json, withoutNulls } from '../command-fragment.ts';
import { type DeviceModule, pciRank, virtioNeed } from '../device-module.ts';
import { acpiProperties, pciFields } from '../pci-fields.ts';
import { requireObjectType, requireVirtioDevice } from '../require-device-type.ts';
import { virtioDriver, virtioFields, virtioProperties } from '../virtio/virtio-device.ts';

const cryptoCodec = object({
  model: withDefault(attribute('model', oneOf(['virtio'])), 'virtio'),
  type: withDefault(attribute('type', oneOf(['qemu'])), 'qemu'),
  backend: child('backend', object({ model: attribute('model', oneOf(['builtin', 'lkcf'])), queues: optional(attribute('queues', positive)) })),
  driver: optional(child('driver', object(virtioFields))),
  ...pciFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    crypto: Infer<typeof cryptoCodec>;
  }
}

export const cryptoModule: DeviceModule<'crypto'> = {
  kind: 'crypto',
  codec: cryptoCodec,
  defaults: (crypto) => crypto,
  domainDefaults: 'none',
  validate({ backend, address }, { capabilities }) {
    requireVirtioDevice(capabilities, 'virtio-crypto', address, 'virtio', "crypto model 'virtio'");
    requireObjectType(capabilities, `cryptodev-backend-${backend.model}`, `crypto backend '${backend.model}'`);
  },
  address: () => virtioNeed(pciRank.crypto, { connect: 'conventional' }),
  alias: (_, number) => number('crypto'),
  abi: { model: 'same', type: 'same', backend: { model: 'may-change', queues: 'same' }, driver: 'same', alias: 'may-change', acpi: 'same', address: 'same' },
  prepare: 'nothing',
  commandLine(crypto, launch) {
    const { backend, driver, address } = crypto;
    const id = aliasOf(crypto);
    const device = {
      driver: virtioDriver('virtio-crypto', address), ...virtioProperties(driver), cryptodev: `obj${id}`, id,
      ...addressProperties(address, launch), ...acpiProperties(crypto.acpi),
    };
    return [json('object', withoutNulls({ 'qom-type': `cryptodev-backend-${backend.model}`, id: `obj${id}`, queues: backend.queues })), json('device', device)];
  },
  boots: () => 'none',
  hostNeeds: 'none',
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: ({ backend }) => `crypto device (${backend.model})`,
};
