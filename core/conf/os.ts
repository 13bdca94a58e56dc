/** `<os>`: what the machine is and what it boots from. */
import { attribute, child, children, childText, type Infer, object, optional, text } from './codec/codec.ts';
import { anyText, integer, oneOf, positive, someText, uuid, yesNo } from './codec/scalar.ts';
import { attributeChild, listWithin, section } from './codec/shorthands.ts';

const pflashFormat = oneOf(['raw', 'qcow2']);

const loaderFields = {
  readonly: optional(attribute('readonly', yesNo)),
  secure: optional(attribute('secure', yesNo)),
  type: optional(attribute('type', oneOf(['rom', 'pflash']))),
  stateless: optional(attribute('stateless', yesNo)),
  format: optional(attribute('format', pflashFormat)),
  path: optional(text(someText)),
};

/** A store of variables that is not a file of this host; other kinds of source are kept and refused at start. */
const nvramSourceFields = {
  protocol: optional(attribute('protocol', someText)),
  name: optional(attribute('name', someText)),
  file: optional(attribute('file', someText)),
  dev: optional(attribute('dev', someText)),
  hosts: children('host', object({
    name: optional(attribute('name', someText)),
    port: optional(attribute('port', integer(1, 65_535))),
    transport: optional(attribute('transport', someText)),
    socket: optional(attribute('socket', someText)),
  })),
  auth: optional(
    child('auth', object({
      username: attribute('username', someText),
      secret: optional(child('secret', object({ type: attribute('type', someText), usage: optional(attribute('usage', someText)), uuid: optional(attribute('uuid', uuid)) }))),
    })),
  ),
};

const nvramFields = {
  template: optional(attribute('template', someText)),
  templateFormat: optional(attribute('templateFormat', pflashFormat)),
  /** Kind of the source, null where the path stands in the element itself. */
  type: optional(attribute('type', someText)),
  format: optional(attribute('format', pflashFormat)),
  path: optional(text(someText)),
  source: optional(child('source', object(nvramSourceFields))),
};

export const osCodec = object({
  /** Asks for a firmware that fits, instead of naming one. */
  firmware: optional(attribute('firmware', oneOf(['bios', 'efi']))),
  type: child('type', object({ arch: optional(attribute('arch', someText)), machine: optional(attribute('machine', someText)), type: text(someText) })),
  firmwareFeatures: listWithin('firmware', 'feature', object({ enabled: attribute('enabled', yesNo), name: attribute('name', oneOf(['enrolled-keys', 'secure-boot'])) })),
  loader: section('loader', loaderFields),
  nvram: section('nvram', nvramFields),
  varstore: section('varstore', { path: optional(attribute('path', someText)), template: optional(attribute('template', someText)) }),
  kernel: optional(childText('kernel', someText)),
  initrd: optional(childText('initrd', someText)),
  cmdline: optional(childText('cmdline', anyText)),
  shim: optional(childText('shim', someText)),
  dtb: optional(childText('dtb', someText)),
  root: optional(childText('root', someText)),
  acpiTables: listWithin('acpi', 'table', object({ type: attribute('type', oneOf(['raw', 'rawset', 'slic', 'msdm'])), path: text(someText) })),
  boot: children('boot', object({ dev: attribute('dev', oneOf(['fd', 'hd', 'cdrom', 'network'])) })),
  bootmenu: optional(child('bootmenu', object({ enable: attribute('enable', yesNo), timeoutMs: optional(attribute('timeout', integer(0, 65_535))) }))),
  bios: section('bios', {
    useserial: optional(attribute('useserial', yesNo)),
    /** How long the BIOS waits before it tries again where nothing boots; -1 for never. */
    rebootTimeoutMs: optional(attribute('rebootTimeout', integer(-1, 65_535))),
  }),
  smbiosMode: attributeChild('smbios', 'mode', oneOf(['emulate', 'host', 'sysinfo'])),
});

/** Maps of user numbers, which only containers have; kept because definitions carry them. */
const idRange = object({ start: attribute('start', integer(0, 0xffff_ffff)), target: attribute('target', integer(0, 0xffff_ffff)), count: attribute('count', positive) });
export const idmapCodec = section('idmap', { uid: children('uid', idRange), gid: children('gid', idRange) });

/** What Xen boots its guests with; QEMU has no such thing. */
export const bootloaderFields = {
  bootloader: optional(childText('bootloader', someText)),
  bootloaderArguments: optional(childText('bootloader_args', anyText)),
};

export type OsDefinition = Infer<typeof osCodec>;
