/** `<hub>`: a USB hub, where a controller's own ports are not enough. */
import { attribute, type Infer, object } from '../../conf/codec/codec.ts';
import { oneOf } from '../../conf/codec/scalar.ts';
import { deviceFields } from '../../conf/device-address.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { json } from '../command-fragment.ts';
import type { DeviceModule } from '../device-module.ts';
import { requireDeviceType } from '../require-device-type.ts';

const hubCodec = object({ type: attribute('type', oneOf(['usb'])), ...deviceFields });

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    hub: Infer<typeof hubCodec>;
  }
}

/** Of QEMU's usb-hub. */
const hubPorts = 8;

export const hubModule: DeviceModule<'hub'> = {
  kind: 'hub',
  codec: hubCodec,
  defaults: (hub) => hub,
  domainDefaults: 'none',
  validate: (_, { capabilities }) => requireDeviceType(capabilities, 'usb-hub', "hub of type 'usb'"),
  address: () => ({ type: 'usb', hubPorts }),
  alias: (_, number) => number('hub'),
  abi: { type: 'same', alias: 'may-change', address: 'same' },
  prepare: 'nothing',
  commandLine: (hub, launch) => [json('device', { driver: 'usb-hub', id: aliasOf(hub), ...addressProperties(hub.address, launch) })],
  boots: () => 'none',
  hostNeeds: 'none',
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: () => 'USB hub',
};
