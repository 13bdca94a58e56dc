/**
 * `<console>`: a virtio or SCLP console, or libvirt's second name for the first serial port. The latter is no device of
 * its own: mirror-console.ts keeps it like the port that it stands for.
 */
import { VireoError } from '../../base/errors.ts';
import { attribute, child, type Infer, liveOnly, object, optional } from '../../conf/codec/codec.ts';
import { oneOf, someText, unsigned } from '../../conf/codec/scalar.ts';
import { devicesOf, type DeviceOf } from '../../conf/device-definition.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { characterFields, chardevId } from '../character/character.ts';
import { characterNeeds, chardevFragments } from '../character/chardev.ts';
import { liveCharacter, prepareCharacter } from '../character/live-character.ts';
import { validateCharacter } from '../character/validate-character.ts';
import { json } from '../command-fragment.ts';
import type { DeviceModule, DomainSurroundings } from '../device-module.ts';
import { pciFields } from '../pci-fields.ts';
import { requireDeviceType } from '../require-device-type.ts';

const targetTypes = ['serial', 'xen', 'uml', 'virtio', 'lxc', 'openvz', 'sclp', 'sclplm'] as const;

const consoleCodec = object({
  ...characterFields,
  /** The pty's path once more, where old tools look for it. */
  tty: liveOnly(optional(attribute('tty', someText))),
  target: optional(child('target', object({ type: optional(attribute('type', oneOf(targetTypes))), port: optional(attribute('port', unsigned)) }))),
  ...pciFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    console: Infer<typeof consoleCodec>;
  }
}

type Console = DeviceOf<'console'>;

/** -device types of the consoles that are devices. */
const drivers = { virtio: 'virtconsole', sclp: 'sclpconsole', sclplm: 'sclplmconsole' } as const;

function isVirtioConsole(console: Console): boolean {
  return console.target?.type === 'virtio';
}

/** Null for the second name of a serial port and for consoles of other hypervisors. */
function driverOf(console: Console): string | null {
  const type = console.target?.type;
  return type === 'virtio' || type === 'sclp' || type === 'sclplm' ? drivers[type] : null;
}

export const consoleModule: DeviceModule<'console'> = {
  kind: 'console',
  codec: consoleCodec,
  defaults(console, { definition }) {
    // libvirt numbers consoles by their place in the list, whatever the document says.
    const port = devicesOf(definition.devices, 'console').indexOf(console);
    return { ...console, target: { type: console.target?.type ?? 'serial', port: Math.max(port, 0) } };
  },
  domainDefaults: 'none',
  validate: validateConsole,
  address: (console) => (isVirtioConsole(console) ? { type: 'virtio-serial', console: true } : { type: 'none' }),
  alias: (console) => `console${console.target?.port ?? 0}`,
  abi: { tty: 'may-change', backend: 'may-change', log: 'may-change', target: 'same', alias: 'may-change', acpi: 'same', address: 'same' },
  prepare: (console, launch) => (driverOf(console) === null ? console : prepareCharacter(console, launch, true)),
  commandLine(console, launch) {
    const driver = driverOf(console);
    if (driver === null) return [];
    const id = aliasOf(console);
    return [...chardevFragments(console, id, launch), json('device', { driver, ...addressProperties(console.address, launch), chardev: chardevId(id), id })];
  },
  boots: () => 'none',
  hostNeeds: (console) => (driverOf(console) === null ? [] : characterNeeds(console)),
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live(console, facts) {
    const live = liveCharacter(console, facts);
    return live.backend.type === 'pty' ? { ...live, tty: live.backend.source?.path ?? null } : live;
  },
  label: (console) => `${console.target?.type ?? 'serial'} console`,
};

function validateConsole(console: Console, domain: DomainSurroundings): void {
  const port = console.target?.port ?? 0;
  const type = console.target?.type ?? 'serial';
  const name = `console ${port}`;
  if (type === 'serial') {
    if (port > 0) throw new VireoError('CONFIG_UNSUPPORTED', `${name}: only the first <console> can be of target type 'serial'`);
    if (devicesOf(domain.definition.devices, 'serial').length === 0) throw new VireoError('XML_ERROR', `${name}: target type 'serial' needs a <serial> port`);
    return;
  }
  const driver = driverOf(console);
  if (driver === null) throw new VireoError('CONFIG_UNSUPPORTED', `${name}: target type '${type}' belongs to another hypervisor; QEMU has serial, virtio, sclp and sclplm`);
  validateCharacter(console, name, domain);
  requireDeviceType(domain.capabilities, driver, `${name}: target type '${type}'`);
  if (console.address && console.address.type !== (type === 'virtio' ? 'virtio-serial' : null) && !(type === 'virtio' && console.address.type === 'ccw')) {
    throw new VireoError('XML_ERROR', `${name}: target type '${type}' does not take an <address> of type '${console.address.type}'`);
  }
}
