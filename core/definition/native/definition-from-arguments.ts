/**
 * Reads a command line of this driver's own back into the definition that gives it. The definition is put together as
 * XML and parsed, so that it passes everything that any other does. What an option says and this does not understand is
 * simply not in the definition: whoever calls renders it again and sees what was lost.
 */
import path from 'node:path';
import { VireoError } from '../../base/errors.ts';
import type { Accelerator } from '../../capabilities/qemu-capabilities.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { parseDomain } from '../../devices/domain-xml.ts';
import { formatXml } from '../../xml/format-xml.ts';
import type { XmlElement } from '../../xml/xml-element.ts';
import { element, type NativeParts } from './native-parts.ts';
import { type Json, type KeyedValue, type QemuOption, readJson, readKeyed, readOptions, text } from './qemu-options.ts';
import { readDevice } from './read-device.ts';
import { domainElements } from './read-domain.ts';

export interface NativeDefinition {
  readonly definition: DomainDefinition;
  readonly accelerator: Accelerator;
  /** The places of the run that the command line was written for. */
  readonly run: { readonly runFolder: string; readonly logFolder: string; readonly monitorPath: string; readonly pidFile: string };
}

/** Options that this driver gives every QEMU, or that a definition decides through others. */
const knownOptions = new Set([
  'name', 'S', 'no-user-config', 'nodefaults', 'pidfile', 'chardev', 'mon', 'machine', 'accel', 'cpu', 'm', 'smp', 'uuid', 'display', 'rtc', 'no-shutdown', 'no-reboot', 'global', 'boot', 'kernel', 'initrd', 'append',
  'blockdev', 'netdev', 'device', 'object', 'audiodev', 'vnc', 'watchdog-action', 'sandbox', 'msg', 'overcommit', 'no-hpet', 'no-acpi',
]);

/** Throws CONFIG_UNSUPPORTED naming an option or device that this driver does not write, INVALID_ARG for no command line. */
export function definitionFromArguments(binary: string, args: readonly string[], environment: Readonly<Record<string, string>>): NativeDefinition {
  const options = readOptions(args);
  const unknown = options.find(({ option }) => !knownOptions.has(option));
  if (unknown) throw new VireoError('CONFIG_UNSUPPORTED', `the option '-${unknown.option}' is not read back`, { details: { option: unknown.option } });
  const parts = partsOf(options);
  const { accelerator, head, tail } = domainElements(binary, options);
  const devices = element('devices', {}, [element('emulator', {}, [binary]), ...readDevices(options, parts), ...graphicsOf(options, parts)]);
  const root = element('domain', { type: accelerator === 'tcg' ? 'qemu' : accelerator, ...(Object.keys(environment).length > 0 ? { 'xmlns:qemu': 'http://libvirt.org/schemas/domain/qemu/1.0' } : {}) }, [
    ...head,
    ...tail,
    devices,
    environmentOf(environment),
  ]);
  const monitorPath = parts.chardevs.get('charmonitor')?.keys.get('path') ?? `${parts.runFolder}/m`;
  const pidFile = options.find(({ option }) => option === 'pidfile')?.value ?? `${parts.runFolder}/pid`;
  const definition = parseDomain(formatXml(root), { source: '(command line)' });
  return { definition, accelerator, run: { runFolder: parts.runFolder, logFolder: parts.logFolder, monitorPath, pidFile } };
}

function partsOf(options: readonly QemuOption[]): NativeParts {
  const json = (option: string, idKey: string): ReadonlyMap<string, Json> =>
    new Map(options.filter((each) => each.option === option && each.value?.startsWith('{')).map((each) => readJson(each)).map((value) => [text(value[idKey]) ?? '', value]));
  const chardevs = new Map(options.filter(({ option }) => option === 'chardev').map(({ value }): [string, KeyedValue] => {
    const keyed = readKeyed(value ?? '');
    return [keyed.keys.get('id') ?? '', keyed];
  }));
  const monitor = chardevs.get('charmonitor')?.keys.get('path');
  const logs = [...chardevs.values()].flatMap(({ keys }) => keys.get('logfile') ?? []);
  return {
    blockdevs: json('blockdev', 'node-name'),
    netdevs: json('netdev', 'id'),
    objects: json('object', 'id'),
    chardevs,
    runFolder: monitor === undefined ? '/run' : path.dirname(monitor),
    logFolder: logs[0] === undefined ? '/var/log' : path.dirname(logs[0]),
  };
}

function readDevices(options: readonly QemuOption[], parts: NativeParts): readonly XmlElement[] {
  const taken = new Map<string, number>();
  const found = options.filter(({ option }) => option === 'device').map((option) => {
    const properties = readJson(option);
    const device = readDevice(properties, parts, taken);
    if (device) return device;
    throw new VireoError('CONFIG_UNSUPPORTED', `the device '${text(properties['driver']) ?? ''}' is not read back`, { details: { driver: properties['driver'] } });
  });
  const has = (name: string): boolean => found.some((device) => device.name === name);
  const hasUsb = found.some(({ name, attributes }) => name === 'controller' && attributes.get('type') === 'usb');
  return [
    ...mirrorsSerial(options, found),
    ...found,
    // What is added by itself where nothing is said has to be refused here, as it is not on the command line.
    ...(hasUsb ? [] : [element('controller', { type: 'usb', model: 'none' })]),
    ...(has('memballoon') ? [] : [element('memballoon', { model: 'none' })]),
  ];
}

/** The console that mirrors the first serial port is no device, but it has taken the number of the first console. */
function mirrorsSerial(options: readonly QemuOption[], found: readonly XmlElement[]): readonly XmlElement[] {
  const serial = found.find(({ name }) => name === 'serial');
  const first = options.flatMap((option) => (option.option === 'device' ? [readJson(option)] : [])).find((properties) => properties['driver'] === 'virtconsole');
  if (!serial || !first || first['id'] === 'console0') return [];
  return [element('console', { type: serial.attributes.get('type') ?? 'pty' }, [element('target', { type: 'serial', port: '0' })])];
}

function graphicsOf(options: readonly QemuOption[], { runFolder }: NativeParts): readonly XmlElement[] {
  const screens = options.filter(({ option }) => option === 'vnc').map(({ value }) => {
    const { first, keys } = readKeyed(value ?? '');
    const place = first ?? keys.get('vnc') ?? '';
    if (place.startsWith('unix:')) {
      const socket = place.slice('unix:'.length);
      return element('graphics', { type: 'vnc' }, [element('listen', { type: 'socket', socket: path.dirname(socket) === runFolder ? null : socket })]);
    }
    const colon = place.lastIndexOf(':');
    const address = place.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
    return element('graphics', { type: 'vnc', port: String(5900 + Number(place.slice(colon + 1))), autoport: 'no', sharePolicy: keys.get('share') ?? null }, [element('listen', { type: 'address', address })]);
  });
  const audio = options.filter(({ option }) => option === 'audiodev').map((option) => {
    const value = readJson(option);
    return element('audio', { id: (text(value['id']) ?? '').replace('audio', ''), type: text(value['driver']) });
  });
  return [...screens, ...audio];
}

function environmentOf(environment: Readonly<Record<string, string>>): XmlElement | null {
  const variables = Object.entries(environment).map(([name, value]) => element('qemu:env', { name, value }));
  return variables.length === 0 ? null : element('qemu:commandline', {}, variables);
}

