import { describe, expect, test } from 'vitest';
import { deviceRenderer } from '../../../test/support/render-devices.ts';

const { options, define, lines } = await deviceRenderer();
const noUsb = "<controller type='usb' model='none'/><memballoon model='none'/>";
const sounds = (devices: string): readonly string[] => options(noUsb + devices).filter((option) => option.includes('"id":"sound'));

describe('a sound card is rendered as it is written', () => {
  test.each([
    ["<sound model='ac97'/>", [/"driver":"AC97","id":"sound0","audiodev":"audio1","bus":"pci\.\d","addr":"0x1"/]],
    ["<sound model='ich9'/>", [/"driver":"ich9-intel-hda","id":"sound0","bus":"pcie.0","addr":"0x1b"/, /"driver":"hda-duplex","id":"sound0-codec0","bus":"sound0.0","cad":0,"audiodev":"audio1"/]],
    ["<sound model='ich6'><codec type='micro'/><codec type='output'/></sound>", [/"driver":"intel-hda"/, /"driver":"hda-micro".*"cad":0/, /"driver":"hda-output".*"cad":1/]],
    ["<sound model='sb16'><audio id='2'/></sound><audio id='1' type='none'/><audio id='2' type='none'/>", [/"driver":"sb16","id":"sound0","audiodev":"audio2"\}/]],
  ])('%s', (devices, expected) => {
    expect(sounds(devices)).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  });

  test('the speaker is soldered on: its backend is told with the machine', () => {
    expect(options("<sound model='pcspk'/>").find((option) => option.startsWith('-machine'))).toContain(',pcspk-audiodev=audio1');
  });

  test('virtio has two streams where nobody says how many, on a QEMU that has it', () => {
    expect(() => define("<sound model='virtio'/>")).toThrow(/sound model 'virtio': .* has no device virtio-sound-pci/);
    const newer = { capabilities: { deviceTypes: new Set(['virtio-sound-pci', 'pcie-root-port']) } };
    const devices = `${noUsb}<sound model='virtio'><driver packed='on'/></sound>`;
    expect(lines(devices, newer).join('')).toContain("<sound model='virtio' streams='2'><address");
    expect(options(devices, newer).join('\n')).toMatch(/"driver":"virtio-sound-pci","packed":true,"id":"sound0","audiodev":"audio1","streams":2/);
  });
});

describe('sound goes', () => {
  test.each([
    ["<sound model='ac97'/>", 'none'],
    ["<graphics type='vnc'/>", 'none'],
    ["<graphics type='spice'/>", 'spice'],
    ["<graphics type='vnc'/><graphics type='spice'/>", 'spice'],
  ])('with %s to %s', (devices, type) => {
    expect(lines(devices)).toContain(`<audio id='1' type='${type}'/>`);
  });

  test('nowhere, and says nothing of it, where there is neither card nor display', () => {
    expect(lines('').join('')).not.toContain('<audio');
  });
});

describe('a backend is rendered as it is written', () => {
  test.each([
    ["<audio id='1' type='alsa' timerPeriod='40'><input dev='in'/><output mixingEngine='yes' fixedSettings='yes' voices='2' bufferLength='9'><settings frequency='44100' channels='2' format='s16'/></output></audio>", '{"id":"audio1","driver":"alsa","timer-period":40,"in":{"dev":"in"},"out":{"mixing-engine":true,"fixed-settings":true,"voices":2,"buffer-length":9,"frequency":44100,"channels":2,"format":"s16"}}'],
    ["<audio id='1' type='oss' tryMMap='yes' exclusive='no' dspPolicy='-3'><output dev='/d' bufferCount='4' tryPoll='yes'/></audio>", '{"id":"audio1","driver":"oss","try-mmap":true,"exclusive":false,"dsp-policy":-3,"out":{"dev":"/d","buffer-count":4,"try-poll":true}}'],
    ["<audio id='1' type='jack'><input serverName='s' clientName='c' connectPorts='p' exactName='yes'/></audio>", '{"id":"audio1","driver":"jack","in":{"server-name":"s","client-name":"c","connect-ports":"p","exact-name":true}}'],
    ["<audio id='1' type='pulseaudio' serverName='h'><output name='n' streamName='s' latency='5'/></audio>", '{"id":"audio1","driver":"pa","server":"h","out":{"name":"n","stream-name":"s","latency":5}}'],
    ["<audio id='1' type='coreaudio'><output bufferCount='3'/></audio>", '{"id":"audio1","driver":"coreaudio","out":{"buffer-count":3}}'],
    ["<audio id='1' type='sdl' driver='esd'/>", '{"id":"audio1","driver":"sdl"}'],
    ["<audio id='1' type='file' path='/a,b.wav'/>", '{"id":"audio1","driver":"wav","path":"/a,b.wav"}'],
    ["<audio id='1' type='dbus'/>", '{"id":"audio1","driver":"dbus"}'],
  ])('%s', (devices, expected) => {
    expect(options(devices)).toContain(`-audiodev ${expected}`);
    expect(lines(devices).join('')).toContain(devices);
  });
});

test.each([
  ["<sound model='ich7'/>", /QEMU has no such card/],
  ["<sound model='ac97'><codec type='duplex'/></sound>", /a <codec> is for the models 'ich6' and 'ich9' only/],
  ["<sound model='ac97' streams='1'/>", /'streams' is for model 'virtio' only/],
  ["<sound model='ac97'><audio id='5'/></sound>", /sound model 'ac97': <audio id='5'\/> names no <audio>/],
  ["<sound model='pcspk'/><sound model='pcspk'/>", /a machine has one speaker/],
  ["<audio id='1' type='none'/><audio id='1' type='none'/>", /the id 1 is used more than once/],
  ["<audio id='1' type='spice'/>", /needs a <graphics type='spice'>/],
  ["<audio id='1' type='pipewire'/>", /needs QEMU 8.1/],
  ["<audio id='1' type='none'><input fixedSettings='yes'/></audio>", /<input fixedSettings='yes'> needs mixingEngine='yes'/],
  ["<audio id='1' type='none'><output><settings channels='1'/></output></audio>", /<settings> in <output> needs fixedSettings='yes'/],
])('refuses %s', (devices, reason) => {
  expect(() => define(devices)).toThrow(reason);
});
