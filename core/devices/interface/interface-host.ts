/** What a network card needs from the host, and what is done there for a run. */
import type { HostCommand, HostNeed, HostSetup, SideProcess } from '../device-module.ts';
import { pciNeeds } from '../hostdev/hostdev-needs.ts';
import type { LaunchContext } from '../launch-context.ts';
import { bridgeOf, isForeignTap, isKnownNetwork, isOnTap, isPasst, macvtapIndex, passtSocket, queuesOf, tapName, joinsUnprivileged } from './host-side.ts';
import type { Interface } from './interface-definition.ts';
import type { PortForward } from './interface-source.ts';
import { hostPciAddress } from './nic.ts';

export function interfaceNeeds(card: Interface, launch: LaunchContext): readonly HostNeed[] {
  return [...sourceNeeds(card, launch), ...tuningNeeds(card, launch)];
}

function sourceNeeds(card: Interface, launch: LaunchContext): readonly HostNeed[] {
  const { backend } = card;
  switch (backend.type) {
    case 'network':
      if (!isKnownNetwork(backend.source.network)) {
        return [unsupported(`only the virtual network 'default' is known here, not '${backend.source.network}': interface type 'bridge' with the bridge of that network does the same`)];
      }
      return tapNeeds(card, launch);
    case 'bridge':
    case 'ethernet':
      return tapNeeds(card, launch);
    case 'direct':
      return macvtapNeeds(card, backend.source.dev, launch);
    case 'vhostuser':
      return isPasst(card) ? [passtNeed] : backend.source?.mode === 'server' ? [] : pathNeeds(backend.source?.path ?? null, 'the vhost-user switch of a network card');
    case 'vdpa':
      return pathNeeds(backend.source.dev, 'a vDPA network card');
    case 'hostdev':
      return passedThroughNeeds(card);
    default:
      return isPasst(card) ? [passtNeed] : [];
  }
}

const passtNeed: HostNeed = { type: 'program', names: ['passt'], why: "the network of a card with <backend type='passt'/>" };

function unsupported(reason: string): HostNeed {
  return { type: 'unsupported', reason };
}

function pathNeeds(path: string | null, why: string): readonly HostNeed[] {
  return path === null ? [] : [{ type: 'path', path, access: 'read-write', why }];
}

function tapNeeds(card: Interface, launch: LaunchContext): readonly HostNeed[] {
  const bridge = bridgeOf(card);
  const bridgeNeeds: readonly HostNeed[] = bridge === null ? [] : [{ type: 'path', path: `/sys/class/net/${bridge}`, access: 'read', why: `a network card on the bridge '${bridge}': make that bridge first` }];
  if (card.virtualPort?.type) return [unsupported(`a virtual port of type '${card.virtualPort.type}' needs a switch daemon that is not driven here`)];
  if (joinsUnprivileged(card, launch)) return [...bridgeNeeds, helperNeed(bridge ?? '')];
  if (isForeignTap(card)) {
    const name = tapName(card, launch);
    return [tunNeed, { type: 'path', path: `/sys/class/net/${name}`, access: 'read', why: `a network card with managed='no': make that tap first, as with: ip tuntap add ${name} mode tap user $USER` }];
  }
  if (launch.mayMakeTaps !== true) {
    return [unsupported("a tap for interface type 'ethernet' can be made by root only (CAP_NET_ADMIN): make it yourself and name it in <target dev='...' managed='no'/>, or take interface type 'user'")];
  }
  return [...bridgeNeeds, tunNeed, { type: 'program', names: ['ip'], why: 'the tap of a network card' }];
}

function macvtapNeeds({ virtualPort }: Interface, dev: string, launch: LaunchContext): readonly HostNeed[] {
  if (virtualPort?.type) return [unsupported(`a virtual port of type '${virtualPort.type}' needs a switch daemon that is not driven here`)];
  if (launch.mayMakeTaps !== true) return [unsupported(`a macvtap on '${dev}' can be made by root only (CAP_NET_ADMIN): interface type 'user' needs no privilege`)];
  return [
    { type: 'path', path: `/sys/class/net/${dev}`, access: 'read', why: `a network card of interface type 'direct' on the device '${dev}' of the host` },
    { type: 'program', names: ['ip'], why: 'the macvtap of a network card' },
  ];
}

const tunNeed: HostNeed = { type: 'path', path: '/dev/net/tun', access: 'read-write', why: 'the tap of a network card' };

/** QEMU runs it by the path that it was built with; these are where distributions put it. */
function helperNeed(bridge: string): HostNeed {
  return {
    type: 'program',
    names: ['/usr/lib/qemu/qemu-bridge-helper', '/usr/libexec/qemu-bridge-helper'],
    setuid: true,
    why: `joining the bridge '${bridge}' without being root, where /etc/qemu/bridge.conf says 'allow ${bridge}'`,
  };
}

function passedThroughNeeds({ backend }: Interface): readonly HostNeed[] {
  const address = backend.type === 'hostdev' ? backend.source.address : null;
  if (address?.type !== 'pci') return [];
  const name = hostPciAddress(address);
  return pciNeeds(name, `the network card ${name} of the host`);
}

/** What would be left undone without a word. */
function tuningNeeds(card: Interface, launch: LaunchContext): readonly HostNeed[] {
  const needs: HostNeed[] = [];
  const isOurTap = (isOnTap(card) || card.backend.type === 'direct') && launch.mayMakeTaps === true && !isForeignTap(card);
  if (card.driver?.name === 'vhost' && isOnTap(card)) needs.push({ type: 'path', path: '/dev/vhost-net', access: 'read-write', why: "a network card with <driver name='vhost'/>" });
  if (card.helper?.tap) needs.push(unsupported(`another tap device than /dev/net/tun ('${card.helper.tap}') cannot be used: QEMU opens that one`));
  if (card.helper?.vhost) needs.push(unsupported(`another vhost device than /dev/vhost-net ('${card.helper.vhost}') cannot be used: QEMU opens that one`));
  if (card.filter) needs.push(unsupported(`the network filter '${card.filter.filter}' cannot be put up here: it needs libvirt's own filter driver`));
  if (card.vlan) needs.push(unsupported('VLAN tags of a network card cannot be set here'));
  if (card.bandwidth) needs.push(...(isOurTap ? [{ type: 'program', names: ['tc'], why: 'the <bandwidth> of a network card' } as const] : [unsupported(`<bandwidth> of interface type '${card.backend.type}' can be limited on a tap that this driver makes only, which takes root`)]));
  if (card.port?.isolated && !isOurTap) needs.push(unsupported("<port isolated='yes'/> can be set on a tap that this driver makes only, which takes root"));
  const untold = joinsUnprivileged(card, launch) ? [card.driver?.name === 'vhost' && "<driver name='vhost'>", (card.driver?.queues ?? 1) > 1 && '<driver queues>', card.tune?.sndbufBytes && '<sndbuf>'].find(Boolean) : null;
  if (untold) needs.push(unsupported(`${untold} of interface type '${card.backend.type}' can be given to a tap that this driver makes only, which takes root`));
  if (card.coalesce?.rx?.frames?.maximum) needs.push(unsupported('<coalesce> of a network card cannot be set here'));
  return needs;
}

export function interfaceSideWork(card: Interface, launch: LaunchContext): readonly (SideProcess | HostSetup)[] {
  if (isPasst(card)) return [passt(card, launch)];
  if (card.backend.type === 'direct') return launch.mayMakeTaps === true ? [macvtap(card, card.backend.source, launch)] : [];
  if (!isOnTap(card) || isForeignTap(card) || launch.mayMakeTaps !== true) return [];
  const name = tapName(card, launch);
  const undone: readonly HostCommand[] = card.downscript ? [[card.downscript.path, name]] : [];
  const setup = { name: `network card ${card.alias ?? ''}`, onceSpawned: tapCommands(card, name) };
  // The tap is QEMU's own and goes away with it; only a script's work has to be undone.
  if (launch.qemuUserId === undefined) return [{ ...setup, afterwards: undone }];
  const several = queuesOf(card) > 1 ? ['multi_queue'] : [];
  return [{
    ...setup,
    beforehand: [['ip', 'tuntap', 'add', 'dev', name, 'mode', 'tap', 'user', String(launch.qemuUserId), ...several]],
    afterwards: [...undone, ['ip', 'link', 'delete', 'dev', name]],
  }];
}

type DirectSource = Extract<Interface['backend'], { readonly type: 'direct' }>['source'];

/** Unlike a tap it stays when nobody has it open: it is taken away when QEMU has ended. */
function macvtap(card: Interface, { dev, mode }: DirectSource, launch: LaunchContext): HostSetup {
  const name = tapName(card, launch);
  const index = macvtapIndex(card, launch);
  const address = card.mac ? ['address', card.mac.address] : [];
  const queues = Array.from({ length: queuesOf(card) }, () => `/dev/tap${index}`);
  return {
    name: `network card ${card.alias ?? ''}`,
    beforehand: [
      ['ip', 'link', 'add', 'link', dev, 'name', name, 'index', String(index), ...address, 'type', 'macvtap', 'mode', mode === 'passthrough' ? 'passthru' : mode],
      ['ip', 'link', 'set', 'dev', name, 'up'],
    ],
    inherited: queues,
    onceSpawned: bandwidthCommands(card, name),
    afterwards: [['ip', 'link', 'delete', 'dev', name]],
  };
}

function tapCommands(card: Interface, name: string): readonly HostCommand[] {
  const bridge = bridgeOf(card);
  const commands: HostCommand[] = [];
  if (card.mtu) commands.push(['ip', 'link', 'set', 'dev', name, 'mtu', String(card.mtu.size)]);
  if (bridge !== null) commands.push(...bridgeCommands(card, name, bridge));
  for (const { address, family, prefix, peer } of hostAddresses(card)) {
    commands.push(['ip', 'address', 'add', `${address}/${prefix ?? (family === 'ipv4' ? 24 : 64)}`, ...(peer ? ['peer', peer] : []), 'dev', name]);
  }
  commands.push(...bandwidthCommands(card, name));
  if (card.script) commands.push([card.script.path, name]);
  commands.push(['ip', 'link', 'set', 'dev', name, 'up']);
  for (const { address, prefix, gateway, metric } of hostRoutes(card)) {
    commands.push(['ip', 'route', 'add', prefix === null ? address : `${address}/${prefix}`, 'via', gateway, ...(metric === null ? [] : ['metric', String(metric)]), 'dev', name]);
  }
  return commands;
}

/** A bridge takes the lowest address of its ports for its own: that of a tap must never be it. */
function bridgeCommands({ mac, port }: Interface, name: string, bridge: string): readonly HostCommand[] {
  const high = mac ? [['ip', 'link', 'set', 'dev', name, 'address', `fe${mac.address.slice(2)}`] as const] : [];
  const isolated = port?.isolated ? [['bridge', 'link', 'set', 'dev', name, 'isolated', 'on'] as const] : [];
  return [...high, ['ip', 'link', 'set', 'dev', name, 'master', bridge], ...isolated];
}

/** What the guest receives is what the tap sends. */
function bandwidthCommands({ bandwidth }: Interface, name: string): readonly HostCommand[] {
  const commands: HostCommand[] = [];
  const { inbound, outbound } = bandwidth ?? {};
  if (inbound?.averageKiB) {
    commands.push(
      ['tc', 'qdisc', 'add', 'dev', name, 'root', 'handle', '1:', 'htb', 'default', '1'],
      ['tc', 'class', 'add', 'dev', name, 'parent', '1:', 'classid', '1:1', 'htb', 'rate', `${inbound.averageKiB}kbps`, 'ceil', `${inbound.peakKiB ?? inbound.averageKiB}kbps`, ...(inbound.burstKiB ? ['burst', `${inbound.burstKiB}kb`] : [])],
    );
  }
  if (outbound?.averageKiB) {
    const burst = `${outbound.burstKiB ?? Math.max(1, outbound.averageKiB)}kb`;
    commands.push(
      ['tc', 'qdisc', 'add', 'dev', name, 'ingress'],
      ['tc', 'filter', 'add', 'dev', name, 'parent', 'ffff:', 'protocol', 'all', 'u32', 'match', 'u32', '0', '0', 'police', 'rate', `${outbound.averageKiB}kbps`, 'burst', burst, 'mtu', '64kb', 'drop', 'flowid', ':1'],
    );
  }
  return commands;
}

function hostAddresses({ backend }: Interface) {
  return backend.type === 'ethernet' ? (backend.source?.ips ?? []) : [];
}

function hostRoutes({ backend }: Interface) {
  return backend.type === 'ethernet' ? (backend.source?.routes ?? []) : [];
}

/** One passt for one card: it ends by itself when QEMU closes the connection. */
function passt(card: Interface, launch: LaunchContext): SideProcess {
  const { backend, mtu, helper, ips, portForwards } = card;
  const socket = passtSocket(card, launch);
  const dev = (backend.type === 'user' || backend.type === 'vhostuser') && backend.source ? backend.source.dev : null;
  const argv = [
    '--foreground',
    '--one-off',
    ...(backend.type === 'vhostuser' ? ['--vhost-user'] : []),
    // Started by root it would become another user, who cannot write where only root can.
    ...(launch.userId === 0 ? ['--runas', '0:0'] : []),
    ...['--socket', socket],
    ...(mtu ? ['--mtu', String(mtu.size)] : []),
    ...(dev ? ['--interface', dev] : []),
    ...(helper?.logFile ? ['--log-file', helper.logFile] : []),
    ...ips.flatMap(({ address, family, prefix }) => ['--address', address, ...(prefix && family === 'ipv4' ? ['--netmask', String(prefix)] : [])]),
    ...portForwards.flatMap((forward) => [forward.proto === 'tcp' ? '--tcp-ports' : '--udp-ports', portsOf(forward)]),
  ];
  return { name: `passt-${card.alias ?? ''}`, programs: ['passt'], argv, socket, folders: [] };
}

/** passt(1): `address%device/ports`, a port or range with `:` and where it leads to, or with `~` one left out. */
function portsOf({ address, dev, ranges }: PortForward): string {
  const where = `${address ?? ''}${dev === null ? '' : `%${dev}`}`;
  const ports = ranges.map(({ start, end, to, exclude }) => {
    const from = end === null ? String(start) : `${start}-${end}`;
    const target = to === null ? '' : end === null ? `:${to}` : `:${to}-${end + to - start}`;
    return `${exclude ? '~' : ''}${from}${target}`;
  });
  return `${where === '' ? '' : `${where}/`}${ports.length === 0 ? 'all' : ports.join(',')}`;
}
