/** `<serial>`: a UART of the guest. */
import { VireoError } from '../../base/errors.ts';
import { attribute, child, type Infer, object, optional } from '../../conf/codec/codec.ts';
import { oneOf, unsigned } from '../../conf/codec/scalar.ts';
import { deviceFields } from '../../conf/device-address.ts';
import { devicesOf, type DeviceOf } from '../../conf/device-definition.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { chardevFragment, chardevId, characterFields, liveCharacter, prepareCharacter, validateCharacter } from '../character/character.ts';
import { json } from '../command-fragment.ts';
import { type AddressNeed, type DeviceModule, type DomainSurroundings, pciNeed, pciRank } from '../device-module.ts';

const models = ['isa-serial', 'pci-serial', 'usb-serial'] as const;

const serialCodec = object({
  ...characterFields,
  target: optional(
    child('target', object({
      type: optional(attribute('type', oneOf(models))),
      port: optional(attribute('port', unsigned)),
      model: optional(child('model', attribute('name', oneOf(models)))),
    })),
  ),
  ...deviceFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    serial: Infer<typeof serialCodec>;
  }
}

/** QEMU 7.2: `isa-serial: Max. supported number of ISA serial ports is 4`. */
const maximumIsaPorts = 4;

export const serialModule: DeviceModule<'serial'> = {
  kind: 'serial',
  codec: serialCodec,
  defaults: completeSerial,
  domainDefaults: 'none',
  validate: validateSerial,
  address: serialNeed,
  alias: (serial) => `serial${serial.target?.port ?? 0}`,
  abi: { backend: 'may-change', log: 'may-change', target: 'same', alias: 'may-change', address: 'same' },
  prepare: (serial, launch) => prepareCharacter(serial, launch, true),
  commandLine(serial, launch) {
    const id = aliasOf(serial);
    const driver = serial.target?.type ?? 'isa-serial';
    const index = driver === 'isa-serial' && serial.address === null ? { index: serial.target?.port ?? 0 } : {};
    return [chardevFragment(serial, id), json('device', { driver, chardev: chardevId(id), id, ...index, ...addressProperties(serial.address, launch) })];
  },
  boots: () => 'none',
  hostNeeds: 'none',
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: liveCharacter,
  label: (serial) => `serial port ${serial.target?.port ?? ''}`.trim(),
};

/** Ports are numbered in order; a port that names no type is the board's kind of UART. */
function completeSerial(serial: DeviceOf<'serial'>, domain: DomainSurroundings): DeviceOf<'serial'> {
  const type = serial.target?.type ?? 'isa-serial';
  const target = { type, port: serial.target?.port ?? freePort(serial, domain), model: serial.target?.model ?? type };
  return { ...serial, target };
}

function freePort(serial: DeviceOf<'serial'>, domain: DomainSurroundings): number {
  const serials = devicesOf(domain.definition.devices, 'serial');
  const used = new Set(serials.map((other) => other.target?.port ?? null));
  let free = 0;
  for (const other of serials) {
    if ((other.target?.port ?? null) !== null) continue;
    while (used.has(free)) free += 1;
    if (other === serial) return free;
    free += 1;
  }
  return free;
}

function validateSerial(serial: DeviceOf<'serial'>, domain: DomainSurroundings): void {
  const port = serial.target?.port ?? 0;
  validateCharacter(serial, `serial port ${port}`);
  if (devicesOf(domain.definition.devices, 'serial').some((other) => other !== serial && other.target?.port === port)) {
    throw new VireoError('XML_ERROR', `two serial devices have the target port ${port}`);
  }
  if (serial.target?.type === 'isa-serial' && port >= maximumIsaPorts) {
    throw new VireoError('CONFIG_UNSUPPORTED', `serial port ${port}: QEMU has at most ${maximumIsaPorts} ISA serial ports, numbered from 0`);
  }
  if (serial.target?.type !== serial.target?.model) {
    throw new VireoError('CONFIG_UNSUPPORTED', `serial port ${port}: target model '${serial.target?.model}' does not fit target type '${serial.target?.type}'`);
  }
}

function serialNeed(serial: DeviceOf<'serial'>): AddressNeed {
  if (serial.target?.type === 'pci-serial') return pciNeed(pciRank.input, 'conventional');
  if (serial.target?.type === 'usb-serial') return { type: 'usb' };
  return serial.address ? { type: 'isa' } : { type: 'none' };
}
