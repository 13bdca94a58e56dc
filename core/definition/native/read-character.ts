/** Serial ports, consoles and channels, with the character device that each is connected to. */
import path from 'node:path';
import type { XmlElement } from '../../xml/xml-element.ts';
import { element, type NativeParts, pciAddress, usbAddress, virtioSerialAddress } from './native-parts.ts';
import { type Json, text } from './qemu-options.ts';

/** Null where the driver is none of these. */
export function readCharacterDevice(driver: string, properties: Json, parts: NativeParts): XmlElement | null {
  const backend = backendOf(properties, parts);
  const port = text(properties['index']);
  switch (driver) {
    case 'isa-serial':
    case 'pci-serial':
    case 'usb-serial':
      return element('serial', { type: backend.type }, [...backend.children, element('target', { type: driver, port }), driver === 'usb-serial' ? usbAddress(properties) : pciAddress(properties)]);
    case 'virtconsole':
      return element('console', { type: backend.type }, [...backend.children, element('target', { type: 'virtio' }), virtioSerialAddress(properties)]);
    case 'virtserialport':
      return element('channel', { type: backend.type }, [...backend.children, element('target', { type: 'virtio', name: text(properties['name']) }), virtioSerialAddress(properties)]);
    default:
      return null;
  }
}

interface Backend {
  readonly type: string;
  readonly children: readonly XmlElement[];
}

function backendOf(properties: Json, { chardevs, runFolder, logFolder }: NativeParts): Backend {
  const id = text(properties['chardev']) ?? '';
  const { first, keys } = chardevs.get(id) ?? { first: 'null', keys: new Map<string, string>() };
  const logfile = keys.get('logfile');
  const log = logfile === undefined || path.dirname(logfile) === logFolder ? [] : [element('log', { file: logfile, append: keys.get('logappend') ?? null })];
  const file = keys.get('path') ?? null;
  const listens = keys.get('server') === 'on';
  if (first === 'socket' && file !== null) {
    const chosen = path.dirname(file) === runFolder;
    return { type: 'unix', children: [...(chosen ? [] : [element('source', { mode: listens ? 'bind' : 'connect', path: file })]), ...log] };
  }
  if (first === 'socket') {
    const source = element('source', { mode: listens ? 'bind' : 'connect', host: keys.get('host') ?? null, service: keys.get('port') ?? null });
    return { type: 'tcp', children: [source, ...log, element('protocol', { type: keys.get('telnet') === 'on' ? 'telnet' : 'raw' })] };
  }
  if (first === 'file') return { type: 'file', children: [element('source', { path: file, append: keys.get('append') ?? null }), ...log] };
  if (first === 'serial') return { type: 'dev', children: [element('source', { path: file }), ...log] };
  if (first === 'pipe') return { type: 'pipe', children: [element('source', { path: file }), ...log] };
  return { type: first ?? 'null', children: log };
}
