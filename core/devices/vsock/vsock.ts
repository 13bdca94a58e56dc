/** `<vsock>`: sockets between guest and host without a network (vhost-vsock). */
import { createHash } from 'node:crypto';
import { VireoError } from '../../base/errors.ts';
import { attribute, child, type Infer, object, optional } from '../../conf/codec/codec.ts';
import { integer, oneOf, yesNo } from '../../conf/codec/scalar.ts';
import { section } from '../../conf/codec/shorthands.ts';
import { devicesOf, type DeviceOf } from '../../conf/device-definition.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { json } from '../command-fragment.ts';
import { type DeviceModule, pciNeed, pciRank, virtioNeed } from '../device-module.ts';
import type { LaunchContext } from '../launch-context.ts';
import { acpiProperties, pciFields } from '../pci-fields.ts';
import { requireVirtioDevice } from '../require-device-type.ts';
import { virtioDriver, virtioFields, virtioProperties } from '../virtio/virtio-device.ts';

const vsockCodec = object({
  model: optional(attribute('model', oneOf(['virtio', 'virtio-transitional', 'virtio-non-transitional']))),
  /** The guest's number among all guests of the host. */
  cid: optional(child('cid', object({ auto: optional(attribute('auto', yesNo)), address: optional(attribute('address', integer(1, 0xffff_ffff))) }))),
  ...pciFields,
  driver: section('driver', virtioFields),
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    vsock: Infer<typeof vsockCodec>;
  }
}

type Vsock = DeviceOf<'vsock'>;

/** 0 is the hypervisor's, 1 the loopback's, 2 the host's. */
const firstGuestCid = 3;

export const vsockModule: DeviceModule<'vsock'> = {
  kind: 'vsock',
  codec: vsockCodec,
  defaults: (vsock) => ({
    ...vsock,
    model: vsock.model ?? 'virtio',
    cid: { address: vsock.cid?.address ?? null, auto: vsock.cid?.auto ?? (vsock.cid?.address ?? null) === null },
  }),
  domainDefaults: 'none',
  validate(vsock, { definition, capabilities }) {
    const { cid, model } = vsock;
    if (devicesOf(definition.devices, 'vsock').length > 1) throw new VireoError('XML_ERROR', 'a domain has one <vsock>, not several');
    if (cid?.address && cid.address < firstGuestCid) throw new VireoError('CONFIG_UNSUPPORTED', `the cid of <vsock> has to be ${firstGuestCid} or more, not ${cid.address}`);
    if (cid?.auto === false && cid.address === null) throw new VireoError('XML_ERROR', "the cid of <vsock> with auto='no' needs the attribute 'address'");
    requireVirtioDevice(capabilities, 'vhost-vsock', vsock.address, model ?? 'virtio', `<vsock> of model '${model}'`);
  },
  address: ({ model }) => (model === 'virtio-transitional' ? pciNeed(pciRank.vsock, 'conventional') : virtioNeed(pciRank.vsock)),
  alias: (_, number) => number('vsock'),
  // The guest may be told another number when it moves; programs in it ask for it anew.
  abi: { model: 'same', cid: 'may-change', alias: 'may-change', acpi: 'same', address: 'same', driver: 'same' },
  prepare: (vsock, launch) => (vsock.cid?.auto === false ? vsock : { ...vsock, cid: { auto: true, address: automaticCid(launch) } }),
  commandLine(vsock, launch) {
    const device = {
      driver: virtioDriver('vhost-vsock', vsock.address, vsock.model ?? 'virtio'),
      ...virtioProperties(vsock.driver),
      id: aliasOf(vsock),
      'guest-cid': vsock.cid?.address ?? automaticCid(launch),
      ...acpiProperties(vsock.acpi),
      ...addressProperties(vsock.address, launch),
    };
    return [json('device', device)];
  },
  boots: () => 'none',
  hostNeeds: () => [{ type: 'path', path: '/dev/vhost-vsock', access: 'read-write', why: '<vsock>: load the module vhost_vsock first' }],
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: ({ cid }: Vsock) => `guest sockets${cid?.address ? `, cid ${cid.address}` : ''}`,
};

/** The kernel refuses a number that is taken; one out of 2^31, made of the run's own folder, is not. */
function automaticCid({ runFolder }: LaunchContext): number {
  const [high = 0] = new Uint32Array(new Uint8Array(createHash('sha256').update(runFolder).digest()).buffer);
  return firstGuestCid + (high >>> 1);
}
