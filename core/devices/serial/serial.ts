/** `<serial>`: a UART of the guest; the board's own kind unless another one is named. */
import { VireoError } from '../../base/errors.ts';
import { attribute, child, type Infer, object, optional } from '../../conf/codec/codec.ts';
import { oneOf, unsigned } from '../../conf/codec/scalar.ts';
import { devicesOf, type DeviceOf } from '../../conf/device-definition.ts';
import type { AddressType } from '../../conf/device-address.ts';
import type { Board } from '../../conf/machine-family.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { characterFields, chardevId } from '../character/character.ts';
import { characterNeeds, chardevFragments } from '../character/chardev.ts';
import { liveCharacter, prepareCharacter } from '../character/live-character.ts';
import { validateCharacter } from '../character/validate-character.ts';
import { type CommandFragment, json, plain } from '../command-fragment.ts';
import { type AddressNeed, type DeviceModule, type DomainSurroundings, pciNeed, pciRank } from '../device-module.ts';
import type { DeviceLaunch } from '../launch-context.ts';
import { acpiProperties, pciFields } from '../pci-fields.ts';
import { requireDeviceType } from '../require-device-type.ts';

const targetTypes = ['isa-serial', 'usb-serial', 'pci-serial', 'spapr-vio-serial', 'system-serial', 'sclp-serial', 'isa-debug'] as const;
const models = ['isa-serial', 'usb-serial', 'pci-serial', 'spapr-vty', 'pl011', '16550a', 'sclpconsole', 'sclplmconsole', 'isa-debugcon'] as const;
type SerialType = (typeof targetTypes)[number];
type SerialModel = (typeof models)[number];

const serialCodec = object({
  ...characterFields,
  target: optional(
    child('target', object({
      type: optional(attribute('type', oneOf(targetTypes))),
      port: optional(attribute('port', unsigned)),
      model: optional(child('model', attribute('name', oneOf(models)))),
    })),
  ),
  ...pciFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    serial: Infer<typeof serialCodec>;
  }
}

type Serial = DeviceOf<'serial'>;

/** What each model is a model of. */
const typeOfModel: Readonly<Record<SerialModel, SerialType>> = {
  'isa-serial': 'isa-serial', 'usb-serial': 'usb-serial', 'pci-serial': 'pci-serial', 'spapr-vty': 'spapr-vio-serial',
  pl011: 'system-serial', '16550a': 'system-serial', sclpconsole: 'sclp-serial', sclplmconsole: 'sclp-serial', 'isa-debugcon': 'isa-debug',
};

/** The model where none is named; a system's own port is what its board has. */
const usualModel: Readonly<Record<Exclude<SerialType, 'system-serial'>, SerialModel>> = {
  'isa-serial': 'isa-serial', 'usb-serial': 'usb-serial', 'pci-serial': 'pci-serial', 'spapr-vio-serial': 'spapr-vty', 'sclp-serial': 'sclpconsole', 'isa-debug': 'isa-debugcon',
};

const addressOfType: Readonly<Record<SerialType, AddressType | null>> = {
  'isa-serial': 'isa', 'isa-debug': 'isa', 'usb-serial': 'usb', 'pci-serial': 'pci', 'spapr-vio-serial': 'spapr-vio', 'system-serial': null, 'sclp-serial': null,
};

/** QEMU 7.2: `isa-serial: Max. supported number of ISA serial ports is 4`. */
const maximumIsaPorts = 4;

/** Where libvirt begins to number the virtual terminals of a pSeries. */
const firstVtyReg = 0x3000_0000n;

export const serialModule: DeviceModule<'serial'> = {
  kind: 'serial',
  codec: serialCodec,
  defaults: completeSerial,
  domainDefaults: 'none',
  validate: validateSerial,
  address: serialNeed,
  alias: (_, number) => number('serial'),
  abi: { backend: 'may-change', log: 'may-change', target: 'same', alias: 'may-change', acpi: 'same', address: 'same' },
  prepare: (serial, launch) => prepareCharacter(serial, launch, true),
  commandLine: (serial, launch) => [...chardevFragments(serial, aliasOf(serial), launch), portFragment(serial, launch)],
  boots: () => 'none',
  hostNeeds: characterNeeds,
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: liveCharacter,
  label: (serial) => `serial port ${serial.target?.port ?? ''}`.trim(),
};

/** The type of the board's own ports. Historically `isa-serial` is what everybody wrote, also for boards without ISA. */
export function serialType(serial: Pick<Serial, 'target'>, board: Board): SerialType {
  const type = serial.target?.type ?? null;
  return type === null || type === 'isa-serial' ? board.serial.type : type;
}

/** Ports are numbered in order; a port that names no type is the board's kind of UART. */
function completeSerial(serial: Serial, { definition, board }: DomainSurroundings): Serial {
  const type = serialType(serial, board);
  const usual = type === 'system-serial' ? (models.find((model) => model === board.serial.model) ?? null) : usualModel[type];
  return { ...serial, target: { type, port: serial.target?.port ?? freePort(serial, definition.devices), model: serial.target?.model ?? usual } };
}

function freePort(serial: Serial, devices: DomainSurroundings['definition']['devices']): number {
  const serials = devicesOf(devices, 'serial');
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

function validateSerial(serial: Serial, domain: DomainSurroundings): void {
  const { type = null, model = null } = serial.target ?? {};
  const port = serial.target?.port ?? 0;
  const name = `serial port ${port}`;
  const refuse = (code: 'XML_ERROR' | 'CONFIG_UNSUPPORTED', text: string): never => {
    throw new VireoError(code, `${name}: ${text}`);
  };
  validateCharacter(serial, name, domain);
  if (devicesOf(domain.definition.devices, 'serial').some((other) => other !== serial && other.target?.port === port)) {
    refuse('XML_ERROR', `two <serial> devices have the target port ${port}`);
  }
  if (type === 'isa-serial' && port >= maximumIsaPorts) refuse('CONFIG_UNSUPPORTED', `QEMU has at most ${maximumIsaPorts} ISA serial ports, numbered from 0`);
  if (type === null) return;
  if (model !== null && typeOfModel[model] !== type) refuse('CONFIG_UNSUPPORTED', `target model '${model}' is of target type '${typeOfModel[model]}', not '${type}'`);
  const expected = addressOfType[type];
  if (serial.address && serial.address.type !== expected) {
    refuse('CONFIG_UNSUPPORTED', expected === null ? `target type '${type}' is part of the board and has no <address>` : `target type '${type}' has an <address> of type '${expected}', not '${serial.address.type}'`);
  }
  const { arch, machine } = domain.definition.os.type;
  if (!fitsBoard(type, model, domain.board)) refuse('CONFIG_UNSUPPORTED', `target type '${type}' with model '${model}' does not exist on the machine '${machine}' of arch '${arch}'`);
  if (model !== null && type !== 'system-serial') requireDeviceType(domain.capabilities, model, `${name}: target model '${model}'`);
}

function fitsBoard(type: SerialType, model: SerialModel | null, board: Board): boolean {
  if (type === 'usb-serial' || type === 'pci-serial') return true;
  if (type === 'isa-serial' || type === 'isa-debug') return board.hasIsa;
  return board.serial.type === type && (type !== 'system-serial' || board.serial.model === model);
}

function serialNeed(serial: Serial): AddressNeed {
  switch (serial.target?.type) {
    case 'pci-serial':
      return pciNeed(pciRank.serial, 'conventional');
    case 'usb-serial':
      return { type: 'usb' };
    case 'spapr-vio-serial':
      return { type: 'spapr-vio', defaultReg: firstVtyReg };
    default:
      return serial.address ? { type: 'isa' } : { type: 'none' };
  }
}

/** What is soldered on is no -device: QEMU hands the backends of -serial to the board's ports in order. */
function portFragment(serial: Serial, launch: DeviceLaunch): CommandFragment {
  const id = aliasOf(serial);
  const { type = 'isa-serial', model = 'isa-serial', port = 0 } = serial.target ?? {};
  if (type === 'system-serial') return plain('serial', `chardev:${chardevId(id)}`);
  const index = model === 'isa-serial' ? { index: port ?? 0 } : {};
  return json('device', { driver: model ?? 'isa-serial', chardev: chardevId(id), id, ...index, ...addressProperties(serial.address, launch), ...acpiProperties(serial.acpi) });
}
