/**
 * `<console>`: a virtio console, or libvirt's second name for the first serial port. The latter is no device of its
 * own: mirror-console.ts keeps it like the port that it stands for.
 */
import { VireoError } from '../../base/errors.ts';
import { attribute, child, type Infer, liveOnly, object, optional } from '../../conf/codec/codec.ts';
import { oneOf, someText, unsigned } from '../../conf/codec/scalar.ts';
import { deviceFields } from '../../conf/device-address.ts';
import { devicesOf, type DeviceOf } from '../../conf/device-definition.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { chardevFragment, chardevId, characterFields, liveCharacter, prepareCharacter, validateCharacter } from '../character/character.ts';
import { json } from '../command-fragment.ts';
import type { DeviceModule } from '../device-module.ts';

const consoleCodec = object({
  ...characterFields,
  /** The pty's path once more, where old tools look for it. */
  tty: liveOnly(optional(attribute('tty', someText))),
  target: optional(child('target', object({ type: optional(attribute('type', oneOf(['serial', 'virtio']))), port: optional(attribute('port', unsigned)) }))),
  ...deviceFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    console: Infer<typeof consoleCodec>;
  }
}

export function isVirtioConsole(console: DeviceOf<'console'>): boolean {
  return console.target?.type === 'virtio';
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
  validate(console, { definition }) {
    const port = console.target?.port ?? 0;
    if (!isVirtioConsole(console) && port > 0) throw new VireoError('CONFIG_UNSUPPORTED', `console ${port}: only the first console can be a serial port`);
    if (isVirtioConsole(console)) validateCharacter(console, `console ${port}`);
    else if (devicesOf(definition.devices, 'serial').length === 0) throw new VireoError('XML_ERROR', 'a serial console needs a serial port');
  },
  address: (console) => (isVirtioConsole(console) ? { type: 'virtio-serial', console: true } : { type: 'none' }),
  alias: (console) => `console${console.target?.port ?? 0}`,
  abi: { tty: 'may-change', backend: 'may-change', log: 'may-change', target: 'same', alias: 'may-change', address: 'same' },
  prepare: (console, launch) => (isVirtioConsole(console) ? prepareCharacter(console, launch, true) : console),
  commandLine(console, launch) {
    if (!isVirtioConsole(console)) return [];
    const id = aliasOf(console);
    return [chardevFragment(console, id), json('device', { driver: 'virtconsole', ...addressProperties(console.address, launch), chardev: chardevId(id), id })];
  },
  boots: () => 'none',
  hostNeeds: 'none',
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live(console, facts) {
    const live = liveCharacter(console, facts);
    return live.backend.type === 'pty' ? { ...live, tty: live.backend.source?.path ?? null } : live;
  },
  label: (console) => (isVirtioConsole(console) ? 'virtio console' : 'serial console'),
};
