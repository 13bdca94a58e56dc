/** `<input>`: keyboards, mice and tablets; a tablet reports absolute positions, so that a display needs no grab. */
import { VireoError } from '../../base/errors.ts';
import { attribute, type Infer, object, optional } from '../../conf/codec/codec.ts';
import { oneOf } from '../../conf/codec/scalar.ts';
import { deviceFields } from '../../conf/device-address.ts';
import { type DeviceOf, devicesOf } from '../../conf/device-definition.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { json } from '../command-fragment.ts';
import { type AddressNeed, type DeviceModule, type DomainSurroundings, pciNeed, pciRank } from '../device-module.ts';

const inputCodec = object({
  type: attribute('type', oneOf(['mouse', 'tablet', 'keyboard'])),
  bus: optional(attribute('bus', oneOf(['ps2', 'usb', 'virtio']))),
  ...deviceFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    input: Infer<typeof inputCodec>;
  }
}

type Input = DeviceOf<'input'>;

const usbDrivers = { mouse: 'usb-mouse', tablet: 'usb-tablet', keyboard: 'usb-kbd' } as const;
const virtioDrivers = { mouse: 'virtio-mouse-pci', tablet: 'virtio-tablet-pci', keyboard: 'virtio-keyboard-pci' } as const;

export const inputModule: DeviceModule<'input'> = {
  kind: 'input',
  codec: inputCodec,
  defaults: (input, { machine }) => ({ ...input, bus: input.bus ?? (input.type === 'tablet' || machine === 'other' ? 'usb' : 'ps2') }),
  domainDefaults: boardInputs,
  validate: validateInput,
  address(input): AddressNeed {
    if (input.bus === 'usb') return { type: 'usb' };
    return input.bus === 'virtio' ? pciNeed(pciRank.input, 'either') : { type: 'none' };
  },
  alias: (_, number) => number('input'),
  abi: { type: 'same', bus: 'same', alias: 'may-change', address: 'same' },
  prepare: 'nothing',
  commandLine(input, launch) {
    const driver = driverOf(input);
    return driver === null ? [] : [json('device', { driver, id: aliasOf(input), ...addressProperties(input.address, launch) })];
  },
  boots: () => 'none',
  hostNeeds: 'none',
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: (input) => `${input.bus} ${input.type}`,
};

/** Null for what sits on a PC's board anyway. */
function driverOf(input: Input): string | null {
  if (input.bus === 'usb') return usbDrivers[input.type];
  return input.bus === 'virtio' ? virtioDrivers[input.type] : null;
}

/** A PC has a PS/2 mouse and keyboard; they are written down once somebody can see the screen. */
function boardInputs({ definition, machine }: DomainSurroundings): readonly Input[] {
  if (machine === 'other' || devicesOf(definition.devices, 'graphics').length === 0) return [];
  const present = devicesOf(definition.devices, 'input').filter((input) => input.bus === 'ps2').map((input) => input.type);
  const missing = (['mouse', 'keyboard'] as const).filter((type) => !present.includes(type));
  return missing.map((type) => ({ kind: 'input', type, bus: 'ps2', alias: null, address: null }));
}

function validateInput(input: Input, { machine, capabilities }: DomainSurroundings): void {
  const refuse = (text: string): never => {
    throw new VireoError('CONFIG_UNSUPPORTED', `input ${input.type}: ${text}`);
  };
  if (input.bus === 'ps2' && input.type === 'tablet') refuse('there is no PS/2 tablet; use usb or virtio');
  if (input.bus === 'ps2' && machine === 'other') refuse('this machine has no PS/2 controller; use usb or virtio');
  const driver = driverOf(input);
  if (driver !== null && !capabilities.deviceTypes.has(driver)) refuse(`this QEMU has no ${driver}`);
}
