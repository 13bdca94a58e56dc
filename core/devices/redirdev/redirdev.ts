/** `<redirdev>`: a USB port of the guest that a client at a distance plugs its devices into. */
import { attribute, type Infer, object, optional } from '../../conf/codec/codec.ts';
import { oneOf } from '../../conf/codec/scalar.ts';
import { bootField, deviceFields } from '../../conf/device-address.ts';
import type { DeviceOf } from '../../conf/device-definition.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { characterFields, chardevId } from '../character/character.ts';
import { characterNeeds, chardevFragments } from '../character/chardev.ts';
import { liveCharacter, prepareCharacter } from '../character/live-character.ts';
import { validateCharacter } from '../character/validate-character.ts';
import { type CommandFragment, json, withoutNulls } from '../command-fragment.ts';
import type { DeviceModule } from '../device-module.ts';
import type { DeviceLaunch } from '../launch-context.ts';
import { filterRules } from '../redirfilter/redirfilter.ts';
import { requireDeviceType } from '../require-device-type.ts';

const redirdevCodec = object({ bus: optional(attribute('bus', oneOf(['usb']))), ...characterFields, ...bootField, ...deviceFields });

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    redirdev: Infer<typeof redirdevCodec>;
  }
}

type Redirdev = DeviceOf<'redirdev'>;

export const redirdevModule: DeviceModule<'redirdev'> = {
  kind: 'redirdev',
  codec: redirdevCodec,
  defaults: nameBusChannel,
  domainDefaults: 'none',
  validate(redirdev, domain) {
    validateCharacter(redirdev, 'redirected USB port', domain);
    requireDeviceType(domain.capabilities, 'usb-redir', "redirdev on bus 'usb'");
  },
  address: () => ({ type: 'usb' }),
  alias: (_, number) => number('redir'),
  abi: { bus: 'same', backend: 'may-change', log: 'may-change', boot: 'may-change', alias: 'may-change', address: 'same' },
  prepare: (redirdev, launch) => prepareCharacter(redirdev, launch, false),
  commandLine,
  boots: () => 'none',
  hostNeeds: characterNeeds,
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: liveCharacter,
  label: ({ backend }) => `redirected USB port (${backend.type})`,
};

/** Clients on D-Bus look for USB under this name. */
const busChannel = 'org.qemu.usbredir';

function nameBusChannel(redirdev: Redirdev): Redirdev {
  const { backend } = redirdev;
  const named = backend.type === 'dbus' && backend.source.channel === null ? { ...backend, source: { channel: busChannel } } : backend;
  return { ...redirdev, bus: 'usb', backend: named };
}

function commandLine(redirdev: Redirdev, launch: DeviceLaunch): readonly CommandFragment[] {
  const id = aliasOf(redirdev);
  const device = {
    driver: 'usb-redir',
    chardev: chardevId(id),
    id,
    filter: filterRules(launch.definition.devices),
    bootindex: launch.bootIndexOf(redirdev),
    ...addressProperties(redirdev.address, launch),
  };
  return [...chardevFragments(redirdev, id, launch, 'usb'), json('device', withoutNulls(device))];
}
