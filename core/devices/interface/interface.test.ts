import { describe, expect, test } from 'vitest';
import { complete, goldenLaunch, recordedCapabilities } from '../../../test/golden/golden-launch.ts';
import { buildCommandLine } from '../../command/build-command-line.ts';
import { liveDefinition } from '../../command/live-definition.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import type { HostSetup, SideProcess } from '../device-module.ts';
import { formatDomain, parseDomain } from '../domain-xml.ts';
import type { LaunchContext } from '../launch-context.ts';
import type { Interface } from './interface-definition.ts';
import { interfaceModule } from './interface.ts';

const capabilities = await recordedCapabilities();
const unprivileged = goldenLaunch(capabilities);
const root: LaunchContext = { ...unprivileged, mayMakeTaps: true, userId: 0 };
const sharedMemory = "<memoryBacking><access mode='shared'/></memoryBacking>";

function domain(card: string, more = ''): string {
  return `<domain type='qemu'><name>x</name><memory>262144</memory>${more}<os><type arch='x86_64' machine='q35'>hvm</type></os><devices>${card}</devices></domain>`;
}

function live(card: string, launch: LaunchContext, more = ''): Interface {
  const [first] = devicesOf(liveDefinition(complete(domain(card, more), capabilities), launch).devices, 'interface');
  if (!first) throw new Error('there is no card');
  return first;
}

/** The card's fragments that are JSON, and its -chardev. */
function rendered(card: string, launch = unprivileged, more = ''): unknown[] {
  const { argv } = buildCommandLine(liveDefinition(complete(domain(card, more), capabilities), launch), launch);
  return argv.flatMap((arg, at) => (argv[at - 1] === '-netdev' || arg.startsWith('socket,id=charnet') ? [arg.startsWith('{') ? JSON.parse(arg) : arg] : []));
}

function needs(card: string, launch = unprivileged): string[] {
  const list = interfaceModule.hostNeeds === 'none' ? [] : interfaceModule.hostNeeds(live(card, launch), launch);
  return list.map((need) => (need.type === 'path' ? need.path : need.type === 'program' ? (need.names[0] ?? '') : need.reason));
}

function work(card: string, launch = root): readonly (SideProcess | HostSetup)[] {
  return interfaceModule.sideProcesses === 'none' ? [] : interfaceModule.sideProcesses(live(card, launch), launch);
}

const bridge = "<interface type='bridge'><mac address='52:54:00:11:22:33'/><source bridge='br0'/><model type='virtio'/>";

describe('the host side of', () => {
  test.each([
    ['user', "<interface type='user'><ip address='10.1.0.0' prefix='24'/><ip address='fd00:1::' prefix='64'/></interface>", { type: 'user', net: '10.1.0.0/24', 'ipv6-prefix': 'fd00:1::', 'ipv6-prefixlen': 64 }],
    ['passt', "<interface type='user'><backend type='passt'/></interface>", { type: 'stream', addr: { type: 'unix', path: '/run/vireo/0badc0de/n-net0' }, server: false }],
    ['bridge', `${bridge}</interface>`, { type: 'bridge', br: 'br0' }],
    ['network', "<interface type='network'><source network='default'/></interface>", { type: 'bridge', br: 'virbr0' }],
    ['a tap of somebody else', "<interface type='ethernet'><target dev='mine' managed='no'/></interface>", { type: 'tap', ifname: 'mine', script: 'no', downscript: 'no' }],
    ['mcast', "<interface type='mcast'><source address='230.0.0.1' port='1'/></interface>", { type: 'socket', mcast: '230.0.0.1:1' }],
    ['server', "<interface type='server'><source port='2'/></interface>", { type: 'socket', listen: ':2' }],
    ['client', "<interface type='client'><source address='10.0.0.1' port='3'/></interface>", { type: 'socket', connect: '10.0.0.1:3' }],
    ['udp', "<interface type='udp'><source address='10.0.0.1' port='4'><local address='10.0.0.2' port='5'/></source></interface>", { type: 'socket', udp: '10.0.0.1:4', localaddr: '10.0.0.2:5' }],
    ['vdpa', "<interface type='vdpa'><source dev='/dev/vhost-vdpa-0'/><driver queues='2'/></interface>", { type: 'vhost-vdpa', vhostdev: '/dev/vhost-vdpa-0', queues: 2 }],
  ])('%s is given to QEMU', (_, card, netdev) => {
    expect(rendered(card)).toEqual([{ ...netdev, id: 'hostnet0' }]);
  });

  test('a bridge is a tap of its own where the driver may make one', () => {
    expect(rendered(`${bridge}<driver name='vhost' queues='4'/></interface>`, root)).toEqual([
      { type: 'tap', ifname: 'vnet4c72efe7', script: 'no', downscript: 'no', queues: 4, vhost: true, id: 'hostnet0' },
    ]);
  });

  test('vhostuser is a character device that waits for no reconnection unless told', () => {
    const card = "<interface type='vhostuser'><source type='unix' path='/run/switch,1' mode='client'><reconnect enabled='yes' timeout='5'/></source></interface>";
    expect(rendered(card, unprivileged, sharedMemory)).toEqual(['socket,id=charnet0,path=/run/switch,,1,reconnect=5', { type: 'vhost-user', chardev: 'charnet0', id: 'hostnet0' }]);
  });
});

describe('defaults', () => {
  test('a card without a model is the first that its board and QEMU know, and has an address that lasts', () => {
    const [card] = devicesOf(complete(domain("<interface type='user'/>"), capabilities).devices, 'interface');
    expect(card).toMatchObject({ model: { type: 'rtl8139' }, mac: { address: '52:54:00:00:00:01' } });
  });

  test('what virtio alone understands leaves other models', () => {
    const [card] = devicesOf(complete(domain("<interface type='user'><model type='E1000'/><driver name='vhost' txmode='timer'/></interface>"), capabilities).devices, 'interface');
    expect(card).toMatchObject({ model: { type: 'e1000' }, driver: null });
  });

  test('the port of a switch keeps its id', () => {
    const xml = domain(`${bridge}<virtualport type='openvswitch'/></interface>`);
    const once = complete(xml, capabilities);
    expect(devicesOf(once.devices, 'interface')[0]?.virtualPort?.parameters?.interfaceid).toMatch(/^[0-9a-f-]{36}$/);
    expect(complete(once, capabilities)).toEqual(once);
  });
});

describe('names of a run', () => {
  test('do not come back into a definition, but those that users chose do', () => {
    const targets = ['vnet0', 'macvtap3', 'tap0'].map((dev) => `<interface type='ethernet'><target dev='${dev}'/></interface>`).join('');
    const cards = devicesOf(parseDomain(domain(targets)).devices, 'interface');
    expect(cards.map(({ target }) => target?.dev ?? null)).toEqual([null, null, 'tap0']);
  });

  test('are in the live definition only', () => {
    const definition = liveDefinition(complete(domain("<interface type='network'><source network='default'/></interface>"), capabilities), root);
    expect(formatDomain(definition, { form: 'live' })).toMatch(/<source network='default' bridge='virbr0'\/>\s*<target dev='vnet[0-9a-f]{8}'\/>/);
    expect(formatDomain(definition, { form: 'inactive' })).not.toMatch(/virbr0|vnet/);
  });
});

describe('a card is refused for', () => {
  test.each([
    ["<interface type='user'><portForward proto='tcp'/></interface>", /<portForward> needs <backend type='passt'\/>/],
    ["<interface type='user'><mtu size='1500'/></interface>", /an MTU cannot be set on interface type 'user'/],
    ["<interface type='user'><model type='idontexist'/></interface>", /no device for interface model 'idontexist'/],
    ["<interface type='user'><model type='e1000'/><driver iommu='on'/></interface>", /iommu, ats, packed and page_per_vq are for virtio models, not 'e1000'/],
    ["<interface type='user'><model type='virtio'/><driver rx_queue_size='511'/></interface>", /rx_queue_size has to be a power of two, and 511 is none/],
    ["<interface type='direct'><source dev='eth0'/><model type='virtio'/><driver queues='65535'/></interface>", /interface type 'direct' has at most 256 queues/],
    ["<interface type='user'><model type='virtio'/><driver queues='4'/></interface>", /interface type 'user' has one queue, not 4/],
    ["<interface type='user'><ip address='10.0.0.0' prefix='30'/></interface>", /prefix of '10.0.0.0' has to be 4 to 27, not 30/],
    ["<interface type='user'><ip address='10.0.0.0'/><ip address='10.1.0.0'/></interface>", /QEMU takes one ipv4 address, and there are 2/],
    ["<interface type='vhostuser'><source path='/s'/></interface>", /needs memory that its own process can see/],
    ["<interface type='null'/>", /interface type 'null' is not supported by QEMU/],
    ["<interface type='user'><port isolated='yes'/></interface>", /<port isolated='yes'\/> is not for interface type 'user'/],
    ["<interface type='user'><script path='/x'/></interface>", /a script is for interface type 'ethernet' only/],
    ["<interface type='bridge'><source bridge='b'/><bandwidth><inbound peak='1'/></bandwidth></interface>", /<inbound> needs the attribute 'average'/],
    ["<interface type='user'><teaming type='transient' persistent='ua-x'/></interface>", /transient card has to be of interface type 'hostdev', not 'user'/],
    ["<interface type='bridge'><source bridge='b'/><backend tap='/dev/t'/><target dev='x' managed='no'/></interface>", /an unmanaged target is for interface type 'ethernet' only/],
  ])('%s', (card, message) => {
    expect(() => complete(domain(card), capabilities)).toThrow(message);
  });
});

describe('from the host', () => {
  test('a bridge needs the helper of QEMU, or nothing but itself where the driver may make taps', () => {
    expect(needs(`${bridge}</interface>`)).toEqual(['/sys/class/net/br0', '/usr/lib/qemu/qemu-bridge-helper']);
    expect(needs(`${bridge}</interface>`, root)).toEqual(['/sys/class/net/br0', '/dev/net/tun', 'ip']);
  });

  test.each([
    ["<interface type='network'><source network='lab'/></interface>", /only the virtual network 'default' is known here, not 'lab'/],
    ["<interface type='direct'><source dev='eth0'/></interface>", /a macvtap on 'eth0' can be made by root only/],
    ["<interface type='ethernet'/>", /can be made by root only/],
    [`${bridge}<filterref filter='clean-traffic'/></interface>`, /the network filter 'clean-traffic' cannot be put up here/],
    [`${bridge}<bandwidth><inbound average='100'/></bandwidth></interface>`, /which takes root/],
  ])('%s asks for what is not there', (card, reason) => {
    expect(needs(card).join('; ')).toMatch(reason);
  });

  test('a passed-through card needs its driver', () => {
    const card = "<interface type='hostdev' managed='yes'><mac address='52:54:00:11:22:33'/><source><address type='pci' domain='0x0' bus='0x6' slot='0x12' function='0x5'/></source></interface>";
    expect(needs(card)).toEqual(['/sys/bus/pci/devices/0000:06:12.5', '/sys/bus/pci/devices/0000:06:12.5/iommu_group', '/sys/bus/pci/drivers/vfio-pci/0000:06:12.5', '/dev/vfio/vfio']);
  });

  test('passt is told of addresses and ports', () => {
    const card = `<interface type='user'><source dev='eth0'/><mtu size='9000'/><ip address='10.0.0.2' prefix='24'/>
      <portForward proto='tcp' address='127.0.0.1'><range start='2022' to='22'/><range start='3000' end='3010' to='4000'/><range start='3005' exclude='yes'/></portForward>
      <portForward proto='udp' dev='eth0'/><backend type='passt' logFile='/tmp/passt.log'/></interface>`;
    const [passt] = work(card);
    expect(passt).toEqual({
      name: 'passt-net0',
      programs: ['passt'],
      argv: [
        '--foreground', '--one-off', '--runas', '0:0', '--socket', '/run/vireo/0badc0de/n-net0', '--mtu', '9000', '--interface', 'eth0', '--log-file', '/tmp/passt.log',
        '--address', '10.0.0.2', '--netmask', '24', '--tcp-ports', '127.0.0.1/2022:22,3000-3010:4000-4010,~3005', '--udp-ports', '%eth0/all',
      ],
      socket: '/run/vireo/0badc0de/n-net0',
      folders: [],
    });
  });

  test('a tap joins its bridge, limits its traffic and goes up, in this order', () => {
    const [setup] = work(`${bridge}<bandwidth><inbound average='1000' peak='2000' burst='64'/></bandwidth><port isolated='yes'/><target dev='tap7'/><mtu size='1400'/></interface>`) as readonly HostSetup[];
    expect(setup?.onceSpawned.map((command) => command.join(' '))).toEqual([
      'ip link set dev tap7 mtu 1400',
      'ip link set dev tap7 address fe:54:00:11:22:33',
      'ip link set dev tap7 master br0',
      'bridge link set dev tap7 isolated on',
      'tc qdisc add dev tap7 root handle 1: htb default 1',
      'tc class add dev tap7 parent 1: classid 1:1 htb rate 1000kbps ceil 2000kbps burst 64kb',
      'ip link set dev tap7 up',
    ]);
    expect(setup?.afterwards).toEqual([]);
  });

  test('a macvtap is there before QEMU, which finds every queue of it open, and goes after it', () => {
    const direct = "<interface type='direct'><mac address='52:54:00:11:22:33'/><source dev='eth0' mode='passthrough'/><model type='virtio'/><driver queues='2'/></interface>";
    const [setup] = work(direct) as readonly HostSetup[];
    expect(setup).toEqual({
      name: 'network card net0',
      beforehand: [
        'ip link add link eth0 name macvtap4c72efe7 index 477294567 address 52:54:00:11:22:33 type macvtap mode passthru'.split(' '),
        'ip link set dev macvtap4c72efe7 up'.split(' '),
      ],
      inherited: ['/dev/tap477294567', '/dev/tap477294567'],
      onceSpawned: [],
      afterwards: ['ip link delete dev macvtap4c72efe7'.split(' ')],
    });
    expect(rendered(`${direct}<interface type='direct'><source dev='eth0'/></interface>`, root)).toEqual([{ type: 'tap', fds: '3:4', id: 'hostnet0' }, { type: 'tap', fd: '5', id: 'hostnet1' }]);
  });

  test('a tap without a bridge has addresses, routes and scripts of its own', () => {
    const [setup] = work(`<interface type='ethernet'><source><ip address='10.9.0.1' prefix='30' peer='10.9.0.2'/><route address='10.8.0.0' prefix='16' gateway='10.9.0.2' metric='3'/></source>
      <script path='/etc/up'/><downscript path='/etc/down'/><target dev='tap7'/></interface>`) as readonly HostSetup[];
    expect(setup?.onceSpawned.map((command) => command.join(' '))).toEqual([
      'ip address add 10.9.0.1/30 peer 10.9.0.2 dev tap7', '/etc/up tap7', 'ip link set dev tap7 up', 'ip route add 10.8.0.0/16 via 10.9.0.2 metric 3 dev tap7',
    ]);
    expect(setup?.afterwards).toEqual([['/etc/down', 'tap7']]);
  });
});
