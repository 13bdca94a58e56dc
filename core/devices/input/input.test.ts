import { expect, test } from 'vitest';
import { deviceRenderer } from '../../../test/support/render-devices.ts';

const { options, define, lines } = await deviceRenderer();
const inputs = (devices: string): readonly string[] => options(devices).filter((option) => option.includes('"input0"'));

test.each([
  ["<input type='tablet'/>", '-device {"driver":"usb-tablet","id":"input0","bus":"usb.0","port":"1"}'],
  ["<input type='keyboard' bus='usb'/>", '-device {"driver":"usb-kbd","id":"input0","bus":"usb.0","port":"1"}'],
  ["<input type='mouse' bus='virtio'><driver packed='on'/></input>", /^-device \{"driver":"virtio-mouse-pci","packed":true,"id":"input0","bus":"pci\.\d","addr":"0x0"\}$/],
  ["<input type='passthrough'><source evdev='/dev/input/event1'/></input>", /"driver":"virtio-input-host-pci","id":"input0","evdev":"\/dev\/input\/event1"/],
  ["<input type='evdev'><source dev='/dev/input/event1' grab='all' grabToggle='alt-alt' repeat='on'/></input>", '-object {"qom-type":"input-linux","id":"input0","evdev":"/dev/input/event1","repeat":true,"grab_all":true,"grab-toggle":"alt-alt"}'],
])('%s', (devices, expected) => {
  expect(inputs(devices)).toEqual([typeof expected === 'string' ? expected : expect.stringMatching(expected)]);
});

test('what sits on the board is written down once somebody can see the screen, and is no option', () => {
  const ps2 = ["<input type='mouse' bus='ps2'/>", "<input type='keyboard' bus='ps2'/>"];
  expect(lines("<graphics type='vnc'/>")).toEqual(expect.arrayContaining(ps2));
  expect(options("<graphics type='vnc'/>").join('\n')).not.toContain('"input');
  const without = lines("<graphics type='vnc'/>", { beside: "<features><ps2 state='off'/></features>" });
  expect(ps2.filter((line) => without.includes(line))).toEqual([]);
});

test('a pSeries with a display has a USB keyboard and mouse', async () => {
  const pseries = await deviceRenderer('ppc64', 'pseries');
  expect(pseries.lines("<graphics type='vnc'/>")).toEqual(expect.arrayContaining(["<input type='keyboard' bus='usb'>", "<input type='mouse' bus='usb'>"]));
});

test('virtio is CCW on s390x', async () => {
  const s390 = await deviceRenderer('s390x', 's390-ccw-virtio');
  expect(s390.options("<input type='keyboard'/>").join('\n')).toContain('{"driver":"virtio-keyboard-ccw","id":"input0","devno":"fe.0.0000"}');
});

test.each([
  ["<input type='tablet' bus='ps2'/>", /input tablet: there is no tablet for bus 'ps2'/],
  ["<input type='mouse' bus='xen'/>", /bus 'xen' belongs to another hypervisor/],
  ["<input type='mouse' bus='usb' model='virtio'/>", /model 'virtio' is for bus 'virtio' only/],
  ["<input type='mouse' bus='virtio' model='virtio-transitional'/>", /no model 'virtio-transitional'/],
  ["<input type='mouse' bus='usb'><driver iommu='on'/></input>", /<driver> are for bus 'virtio' only/],
  ["<input type='mouse' bus='usb'><source evdev='/a'/></input>", /<source> is for the types/],
  ["<input type='passthrough' bus='virtio'/>", /it needs <source evdev='...'>/],
  ["<input type='evdev' bus='usb'><source dev='/a'/></input>", /takes no bus 'usb'/],
])('refuses %s', (devices, reason) => {
  expect(() => define(devices)).toThrow(reason);
});

test('PS/2 is refused where it is switched off', () => {
  expect(() => define("<input type='mouse' bus='ps2'/>", { beside: "<features><ps2 state='off'/></features>" })).toThrow(/switched off by <ps2 state='off'\/>/);
});
