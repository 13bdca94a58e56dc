/** `<memballoon>`: gives memory of the guest back to the host. A domain has one unless it says `model='none'`. */
import { VireoError } from '../../base/errors.ts';
import { attribute, child, type Infer, object, optional, withDefault } from '../../conf/codec/codec.ts';
import { oneOf, onOff, unsigned } from '../../conf/codec/scalar.ts';
import { devicesOf, type DeviceOf } from '../../conf/device-definition.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { json, withoutNulls } from '../command-fragment.ts';
import { type DeviceModule, type DomainSurroundings, pciNeed, pciRank, virtioNeed } from '../device-module.ts';
import { acpiProperties, pciFields } from '../pci-fields.ts';
import { requireVirtioDevice } from '../require-device-type.ts';
import { virtioDriver, virtioFields, virtioProperties } from '../virtio/virtio-device.ts';

const memballoonCodec = object({
  model: withDefault(attribute('model', oneOf(['virtio', 'virtio-transitional', 'virtio-non-transitional', 'xen', 'none'])), 'virtio'),
  autodeflate: optional(attribute('autodeflate', onOff)),
  freePageReporting: optional(attribute('freePageReporting', onOff)),
  /** How often the guest tells about its memory; the monitor sets it once QEMU runs. */
  stats: optional(child('stats', object({ periodSeconds: attribute('period', unsigned) }))),
  ...pciFields,
  driver: optional(child('driver', object(virtioFields))),
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    memballoon: Infer<typeof memballoonCodec>;
  }
}

type Memballoon = DeviceOf<'memballoon'>;

export const memballoonModule: DeviceModule<'memballoon'> = {
  kind: 'memballoon',
  codec: memballoonCodec,
  defaults: (balloon) => balloon,
  domainDefaults({ definition, board }) {
    if (!board.impliesBalloon || devicesOf(definition.devices, 'memballoon').length > 0) return [];
    return [{ kind: 'memballoon', model: 'virtio', autodeflate: null, freePageReporting: null, stats: null, alias: null, acpi: null, address: null, driver: null }];
  },
  validate,
  address(balloon) {
    if (balloon.model === 'none' || balloon.model === 'xen') return { type: 'none' };
    return balloon.model === 'virtio-transitional' ? pciNeed(pciRank.memballoon, 'conventional') : virtioNeed(pciRank.memballoon);
  },
  alias: (_, number) => number('balloon'),
  abi: { model: 'same', autodeflate: 'same', freePageReporting: 'same', stats: 'may-change', alias: 'may-change', acpi: 'same', address: 'same', driver: 'same' },
  prepare: 'nothing',
  commandLine(balloon, launch) {
    const { model, address } = balloon;
    if (model === 'none' || model === 'xen') return [];
    const device = withoutNulls({
      driver: virtioDriver('virtio-balloon', address, model),
      ...virtioProperties(balloon.driver),
      id: aliasOf(balloon),
      'deflate-on-oom': balloon.autodeflate,
      'free-page-reporting': balloon.freePageReporting,
      ...addressProperties(address, launch),
      ...acpiProperties(balloon.acpi),
    });
    return [json('device', device)];
  },
  boots: () => 'none',
  hostNeeds: 'none',
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: (balloon) => (balloon.model === 'none' ? 'no memory balloon' : 'memory balloon'),
};

function validate(balloon: Memballoon, { definition, capabilities }: DomainSurroundings): void {
  const { model, address } = balloon;
  if (devicesOf(definition.devices, 'memballoon').length > 1) throw new VireoError('XML_ERROR', 'only a single memory balloon device is supported');
  if (model === 'xen') throw new VireoError('CONFIG_UNSUPPORTED', "memballoon model 'xen' is a device of Xen and not of QEMU");
  if (model === 'none') {
    if (address) throw new VireoError('XML_ERROR', "a memory balloon of model 'none' has no address");
    return;
  }
  requireVirtioDevice(capabilities, 'virtio-balloon', address, model, `memballoon model '${model}'`);
}
