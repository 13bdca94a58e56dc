import { describe, expect, test } from 'vitest';
import { goldenLaunch, recordedCapabilities } from '../../test/golden/golden-launch.ts';
import { deviceRenderer, runFolder } from '../../test/support/render-devices.ts';
import { liveDefinition } from '../command/live-definition.ts';
import { describeBackend } from '../console/console-backend.ts';
import type { ConsoleDevice } from '../console/console-types.ts';
import { consoleDevices } from './console-devices.ts';

const pc = await deviceRenderer();
const launch = goldenLaunch(await recordedCapabilities('x86_64'), runFolder);
const devices = (xml: string, runStarts: ReadonlyMap<string, number> | null = null): readonly ConsoleDevice[] => consoleDevices(liveDefinition(pc.define(xml), launch), runStarts);
const serial = (type: string, inside = ''): ConsoleDevice => devices(`<serial type='${type}'>${inside}</serial>`)[0]!;

describe('where the bytes of a device are', () => {
  test.each([
    ['unix', '', { type: 'unix', path: `${runFolder}/c-serial0` }, 'private socket'],
    ['unix', "<source mode='bind' path='/a'/>", { type: 'unix', path: '/a' }, '/a'],
    ['tcp', "<source mode='bind' host='127.0.0.1' service='4555'/>", { type: 'tcp', host: '127.0.0.1', port: 4555, telnet: false }, 'tcp 127.0.0.1:4555, QEMU listens'],
    ['tcp', "<source mode='bind' host='::' service='23'/><protocol type='telnet'/>", { type: 'tcp', host: '::1', port: 23, telnet: true }, 'telnet [::1]:23, QEMU listens'],
    ['tcp', "<source mode='bind' host='0.0.0.0' service='23'/>", { type: 'tcp', host: '127.0.0.1', port: 23, telnet: false }, 'tcp 127.0.0.1:23, QEMU listens'],
    ['pipe', "<source path='/p'/>", { type: 'pipe', path: '/p' }, 'pipe /p'],
  ])('%s %s can be written to', (type, inside, backend, described) => {
    const device = serial(type, inside);
    expect([device.backend, describeBackend(device.backend)]).toEqual([backend, described]);
    expect(device.logFile).toBe('/var/log/vireo/golden/serial0.log');
  });

  test.each([
    ['unix', "<source mode='connect' path='/a'/>", 'socket /a, QEMU connects', 'the program behind the socket /a'],
    ['tcp', "<source mode='connect' host='h' service='1'/>", 'tcp h:1, QEMU connects', 'comes from h:1'],
    ['tcp', "<source mode='bind' host='h' service='1' tls='yes'/>", 'tcp h:1 with TLS, QEMU listens', 'with a certificate'],
    ['tcp', "<source mode='bind' host='h' service='telnet'/>", 'tcp h:telnet, QEMU listens', 'whoever connects to h:telnet'],
    ['udp', "<source host='a' service='1'/>", 'udp a:1', 'no address for datagrams'],
    ['udp', "<source mode='connect' host='a' service='1'/><source mode='bind' host='b' service='2'/>", 'udp a:1', 'whoever sends datagrams to b:2'],
    ['file', "<source path='/f'/>", 'file /f', 'a file gives no input'],
    ['dev', "<source path='/dev/ttyS9'/>", '/dev/ttyS9', "the host's device /dev/ttyS9"],
    ['stdio', '', "QEMU's standard output", 'where nobody is'],
    ['vc', '', "a text screen of QEMU's own display", "QEMU's own display"],
  ])('%s %s is only watched', (type, inside, what, why) => {
    const device = serial(type, inside);
    expect(device.backend).toEqual({ type: 'elsewhere', what, why: expect.stringContaining(why) });
    expect(device.logFile).toBe('/var/log/vireo/golden/serial0.log');
  });

  test.each([
    ['null', '', 'nowhere'],
    ['dbus', "<source channel='org.a.b'/>", "a client on QEMU's D-Bus"],
    ['qemu-vdagent', '', "QEMU's clipboard"],
  ])('%s is listed without anything to read', (type, inside, what) => {
    expect(serial(type, inside)).toMatchObject({ logFile: null, backend: { type: 'elsewhere', what } });
  });

  test('a pty that QEMU has not told is not known', () => {
    expect(serial('pty').backend).toEqual({ type: 'elsewhere', what: 'not known yet', why: expect.any(String) });
  });
});

test('every device has the name by which the guest knows it, and the agent is closed to people', () => {
  const all = devices(
    `<serial type='unix'/><serial type='unix'><target type='usb-serial' port='1'/></serial><console type='unix'><target type='virtio'/></console><parallel type='file'><source path='/lp'/></parallel>
     <channel type='unix'><target type='virtio' name='com.example.channel'/></channel>
     <channel type='unix'><log file='/secrets'/><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
     <channel type='unix'><target type='guestfwd' address='10.0.2.1' port='4600'/></channel>`,
    new Map([['serial0', 7]]),
  );
  expect(all.map(({ alias, kind, label, runStart }) => [alias, kind, label, runStart])).toEqual([
    ['serial0', 'serial', 'ttyS0', 7],
    ['serial1', 'serial', 'ttyUSB1', 0],
    ['console0', 'console', 'hvc0', 0],
    ['parallel0', 'parallel', 'lp0', 0],
    ['channel0', 'channel', 'com.example.channel', 0],
    ['channel1', 'channel', 'org.qemu.guest_agent.0', 0],
    ['channel2', 'channel', '10.0.2.1:4600', 0],
  ]);
  expect(all.at(-2)).toMatchObject({ logFile: null, backend: { type: 'elsewhere', why: "the guest agent's channel: Vireo speaks on it" } });
});
