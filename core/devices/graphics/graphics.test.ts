import { describe, expect, test } from 'vitest';
import { deviceRenderer, runFolder } from '../../../test/support/render-devices.ts';
import { formatDomain } from '../domain-xml.ts';

const { options, define, lines, environment } = await deviceRenderer();
const displays = (devices: string): readonly string[] => options(devices).filter((option) => /^-(vnc|spice|k|display(?! none))/.test(option));
const element = (devices: string): string => lines(devices).join('').replace(/.*?(<graphics.*?)(<video|<audio id).*/, '$1');

describe('where nobody says how, a display listens on a private socket', () => {
  test.each([
    ["<graphics type='vnc'/>", "<graphics type='vnc'><listen type='socket'/></graphics>", `-vnc vnc=unix:${runFolder}/v,audiodev=audio1`],
    ["<graphics type='vnc' port='-1' autoport='yes'/>", "<graphics type='vnc'><listen type='socket'/></graphics>", `-vnc vnc=unix:${runFolder}/v,audiodev=audio1`],
    ["<graphics type='vnc' socket='/var/lib/libvirt/qemu/domain-9-x/vnc.sock'/>", "<graphics type='vnc'><listen type='socket'/></graphics>", `-vnc vnc=unix:${runFolder}/v,audiodev=audio1`],
    ["<graphics type='spice' autoport='yes'/>", "<graphics type='spice'><listen type='socket'/></graphics>", `-spice unix=on,addr=${runFolder}/s,disable-ticketing=on,seamless-migration=on`],
    ["<graphics type='spice'/>", "<graphics type='spice'><listen type='none'/></graphics>", '-spice port=0,disable-ticketing=on,seamless-migration=on'],
  ])('%s', (written, completed, option) => {
    expect(element(written)).toBe(completed);
    expect(displays(written)).toEqual([option]);
  });
});

describe('a TCP display is rendered as it is written', () => {
  test.each([
    ["<graphics type='vnc' port='5901' listen='::1' sharePolicy='ignore' powerControl='yes' keymap='de'/>", ['-vnc vnc=[::1]:1,share=ignore,power-control=on,audiodev=audio1', '-k de']],
    ["<graphics type='vnc' autoport='yes' websocket='-1'><listen type='address'/></graphics>", ['-vnc vnc=127.0.0.1:0,websocket=on,audiodev=audio1']],
    ["<graphics type='vnc' port='5900' passwd='secret'/>", ['-vnc vnc=127.0.0.1:0,password=on,audiodev=audio1']],
    ["<graphics type='vnc'><listen type='none'/></graphics>", ['-vnc vnc=none,audiodev=audio1']],
    ["<graphics type='vnc' socket='/a=b,c'/>", ['-vnc vnc=unix:/a=b,,c,audiodev=audio1']],
    [
      "<graphics type='spice' port='5902' tlsPort='5903' listen='h' defaultMode='secure' passwd='x'><channel name='main' mode='secure'/><channel name='inputs' mode='insecure'/><image compression='off'/><mouse mode='server'/><clipboard copypaste='no'/><filetransfer enable='no'/></graphics>",
      ['-spice port=5902,tls-port=5903,addr=h,agent-mouse=off,x509-dir=/etc/pki/qemu,tls-channel=default,tls-channel=main,plaintext-channel=inputs,image-compression=off,disable-copy-paste=on,disable-agent-file-xfer=on,seamless-migration=on'],
    ],
    ["<graphics type='spice'><listen type='none'/><jpeg compression='auto'/><zlib compression='never'/><playback compression='on'/><streaming mode='all'/><gl enable='yes' rendernode='/dev/dri/x'/></graphics>", ['-spice port=0,disable-ticketing=on,jpeg-wan-compression=auto,zlib-glz-wan-compression=never,playback-compression=on,streaming-video=all,gl=on,rendernode=/dev/dri/x,seamless-migration=on']],
    ["<graphics type='egl-headless'><gl rendernode='/dev/dri/x'/></graphics>", ['-display egl-headless,rendernode=/dev/dri/x']],
    ["<graphics type='dbus' p2p='yes'><gl enable='no'/></graphics>", ['-display dbus,p2p=on,gl=off']],
    ["<graphics type='dbus'/>", [`-display dbus,addr=unix:path=${runFolder}/d`]],
    ["<graphics type='sdl' display=':1' xauth='/x' fullscreen='yes'/>", ['-display sdl,full-screen=on']],
  ])('%s', (written, expected) => {
    expect(displays(written)).toEqual(expected);
  });
});

test("libraries that read nothing else find the screen and the sound system in QEMU's environment", () => {
  expect(environment("<graphics type='sdl' display=':1' xauth='/x y'/><audio id='1' type='sdl' driver='alsa'/>")).toEqual({ DISPLAY: ':1', XAUTHORITY: '/x y', SDL_AUDIODRIVER: 'alsa' });
});

test('the old attributes and the first <listen> say the same', () => {
  expect(element("<graphics type='vnc' port='5900' listen='1.2.3.4'/>")).toBe("<graphics type='vnc' port='5900' autoport='no' listen='1.2.3.4'><listen type='address' address='1.2.3.4'/></graphics>");
  expect(element("<graphics type='vnc' autoport='yes'><listen type='address' address='1.2.3.4'/></graphics>")).toBe("<graphics type='vnc' port='-1' autoport='yes' listen='1.2.3.4'><listen type='address' address='1.2.3.4'/></graphics>");
});

test('a password is no argument of QEMU, and is written only for those who may see it', () => {
  const written = "<graphics type='vnc' port='5900' passwd='topsecret'/>".replace('topsecret', 'hush');
  expect(options(written).join(' ')).not.toContain('hush');
  expect(formatDomain(define(written), { form: 'inactive' })).not.toContain('hush');
  expect(element(written)).toContain("passwd='hush'");
});

test.each([
  ["<graphics type='vnc'/><graphics type='vnc'/>", /2 <graphics> of type 'vnc'; one of each type/],
  ["<graphics type='vnc' port='80' autoport='no'/>", /port='80' is below 5900/],
  ["<graphics type='vnc' passwd='123456789'/>", /more than the 8 bytes/],
  ["<graphics type='vnc' passwd='a' connected='disconnect'/>", /VNC keeps those who are connected/],
  ["<graphics type='vnc' listen='1.1.1.1'><listen type='address' address='2.2.2.2'/></graphics>", /listen='1.1.1.1' and <listen type='address' address='2.2.2.2'\/> differ/],
  ["<graphics type='vnc'><listen type='network'/></graphics>", /needs the attribute 'network'/],
  ["<graphics type='vnc'><audio id='7'/></graphics>", /graphics vnc: <audio id='7'\/> names no <audio>/],
  ["<graphics type='spice' port='5900' defaultMode='secure'/>", /mode 'secure' needs a tlsPort/],
  ["<graphics type='spice'><gl enable='yes'/></graphics><graphics type='egl-headless'/>", /both want to draw/],
  ["<graphics type='sdl'/><graphics type='egl-headless'/>", /draws for displays of the types vnc and spice only/],
  ["<graphics type='dbus' p2p='yes' address='unix:path=/a'/>", /takes no address/],
  ["<graphics type='rdp'/>", /served from a <graphics type='dbus'>/],
  ["<graphics type='desktop'/>", /another hypervisor/],
])('refuses %s', (devices, reason) => {
  expect(() => define(devices)).toThrow(reason);
});
