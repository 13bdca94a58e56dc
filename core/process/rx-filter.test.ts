import { expect, test } from 'vitest';
import { type GuestFilter, type HostFilter, rxFilterCommands } from './rx-filter.ts';

const guest: GuestFilter = {
  name: 'net0', promiscuous: false, multicast: 'normal', unicast: 'normal', vlan: 'normal', 'broadcast-allowed': true, 'multicast-overflow': false, 'unicast-overflow': false,
  'main-mac': '52:54:00:11:22:33', 'vlan-table': [], 'unicast-table': [], 'multicast-table': [],
};
const host: HostFilter = { address: '52:54:00:11:22:33', promiscuous: false, multicast: true, allMulticast: false, joined: [] };

const commands = (changes: Partial<GuestFilter>, now: Partial<HostFilter> = {}): string[] => rxFilterCommands('vmac0', { ...guest, ...changes }, { ...host, ...now }).map((command) => command.join(' '));

test('nothing is done where the device receives what the guest wants already', () => {
  expect(commands({})).toEqual([]);
  expect(commands({ 'main-mac': '52:54:00:11:22:33'.toUpperCase() })).toEqual([]);
});

test('the address follows the guest', () => {
  expect(commands({ 'main-mac': '52:54:00:AA:BB:CC' })).toEqual(['ip link set dev vmac0 address 52:54:00:aa:bb:cc']);
});

test('no address of a group, of nothing, or of something else is set, whatever QEMU says', () => {
  for (const address of ['01:00:5e:00:00:01', '00:00:00:00:00:00', '52:54:00:aa:bb', '52:54:00:aa:bb:cc mtu 9', '']) expect(commands({ 'main-mac': address })).toEqual([]);
});

test('groups are joined and left, and only those that were joined by hand', () => {
  expect(commands({ 'multicast-table': ['33:33:00:00:00:01', '01:00:5E:00:00:FB', '52:54:00:00:00:01'] }, { joined: ['33:33:00:00:00:01', '33:33:00:00:00:02'] })).toEqual([
    'ip maddress add 01:00:5e:00:00:fb dev vmac0',
    'ip maddress del 33:33:00:00:00:02 dev vmac0',
  ]);
});

test('a guest that listens to everything, or has VLANs, gets everything', () => {
  expect(commands({ promiscuous: true })).toEqual(['ip link set dev vmac0 promisc on']);
  expect(commands({ 'vlan-table': [7] })).toEqual(['ip link set dev vmac0 promisc on']);
  expect(commands({}, { promiscuous: true })).toEqual(['ip link set dev vmac0 promisc off']);
});

test('all groups, those of a table that overflowed, and none at all', () => {
  expect(commands({ multicast: 'all' })).toEqual(['ip link set dev vmac0 allmulticast on']);
  expect(commands({ 'multicast-overflow': true })).toEqual(['ip link set dev vmac0 allmulticast on']);
  expect(commands({}, { allMulticast: true })).toEqual(['ip link set dev vmac0 allmulticast off']);
  expect(commands({ multicast: 'none' }, { allMulticast: true })).toEqual(['ip link set dev vmac0 multicast off', 'ip link set dev vmac0 allmulticast off']);
});
