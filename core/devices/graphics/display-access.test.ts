import { describe, expect, test } from 'vitest';
import { deviceRenderer } from '../../../test/support/render-devices.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import { type DisplaySettings, displayUri, encryptionOf, passwordOf, plainDisplaySettings, reachOf, warningOf } from './display-access.ts';
import type { GraphicsBackend } from './graphics-definition.ts';

const { define } = await deviceRenderer();

/** The display as it runs: where a port was left open, 5907 was found. */
function running(graphics: string): GraphicsBackend {
  const [device] = devicesOf(define(graphics).devices, 'graphics');
  if (!device) throw new Error('no display');
  const { backend } = device;
  return backend.type === 'vnc' && backend.port === -1 ? { ...backend, port: 5907 } : backend;
}

const settings = (changes: Partial<DisplaySettings>): DisplaySettings => ({ ...plainDisplaySettings, ...changes });
const tcp = (address: string, more = ''): string => `<graphics type='vnc' autoport='yes' listen='${address}' ${more}/>`;

describe('how far a display is reached', () => {
  test.each([
    ["<graphics type='vnc'/>", 'private'],
    ["<graphics type='sdl'/>", 'private'],
    ["<graphics type='vnc'><listen type='none'/></graphics>", 'private'],
    [tcp('127.0.0.1'), 'computer'],
    [tcp('127.1.2.3'), 'computer'],
    [tcp('localhost'), 'computer'],
    [tcp('::1'), 'computer'],
    [tcp('0.0.0.0'), 'network'],
    [tcp('::'), 'network'],
    [tcp('192.0.2.1'), 'network'],
    [tcp('127.example.org'), 'network'],
  ] as const)('%s: %s', (graphics, reach) => {
    expect(reachOf(running(graphics))).toBe(reach);
  });
});

describe('what is wrong with it is told', () => {
  test.each<[string, Partial<DisplaySettings>, RegExp | null]>([
    ["<graphics type='vnc'/>", {}, null],
    [tcp('127.0.0.1'), {}, /^every user of this computer/],
    [tcp('127.0.0.1', "passwd='x'"), {}, null],
    [tcp('0.0.0.0'), {}, /no password and is not encrypted$/],
    [tcp('0.0.0.0'), { vncTls: true }, /no password$/],
    [tcp('0.0.0.0'), { vncTls: true, vncTlsVerify: true }, null],
    [tcp('0.0.0.0'), { vncPassword: 'x' }, /in the clear/],
    [tcp('0.0.0.0', "passwd='x'"), { vncTls: true }, null],
    ["<graphics type='spice' port='5900' tlsPort='5901' listen='::' passwd='x'/>", {}, /in the clear/],
    ["<graphics type='spice' port='5900' tlsPort='5901' listen='::' passwd='x' defaultMode='secure'/>", {}, null],
    ["<graphics type='spice' port='5900' listen='::'/>", { spicePassword: 'x' }, /in the clear/],
  ])('%s with %j', (graphics, changes, warning) => {
    const text = warningOf(running(graphics), settings(changes));
    if (warning === null) expect(text).toBeNull();
    else expect(text).toMatch(warning);
  });
});

test("the host's password is for displays on TCP that have none, and its TLS never for a private socket", () => {
  const host = settings({ vncPassword: 'host', spicePassword: 'spicy', vncTls: true });
  expect([tcp('::1'), tcp('::1', "passwd='own'"), "<graphics type='vnc'/>", "<graphics type='spice' port='5900'/>", "<graphics type='sdl'/>"].map((graphics) => passwordOf(running(graphics), host))).toEqual(['host', 'own', null, 'spicy', null]);
  expect([tcp('::1'), "<graphics type='vnc'/>"].map((graphics) => encryptionOf(running(graphics), host))).toEqual(['TLS', 'none']);
});

describe('a viewer finds it where virsh says', () => {
  test.each([
    [tcp('127.0.0.1'), null, 'vnc://127.0.0.1:7'],
    [tcp('0.0.0.0'), 'a b', 'vnc://:a%20b@localhost:7'],
    [tcp('fe80::1'), null, 'vnc://[fe80::1]:7'],
    ["<graphics type='vnc' socket='/run/v'/>", null, 'vnc+unix:///run/v'],
    ["<graphics type='vnc'/>", null, null],
    ["<graphics type='spice' port='5902' tlsPort='5903'/>", 'x', 'spice://127.0.0.1:5902?tls-port=5903&password=x'],
    ["<graphics type='spice' tlsPort='5903'/>", null, 'spice://127.0.0.1?tls-port=5903'],
    ["<graphics type='spice'><listen type='socket' socket='/run/s'/></graphics>", null, 'spice+unix:///run/s'],
    ["<graphics type='dbus' address='unix:path=/run/d'/>", null, 'dbus+unix:///run/d'],
    ["<graphics type='sdl'/>", null, null],
  ])('%s: %s', (graphics, password, uri) => {
    expect(displayUri(running(graphics), password)).toBe(uri);
  });
});
