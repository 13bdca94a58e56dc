/** `<channel>`: a named pipe of bytes between guest and host over virtio-serial, such as the guest agent's. */
import { VireoError } from '../../base/errors.ts';
import { attribute, child, type Infer, liveOnly, object, optional, union } from '../../conf/codec/codec.ts';
import { oneOf, someText } from '../../conf/codec/scalar.ts';
import { deviceFields } from '../../conf/device-address.ts';
import { devicesOf, type DeviceOf } from '../../conf/device-definition.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { chardevFragment, chardevId, characterFields, liveCharacter, prepareCharacter, validateCharacter } from '../character/character.ts';
import { json, withoutNulls } from '../command-fragment.ts';
import type { DeviceModule } from '../device-module.ts';

const channelCodec = object({
  ...characterFields,
  target: child('target', union('type', {
    virtio: object({
      name: optional(attribute('name', someText)),
      /** Whether the guest has the port open; output only. */
      state: liveOnly(optional(attribute('state', oneOf(['connected', 'disconnected'])))),
    }),
  })),
  ...deviceFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    channel: Infer<typeof channelCodec>;
  }
}

/** The port that the guest agent listens on. */
export const agentChannelName = 'org.qemu.guest_agent.0';

export function isAgentChannel(channel: DeviceOf<'channel'>): boolean {
  return channel.target.name === agentChannelName;
}

export const channelModule: DeviceModule<'channel'> = {
  kind: 'channel',
  codec: channelCodec,
  defaults: (channel) => channel,
  domainDefaults: 'none',
  validate(channel, { definition }) {
    const { name } = channel.target;
    validateCharacter(channel, `channel ${name ?? ''}`.trim());
    if (name !== null && devicesOf(definition.devices, 'channel').some((other) => other !== channel && other.target.name === name)) {
      throw new VireoError('XML_ERROR', `two channels have the name '${name}'`);
    }
  },
  address: () => ({ type: 'virtio-serial', console: false }),
  alias: (_, number) => number('channel'),
  abi: { backend: 'may-change', log: 'may-change', target: 'same', alias: 'may-change', address: 'same' },
  // The agent's bytes are nobody's reading, and they hold what commands return: no log.
  prepare: (channel, launch) => prepareCharacter(channel, launch, !isAgentChannel(channel)),
  commandLine(channel, launch) {
    const id = aliasOf(channel);
    const device = { driver: 'virtserialport', ...addressProperties(channel.address, launch), chardev: chardevId(id), id, name: channel.target.name };
    return [chardevFragment(channel, id), json('device', withoutNulls(device))];
  },
  boots: () => 'none',
  hostNeeds: 'none',
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: liveCharacter,
  label: (channel) => `channel ${channel.target.name ?? ''}`.trim(),
};
