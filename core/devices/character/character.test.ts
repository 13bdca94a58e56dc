import { describe, expect, test } from 'vitest';
import { deviceRenderer, runFolder } from '../../../test/support/render-devices.ts';
import { formatDomain, parseDomain } from '../domain-xml.ts';

const { options, define, lines } = await deviceRenderer();
const serial = (type: string, inside = ''): string => `<serial type='${type}'>${inside}</serial>`;
const chardevs = (devices: string): readonly string[] => options(devices).filter((option) => option.startsWith('-chardev') && !option.includes('charmonitor'));

describe('a backend is rendered as it is written', () => {
  const log = ',logfile=/var/log/vireo/golden/serial0.log,logappend=on';
  test.each([
    ['pty', '', `pty,id=charserial0${log}`],
    ['null', '', 'null,id=charserial0'],
    ['vc', '', `vc,id=charserial0${log}`],
    ['stdio', '', `stdio,id=charserial0${log}`],
    ['unix', '', `socket,id=charserial0,path=${runFolder}/c-serial0,server=on,wait=off${log}`],
    ['unix', "<source path='/a,b'/>", `socket,id=charserial0,path=/a,,b${log}`],
    ['unix', "<source mode='connect' path='/a'><reconnect enabled='yes' timeout='3'/></source>", `socket,id=charserial0,path=/a,reconnect=3${log}`],
    ['unix', "<source mode='bind' path='/a'/><protocol type='raw'/>", `socket,id=charserial0,path=/a,server=on,wait=off${log}`],
    ['file', "<source path='/f' append='on'/>", `file,id=charserial0,path=/f,append=on${log}`],
    ['file', "<source path='/f'/><log file='/l' append='off'/>", 'file,id=charserial0,path=/f,logfile=/l,logappend=off'],
    ['pipe', "<source path='/p'/>", `pipe,id=charserial0,path=/p${log}`],
    ['dev', "<source path='/dev/ttyS9'/>", `serial,id=charserial0,path=/dev/ttyS9${log}`],
    ['tcp', "<source host='::1' service='23'/><protocol type='telnet'/>", `socket,id=charserial0,host=::1,port=23,telnet=on${log}`],
    ['tcp', "<source mode='bind' host='h' service='telnet'/>", `socket,id=charserial0,host=h,port=telnet,server=on,wait=off${log}`],
    ['udp', "<source host='a' service='1'/>", `udp,id=charserial0,host=a,port=1,localaddr=,localport=0${log}`],
    ['udp', "<source mode='connect' service='1'/><source mode='bind' host='b' service='2'/>", `udp,id=charserial0,host=,port=1,localaddr=b,localport=2${log}`],
    ['qemu-vdagent', "<source><clipboard copypaste='yes'/><mouse mode='client'/></source>", 'qemu-vdagent,id=charserial0,name=vdagent,clipboard=on,mouse=on'],
    ['dbus', "<source channel='org.a.b'/>", 'dbus,id=charserial0,name=org.a.b'],
  ])('%s %s', (type, inside, expected) => {
    expect(chardevs(serial(type, inside))).toEqual([`-chardev ${expected}`]);
  });

  test('spice channels, once there is a spice display', () => {
    const devices = `<channel type='spicevmc'><target type='virtio'/></channel>${serial('spiceport', "<source channel='org.a'/>")}<graphics type='spice'/>`;
    expect(chardevs(devices)).toEqual(['-chardev spiceport,id=charserial0,name=org.a', '-chardev spicevmc,id=charchannel0,name=vdagent']);
  });

  test('TLS is credentials of its own, and a server asks nobody for theirs', () => {
    const tls = (mode: string): string => serial('tcp', `<source mode='${mode}' host='h' service='1' tls='yes'/>`);
    expect(options(tls('connect'))).toContain('-object {"qom-type":"tls-creds-x509","id":"objcharserial0_tls0","dir":"/etc/pki/qemu","endpoint":"client","verify-peer":true}');
    expect(options(tls('bind')).join('\n')).toContain('"endpoint":"server","verify-peer":false}');
    expect(chardevs(tls('connect'))).toEqual([`-chardev socket,id=charserial0,host=h,port=1,tls-creds=objcharserial0_tls0${log}`]);
  });

  test('QEMU 9.2 counts reconnects in milliseconds', () => {
    const version = { major: 9, minor: 2, micro: 0, package: '' };
    const reconnecting = serial('tcp', "<source host='h' service='1'><reconnect enabled='yes' timeout='3'/></source>");
    expect(options(reconnecting, { capabilities: { version } })).toContain(`-chardev socket,id=charserial0,host=h,port=1,reconnect-ms=3000${log}`);
  });
});

test('labels, protocols and both sources are printed as libvirt orders them', () => {
  const written = "<source mode='connect' host='c' service='1'/><source mode='bind' host='b' service='2'/><log file='/l'/>";
  expect(lines(serial('udp', written)).join('')).toContain("<source mode='bind' host='b' service='2'/><source mode='connect' host='c' service='1'/><log file='/l'/>");
  const label = "<seclabel model='dac' relabel='no'/>";
  expect(lines(serial('file', `<source path='/f'>${label}</source>`)).join('')).toContain(`<source path='/f'>${label}</source>`);
  expect(lines(serial('tcp', "<source host='h' service='1'/>")).join('')).toContain("<protocol type='raw'/>");
});

test("a pty's path belongs to the run, not to the definition", () => {
  const xml = formatDomain(define(serial('pty', "<source path='/dev/pts/4'/>")), { form: 'inactive' });
  expect(xml).not.toContain('/dev/pts/4');
  expect(formatDomain(parseDomain(xml.replace("<serial type='pty'>", "<serial type='pty'><source path='/dev/pts/4'/>"), { form: 'live' }), { form: 'live' })).toContain("<source path='/dev/pts/4'/>");
});

test.each([
  ['unix', "<source mode='connect'/>", /serial port 0: <source> of type 'unix' needs the attribute 'path'/],
  ['unix', `<source mode='bind' path='/${'x'.repeat(120)}'/>`, /is longer than 103 bytes/],
  ['unix', "<source mode='bind' path='/a'><reconnect enabled='no'/></source>", /<reconnect> is for <source mode='connect'>/],
  ['tcp', "<source mode='connect' host='h' service='1'><reconnect enabled='yes' timeout='0'/></source>", /at least 1 second/],
  ['tcp', "<source host='h'/>", /needs the attribute 'service'/],
  ['tcp', "<source host='h' service='1'/><protocol type='tls'/>", /no protocol 'tls'/],
  ['file', '<source/>', /needs the attribute 'path'/],
  ['udp', "<source mode='bind' service='1'/>", /needs a <source mode='connect'>/],
  ['udp', "<source service='1'/><source service='2'/>", /two <source mode='connect'>/],
  ['nmdm', "<source master='/a' slave='/b'/>", /null modem, which QEMU cannot open/],
  ['spicevmc', '', /needs a <graphics type='spice'>/],
  ['dbus', "<source channel='a b'/>", /characters other than letters/],
])('refuses %s %s', (type, inside, reason) => {
  expect(() => define(serial(type, inside))).toThrow(reason);
});
