/** `<memballoon>`: gives memory of the guest back to the host. Every domain has one unless it says `model='none'`. */
import { VireoError } from '../../base/errors.ts';
import { attribute, child, type Infer, object, optional, withDefault } from '../../conf/codec/codec.ts';
import { oneOf, onOff, unsigned } from '../../conf/codec/scalar.ts';
import { deviceFields } from '../../conf/device-address.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { json, withoutNulls } from '../command-fragment.ts';
import { type DeviceModule, pciNeed, pciRank } from '../device-module.ts';

const memballoonCodec = object({
  model: withDefault(attribute('model', oneOf(['virtio', 'virtio-transitional', 'virtio-non-transitional', 'none'])), 'virtio'),
  autodeflate: optional(attribute('autodeflate', onOff)),
  freePageReporting: optional(attribute('freePageReporting', onOff)),
  stats: optional(child('stats', object({ periodSeconds: attribute('period', unsigned) }))),
  ...deviceFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    memballoon: Infer<typeof memballoonCodec>;
  }
}

const drivers = {
  virtio: 'virtio-balloon-pci',
  'virtio-transitional': 'virtio-balloon-pci-transitional',
  'virtio-non-transitional': 'virtio-balloon-pci-non-transitional',
} as const;

export const memballoonModule: DeviceModule<'memballoon'> = {
  kind: 'memballoon',
  codec: memballoonCodec,
  defaults: (balloon) => balloon,
  domainDefaults({ definition }) {
    if (devicesOf(definition.devices, 'memballoon').length > 0) return [];
    return [{ kind: 'memballoon', model: 'virtio', autodeflate: null, freePageReporting: null, stats: null, alias: null, address: null }];
  },
  validate(balloon, { definition }) {
    if (devicesOf(definition.devices, 'memballoon').length > 1) throw new VireoError('XML_ERROR', 'only a single memory balloon device is supported');
    if (balloon.model === 'none' && balloon.address) throw new VireoError('XML_ERROR', "a memory balloon of model 'none' has no address");
  },
  address: (balloon) => (balloon.model === 'none' ? { type: 'none' } : pciNeed(pciRank.memballoon, 'either')),
  alias: (_, number) => number('balloon'),
  abi: { model: 'same', autodeflate: 'same', freePageReporting: 'same', stats: 'may-change', alias: 'may-change', address: 'same' },
  prepare: 'nothing',
  commandLine(balloon, launch) {
    if (balloon.model === 'none') return [];
    const device = withoutNulls({
      driver: drivers[balloon.model],
      id: aliasOf(balloon),
      'deflate-on-oom': balloon.autodeflate,
      'free-page-reporting': balloon.freePageReporting,
      ...addressProperties(balloon.address, launch),
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
