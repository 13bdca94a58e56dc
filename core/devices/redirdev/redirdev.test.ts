import { expect, test } from 'vitest';
import { deviceRenderer } from '../../../test/support/render-devices.ts';

const { options, define, lines } = await deviceRenderer();

test('a port for devices at a distance has a channel and the rules of the filter', () => {
  const filter = "<redirfilter><usbdev class='0x8' vendor='0x15e1' product='0x2007' version='1.1' allow='yes'/><usbdev class='-1' allow='no'/></redirfilter>";
  const devices = `<graphics type='spice'/><redirdev bus='usb' type='spicevmc'><boot order='4'/></redirdev>${filter}`;
  expect(options(devices)).toEqual(expect.arrayContaining([
    '-chardev spicevmc,id=charredir0,name=usbredir',
    '-device {"driver":"usb-redir","chardev":"charredir0","id":"redir0","filter":"0x08:0x15E1:0x2007:0x0110:1|-1:-1:-1:-1:0","bootindex":4,"bus":"usb.0","port":"1"}',
  ]));
  expect(lines(devices)).toEqual(expect.arrayContaining(["<usbdev class='0x08' vendor='0x15E1' product='0x2007' version='1.10' allow='yes'/>", "<usbdev allow='no'/>"]));
});

test('clients on D-Bus find it under the usual name', () => {
  expect(options("<redirdev bus='usb' type='dbus'/>")).toContain('-chardev dbus,id=charredir0,name=org.qemu.usbredir');
});

test('a hub has ports for what is plugged in behind it', () => {
  const devices = "<hub type='usb'><address type='usb' bus='0' port='1'/></hub><redirdev bus='usb' type='tcp'><source host='h' service='1'/><address type='usb' bus='0' port='1.2'/></redirdev>";
  expect(options(devices)).toEqual(expect.arrayContaining(['-device {"driver":"usb-hub","id":"hub0","bus":"usb.0","port":"1"}', expect.stringMatching(/"usb-redir".*"bus":"usb.0","port":"1.2"/)]));
});

test.each([
  ["<smartcard mode='host'/>", ['-device {"driver":"ccid-card-emulated","backend":"nss-emulated","id":"smartcard0","bus":"ccid0.0"}']],
  ["<smartcard mode='host-certificates'><certificate>a</certificate><certificate>b</certificate><certificate>c</certificate><database>/d</database></smartcard>", ['-device {"driver":"ccid-card-emulated","backend":"certificates","cert1":"a","cert2":"b","cert3":"c","db":"/d","id":"smartcard0","bus":"ccid0.0"}']],
  ["<smartcard mode='passthrough' type='spicevmc'/><graphics type='spice'/>", ['-chardev spicevmc,id=charsmartcard0,name=smartcard', '-device {"driver":"ccid-card-passthru","chardev":"charsmartcard0","id":"smartcard0","bus":"ccid0.0"}']],
])('%s', (devices, expected) => {
  expect(options(devices)).toEqual(expect.arrayContaining(expected));
});

test.each([
  ["<smartcard mode='host'/>".repeat(2), /more than one <smartcard>/],
  ["<smartcard mode='host-certificates'><certificate>a</certificate></smartcard>", /it has 1 <certificate> elements and needs exactly 3/],
  ["<redirfilter/><redirfilter/>", /at most one <redirfilter>/],
])('refuses %s', (devices, reason) => {
  expect(() => define(devices)).toThrow(reason);
});
