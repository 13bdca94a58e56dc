/**
 * `<channel>`: a named pipe of bytes between guest and host over virtio-serial, such as the guest agent's, or a TCP
 * address of the guest's user network that is forwarded to the host.
 */
import { VireoError } from '../../base/errors.ts';
import { attribute, child, type Infer, liveOnly, object, optional } from '../../conf/codec/codec.ts';
import { anyText, integer, ipv4Address, oneOf } from '../../conf/codec/scalar.ts';
import { deviceFields } from '../../conf/device-address.ts';
import { devicesBy, type DeviceOf } from '../../conf/device-definition.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { characterFields, chardevId } from '../character/character.ts';
import { characterNeeds, chardevFragments } from '../character/chardev.ts';
import { liveCharacter, prepareCharacter } from '../character/live-character.ts';
import { validateCharacter } from '../character/validate-character.ts';
import { type CommandFragment, json, withoutNulls } from '../command-fragment.ts';
import type { DeviceModule, DomainSurroundings } from '../device-module.ts';
import type { DeviceLaunch } from '../launch-context.ts';
import { requireDeviceType } from '../require-device-type.ts';

const channelCodec = object({
  ...characterFields,
  target: child('target', object({
    type: attribute('type', oneOf(['guestfwd', 'virtio', 'xen'])),
    /** What the guest connects to, for `guestfwd`. */
    address: optional(attribute('address', ipv4Address)),
    port: optional(attribute('port', integer(0, 65_535))),
    /** What the guest finds it by, for `virtio`. */
    name: optional(attribute('name', anyText)),
    /** Whether the guest has the port open; output only. */
    state: liveOnly(optional(attribute('state', oneOf(['connected', 'disconnected'])))),
  })),
  ...deviceFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    channel: Infer<typeof channelCodec>;
  }
}

type Channel = DeviceOf<'channel'>;

/** The port that the guest agent listens on. */
const agentChannelName = 'org.qemu.guest_agent.0';

/** The port that the agent of spice's and VNC's clipboard and mouse listens on. */
const desktopAgentName = 'com.redhat.spice.0';

export function isAgentChannel(channel: Channel): boolean {
  return channel.target.type === 'virtio' && channel.target.name === agentChannelName;
}

export const channelModule: DeviceModule<'channel'> = {
  kind: 'channel',
  codec: channelCodec,
  defaults: (channel) => nameDesktopAgent(forgetGeneratedPath(channel)),
  domainDefaults: 'none',
  validate: validateChannel,
  address: (channel) => (channel.target.type === 'virtio' ? { type: 'virtio-serial', console: false } : { type: 'none' }),
  alias: (_, number) => number('channel'),
  abi: { backend: 'may-change', log: 'may-change', target: { type: 'same', address: 'same', port: 'same', name: 'same', state: 'may-change' }, alias: 'may-change', address: 'same' },
  // The agent's bytes are nobody's reading, and they hold what commands return: no log.
  prepare: (channel, launch) => prepareCharacter(channel, launch, channel.target.type === 'virtio' && !isAgentChannel(channel)),
  commandLine: (channel, launch) => [...chardevFragments(channel, aliasOf(channel), launch, 'agent'), portFragment(channel, launch)],
  boots: () => 'none',
  hostNeeds: characterNeeds,
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: liveCharacter,
  label,
};

function label({ target }: Channel): string {
  return target.type === 'guestfwd' ? `channel ${target.address}:${target.port}` : `channel ${target.name ?? ''}`.trim();
}

/** Paths that a libvirt daemon made up for one of its runs; it forgets them as well when it reads a definition. */
const generatedPath = /\/libvirt\/qemu\/channel\/(target\/)?([^/]+\.|domain-[^/]+\/|\d+-[^/]+\/)/;

function forgetGeneratedPath(channel: Channel): Channel {
  const { backend, target } = channel;
  if (backend.type !== 'unix' || target.name === null) return channel;
  const path = backend.source?.path ?? '';
  if (!path.endsWith(target.name) || !generatedPath.test(path)) return channel;
  return { ...channel, backend: { ...backend, source: backend.source && { ...backend.source, mode: 'bind', path: null } } };
}

/** Where the bytes are spice's, only one name makes sense. */
function nameDesktopAgent(channel: Channel): Channel {
  if (channel.backend.type !== 'spicevmc' || channel.target.type !== 'virtio' || channel.target.name !== null) return channel;
  return { ...channel, target: { ...channel.target, name: desktopAgentName } };
}

const channelsNamed = devicesBy('channel', ({ target }) => target.name);

function validateChannel(channel: Channel, domain: DomainSurroundings): void {
  const { type, name, address, port } = channel.target;
  const refuse = (code: 'XML_ERROR' | 'CONFIG_UNSUPPORTED', text: string): never => {
    throw new VireoError(code, `${label(channel)}: ${text}`);
  };
  validateCharacter(channel, label(channel), domain);
  if (type === 'xen') refuse('CONFIG_UNSUPPORTED', "<target type='xen'> belongs to another hypervisor; QEMU has virtio and guestfwd");
  if (type === 'guestfwd') {
    if (address === null || port === null) refuse('XML_ERROR', "<target type='guestfwd'> needs the attributes 'address' and 'port'");
    return;
  }
  if (channel.backend.type === 'spicevmc' && name !== desktopAgentName) refuse('CONFIG_UNSUPPORTED', `type 'spicevmc' serves the target name '${desktopAgentName}' only, not '${name}'`);
  requireDeviceType(domain.capabilities, 'virtserialport', label(channel));
  if (name !== null && channelsNamed(domain.definition.devices, name).some((other) => other !== channel)) {
    throw new VireoError('XML_ERROR', `two channels have the name '${name}'`);
  }
}

/** A forward is no device but a network of its own, whose one rule leads to the backend. */
function portFragment(channel: Channel, launch: DeviceLaunch): CommandFragment {
  const id = aliasOf(channel);
  const { type, address, port, name } = channel.target;
  if (type === 'guestfwd') return json('netdev', { type: 'user', guestfwd: [{ str: `tcp:${address}:${port}-chardev:${chardevId(id)}` }], id });
  return json('device', withoutNulls({ driver: 'virtserialport', ...addressProperties(channel.address, launch), chardev: chardevId(id), id, name }));
}
