import { expect, test } from 'vitest';
import { parseDomain } from '../devices/domain-xml.ts';
import { interfacesInTable, interfacesOf } from './agent-interfaces.ts';

const definition = parseDomain(`<domain type='qemu'><name>x</name><memory>1024</memory><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>
  <interface type='ethernet'><mac address='52:54:00:AA:bb:02'/><target dev='tap7'/></interface>
  <interface type='bridge'><mac address='52:54:00:aa:bb:03'/><source bridge='br0'/></interface>
</devices></domain>`);

test('the host\'s table of neighbours gives the addresses of the domain\'s own cards, where somebody answered', () => {
  const table = `IP address       HW type     Flags       HW address            Mask     Device
192.168.1.20     0x1         0x2         52:54:00:aa:bb:02     *        br0
192.168.1.21     0x1         0x2         52:54:00:AA:BB:02     *        br0
192.168.1.22     0x1         0x0         52:54:00:aa:bb:02     *        br0
192.168.1.30     0x1         0x2         52:54:00:cc:cc:cc     *        br0

`;
  expect(interfacesInTable(definition, table)).toEqual([
    { name: 'tap7', mac: '52:54:00:aa:bb:02', addresses: [{ type: 'ipv4', address: '192.168.1.20', prefix: 0 }, { type: 'ipv4', address: '192.168.1.21', prefix: 0 }] },
  ]);
  expect(interfacesInTable(definition, '')).toEqual([]);
});

test('an alias of an interface is an address of it', () => {
  const address = (text: string) => ({ 'ip-address': text, 'ip-address-type': 'ipv4' as const, prefix: 24 });
  expect(interfacesOf([{ name: 'eth0', 'hardware-address': 'm', 'ip-addresses': [address('a')] }, { name: 'eth0:1', 'hardware-address': 'm', 'ip-addresses': [address('b')] }, { name: 'sit0' }])).toEqual([
    { name: 'eth0', mac: 'm', addresses: [{ type: 'ipv4', address: 'a', prefix: 24 }, { type: 'ipv4', address: 'b', prefix: 24 }] },
    { name: 'sit0', mac: null, addresses: [] },
  ]);
});
