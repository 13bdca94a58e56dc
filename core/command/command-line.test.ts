import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { complete, goldenLaunch, recordedCapabilities } from '../../test/golden/golden-launch.ts';
import type { QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import { type DeviceDefinition, devicesOf } from '../conf/device-definition.ts';
import { flag, json, keyed, plain } from '../devices/command-fragment.ts';
import { takeLiveFacts } from '../devices/live-facts.ts';
import { buildCommandLine } from './build-command-line.ts';
import { CommandLine } from './command-line.ts';
import { assignAliases, liveDefinition } from './live-definition.ts';

let capabilities: QemuCapabilities;
beforeAll(async () => {
  capabilities = await recordedCapabilities();
});

function domain(devices: string, rest = '', type: 'kvm' | 'qemu' = 'qemu'): string {
  return `<domain type='${type}'><name>x</name><memory unit='MiB'>64</memory><os><type machine='q35'>hvm</type></os>${rest}<devices>${devices}</devices></domain>`;
}

function argvOf(devices: string, rest = '', accelerator: 'kvm' | 'tcg' = 'tcg'): readonly string[] {
  const launch = { ...goldenLaunch(capabilities), accelerator };
  return buildCommandLine(liveDefinition(complete(domain(devices, rest, accelerator === 'kvm' ? 'kvm' : 'qemu'), capabilities), launch), launch).argv;
}

describe('rendering', () => {
  test('each form becomes one option and at most one value', () => {
    const line = new CommandLine('/q', [flag('S'), plain('append', 'a,b c'), keyed('chardev', 'socket', { id: 'a', path: '/x,server=off', wait: false, log: null }), json('device', { driver: 'x', id: 'a,b' }), { form: 'verbatim', value: 'as is' }]);
    expect(line.argv).toEqual(['-S', '-append', 'a,b c', '-chardev', 'socket,id=a,path=/x,,server=off,wait=off', '-device', '{"driver":"x","id":"a,b"}', 'as is']);
  });

  test('no value of a key can begin another key', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (first, value) => {
      const [, text = ''] = new CommandLine('/q', [keyed('chardev', first, { id: value })]).argv;
      expect(unescape(text)).toEqual([first, `id=${value}`]);
    }));
  });

  test('no key can end its own', () => {
    for (const key of ['a,file', 'a=b', '', 'a b']) expect(() => new CommandLine('/q', [keyed('smbios', null, { [key]: 'x' })]).argv).toThrow('is no name of a setting');
  });

  test('the text for people is what a shell would run', () => {
    const words = ['plain', "it's", 'a b', '$(id)', '`x`', '"', '\\', 'line\nbreak', '', '*', 'ünï'];
    const text = new CommandLine('printf', [{ form: 'verbatim', value: '%s\\0' }, ...words.map((value) => ({ form: 'verbatim' as const, value }))], { A: 'b c' }).toShellText();
    expect(execFileSync('sh', ['-c', text], { encoding: 'utf8' }).split('\0')).toEqual([...words, '']);
  });
});

/** Reads a list of keys as QEMU does: a doubled comma is a comma, a single one ends the value. */
function unescape(text: string): readonly string[] {
  const parts: string[] = [];
  let part = '';
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === ',' && text[at + 1] !== ',') {
      parts.push(part);
      part = '';
      continue;
    }
    if (text[at] === ',') at += 1;
    part += text[at];
  }
  return [...parts, part];
}

describe('a start', () => {
  test('is refused for what the driver does not know, with element and line', () => {
    expect(() => argvOf("<teapot model='ich9'/>\n<kettle model='tpm-tis'/>", '<vcpu warp="9">1</vcpu><future/>')).toThrow(
      'unsupported configuration: the definition has what this driver does not know: domain/future (line 1), domain/devices/teapot (line 1), domain/vcpu@warp (line 1), domain/devices/kettle (line 2)',
    );
  });

  test('ignores labels and tuning that the guest does not see', () => {
    expect(argvOf("<audio id='1' type='none'/>", "<seclabel type='none' mood='x'/><resource><partition>/m</partition><share/></resource>")).toContain('-S');
  });

  test('has no sandbox where the binary has none', () => {
    const without = { ...goldenLaunch({ ...capabilities, commandLineOptions: new Map() }) };
    const live = liveDefinition(complete(domain(''), capabilities), without);
    expect(buildCommandLine(live, without).argv).not.toContain('-sandbox');
  });

  test.each([
    ["<cpu mode='host-passthrough' migratable='off'/>", 'kvm', 'host,migratable=off'],
    ["<cpu mode='host-model'/>", 'kvm', 'host'],
    ["<cpu mode='host-model'/>", 'tcg', 'max'],
    ["<cpu mode='maximum'/>", 'tcg', 'max'],
    ["<cpu><model>Nehalem</model><feature name='aes'/><feature policy='forbid' name='vmx'/></cpu>", 'tcg', 'Nehalem,aes=on,vmx=off'],
    ["<clock><timer name='kvmclock' present='no'/></clock>", 'kvm', 'qemu64,kvmclock=off'],
  ] as const)('with %s on %s gives -cpu %s', (rest, accelerator, expected) => {
    const argv = argvOf('', rest, accelerator);
    expect(argv[argv.indexOf('-cpu') + 1]).toBe(expected);
  });

  test('with the host CPU is refused without acceleration', () => {
    expect(() => argvOf('', "<cpu mode='host-passthrough'/>")).toThrow(/needs hardware acceleration; 'maximum' works without/);
  });
});

describe('aliases', () => {
  test("are libvirt's, and a user's own stays", () => {
    const devices = "<serial type='pty'/><serial type='pty'/><console type='pty'/><channel type='pty'><target type='virtio'/></channel><rng><backend model='random'/><alias name='ua-mine'/></rng><rng><backend model='random'/></rng>";
    const definition = assignAliases(complete(domain(devices), capabilities));
    const aliases = (kind: DeviceDefinition['kind']): readonly unknown[] => devicesOf(definition.devices, kind).map(({ alias }) => alias);
    expect([aliases('serial'), aliases('channel'), aliases('rng'), aliases('memballoon')]).toEqual([['serial0', 'serial1'], ['channel0'], ['ua-mine', 'rng0'], ['balloon0']]);
  });

  test('stay when a live definition is made again', () => {
    const launch = goldenLaunch(capabilities);
    const live = liveDefinition(complete(domain("<serial type='unix'/>"), capabilities), launch);
    expect(liveDefinition(live, launch)).toEqual(live);
  });
});

test('the pty that QEMU opened stands in the port and in the console that mirrors it', () => {
  const live = liveDefinition(complete(domain("<serial type='pty'/>"), capabilities), goldenLaunch(capabilities));
  const known = takeLiveFacts(live, { chardevs: new Map([['charserial0', 'pty:/dev/pts/7']]), memoryDevices: new Map() });
  expect(devicesOf(known.devices, 'serial')[0]?.backend).toMatchObject({ type: 'pty', source: { path: '/dev/pts/7' } });
  expect(devicesOf(known.devices, 'console')[0]).toMatchObject({ tty: '/dev/pts/7', backend: { source: { path: '/dev/pts/7' } }, alias: 'serial0' });
});

test('the agent channel has no log, what people read has one', () => {
  const argv = argvOf("<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel><channel type='unix'><target type='virtio' name='x'/></channel>").join('\n');
  expect(argv).toMatch(/id=charchannel0,path=\S+\/c-channel0,server=on,wait=off\n/);
  expect(argv).toMatch(/id=charchannel1,path=\S+,logfile=\S+\/channel1.log,logappend=on\n/);
});
