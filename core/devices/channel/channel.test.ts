import { expect, test } from 'vitest';
import { deviceRenderer } from '../../../test/support/render-devices.ts';
import { devicesOf } from '../../conf/device-definition.ts';

const { options, define } = await deviceRenderer();

test('a forward is a network of its own that leads to the backend', () => {
  const channel = "<channel type='null'><target type='guestfwd' address='10.0.2.1' port='4600'/></channel>";
  expect(options(channel)).toContain('-netdev {"type":"user","guestfwd":[{"str":"tcp:10.0.2.1:4600-chardev:charchannel0"}],"id":"channel0"}');
});

test.each([
  ["<source mode='bind' path='/var/lib/libvirt/qemu/channel/target/domain-3-x/org.a.0'/>", null],
  ["<source mode='bind' path='/var/lib/libvirt/qemu/channel/target/x.org.a.0'/>", null],
  ["<source mode='bind' path='/run/libvirt/qemu/channel/3-x/org.a.0'/>", null],
  ["<source mode='bind' path='/srv/org.a.0'/>", '/srv/org.a.0'],
  ["<source mode='bind' path='/var/lib/libvirt/qemu/channel/target/domain-3-x/org.b.0'/>", '/var/lib/libvirt/qemu/channel/target/domain-3-x/org.b.0'],
])('with %s keeps the path %s: those of a libvirt run are forgotten', (source, expected) => {
  const [channel] = devicesOf(define(`<channel type='unix'>${source}<target type='virtio' name='org.a.0'/></channel>`).devices, 'channel');
  expect(channel?.backend.type === 'unix' && channel.backend.source?.path).toBe(expected);
});

test.each([
  ["<channel type='null'><target type='guestfwd' address='10.0.2.1'/></channel>", /needs the attributes 'address' and 'port'/],
  ["<channel type='null'><target type='xen'/></channel>", /another hypervisor/],
  ["<channel type='spicevmc'><target type='virtio' name='a'/></channel><graphics type='spice'/>", /serves the target name 'com.redhat.spice.0' only, not 'a'/],
  ["<channel type='null'><target type='virtio' name='a'/></channel>".repeat(2), /two channels have the name 'a'/],
])('refuses %s', (devices, reason) => {
  expect(() => define(devices)).toThrow(reason);
});
