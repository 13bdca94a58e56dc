/**
 * `<input>`: keyboards, mice and tablets, and the host's own devices handed through. A tablet reports absolute
 * positions, so that a display needs no grab.
 */
import { VireoError } from '../../base/errors.ts';
import { attribute, child, type Infer, object, optional } from '../../conf/codec/codec.ts';
import { oneOf, onOff, someText } from '../../conf/codec/scalar.ts';
import { type DeviceOf, devicesOf } from '../../conf/device-definition.ts';
import { section } from '../../conf/codec/shorthands.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { type CommandFragment, json, withoutNulls } from '../command-fragment.ts';
import { type AddressNeed, type DeviceModule, type DomainSurroundings, type HostNeed, pciRank, virtioNeed } from '../device-module.ts';
import type { DeviceLaunch } from '../launch-context.ts';
import { acpiProperties, pciFields } from '../pci-fields.ts';
import { requireDeviceType, requireObjectType } from '../require-device-type.ts';
import { virtioDriver, virtioFields, virtioProperties } from '../virtio/virtio-device.ts';

const grabToggles = ['ctrl-ctrl', 'alt-alt', 'shift-shift', 'meta-meta', 'scrolllock', 'ctrl-scrolllock'] as const;

const inputCodec = object({
  type: attribute('type', oneOf(['mouse', 'tablet', 'keyboard', 'passthrough', 'evdev'])),
  bus: optional(attribute('bus', oneOf(['ps2', 'usb', 'xen', 'virtio']))),
  model: optional(attribute('model', oneOf(['virtio', 'virtio-transitional', 'virtio-non-transitional']))),
  driver: section('driver', virtioFields),
  /** A device of the host: `dev` for evdev, whose events QEMU reads; `evdev` for passthrough, which the guest sees as it is. */
  source: optional(child('source', object({
    dev: optional(attribute('dev', someText)),
    evdev: optional(attribute('evdev', someText)),
    grab: optional(attribute('grab', oneOf(['all']))),
    grabToggle: optional(attribute('grabToggle', oneOf(grabToggles))),
    repeat: optional(attribute('repeat', onOff)),
  }))),
  ...pciFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    input: Infer<typeof inputCodec>;
  }
}

type Input = DeviceOf<'input'>;

const usbDrivers = { mouse: 'usb-mouse', tablet: 'usb-tablet', keyboard: 'usb-kbd' } as const;
const virtioNames = { mouse: 'virtio-mouse', tablet: 'virtio-tablet', keyboard: 'virtio-keyboard', passthrough: 'virtio-input-host' } as const;

export const inputModule: DeviceModule<'input'> = {
  kind: 'input',
  codec: inputCodec,
  defaults: (input, { board }) => ({ ...input, bus: input.bus ?? usualBus(input.type, board.inputBus) }),
  domainDefaults: boardInputs,
  validate: validateInput,
  address(input): AddressNeed {
    if (input.bus === 'usb') return { type: 'usb' };
    return input.bus === 'virtio' ? virtioNeed(pciRank.input) : { type: 'none' };
  },
  alias: (_, number) => number('input'),
  abi: { type: 'same', bus: 'same', model: 'same', driver: 'same', source: 'may-change', alias: 'may-change', acpi: 'same', address: 'same' },
  prepare: 'nothing',
  commandLine,
  boots: () => 'none',
  hostNeeds(input): readonly HostNeed[] {
    const path = hostDevice(input);
    return path === null ? [] : [{ type: 'path', path, access: 'read-write', why: `<input type='${input.type}'>` }];
  },
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: ({ bus, type }) => (bus === null ? type : `${bus} ${type}`),
};

/** Null for evdev, which is on no bus of the guest: its events go to whatever keyboard and mouse there are. */
function usualBus(type: Input['type'], boardBus: 'ps2' | 'usb' | 'virtio'): Input['bus'] {
  if (type === 'evdev') return null;
  if (type === 'passthrough') return 'virtio';
  return type === 'tablet' && boardBus === 'ps2' ? 'usb' : boardBus;
}

/** A PC has a PS/2 mouse and keyboard; they are written down once somebody can see the screen. */
function boardInputs({ definition, board }: DomainSurroundings): readonly Input[] {
  if (devicesOf(definition.devices, 'graphics').length === 0) return [];
  const present = devicesOf(definition.devices, 'input');
  if (board.hasPs2 && definition.features.ps2 !== false) {
    const missing = (['mouse', 'keyboard'] as const).filter((type) => !present.some((input) => input.bus === 'ps2' && input.type === type));
    return missing.map((type) => impliedInput(type, 'ps2'));
  }
  if (!board.impliesUsbInput) return [];
  const missing = (['keyboard', 'mouse'] as const).filter((type) => !present.some((input) => input.bus === 'usb' && (input.type === type || (type === 'mouse' && input.type === 'tablet'))));
  return missing.map((type) => impliedInput(type, 'usb'));
}

function impliedInput(type: Input['type'], bus: Input['bus']): Input {
  return { kind: 'input', type, bus, model: null, driver: null, source: null, alias: null, acpi: null, address: null };
}

function hostDevice({ type, source }: Input): string | null {
  return type === 'passthrough' ? (source?.evdev ?? null) : type === 'evdev' ? (source?.dev ?? null) : null;
}

function validateInput(input: Input, domain: DomainSurroundings): void {
  const { type, bus, model, source } = input;
  const refuse = (code: 'XML_ERROR' | 'CONFIG_UNSUPPORTED', text: string): never => {
    throw new VireoError(code, `input ${type}: ${text}`);
  };
  const isOfHost = type === 'passthrough' || type === 'evdev';
  if (isOfHost && hostDevice(input) === null) refuse('XML_ERROR', `it needs <source ${type === 'evdev' ? 'dev' : 'evdev'}='...'> with the path of a device of the host`);
  if (!isOfHost && source) refuse('CONFIG_UNSUPPORTED', "<source> is for the types 'passthrough' and 'evdev'");
  if (type === 'passthrough' && bus !== 'virtio') refuse('CONFIG_UNSUPPORTED', `bus '${bus}' cannot carry a device of the host; use virtio`);
  if (type === 'evdev' && bus !== null) refuse('CONFIG_UNSUPPORTED', `it is on no bus of the guest and takes no bus '${bus}'`);
  if (bus === 'xen') refuse('CONFIG_UNSUPPORTED', "bus 'xen' belongs to another hypervisor; use ps2, usb or virtio");
  if (bus === 'ps2' && type === 'tablet') refuse('CONFIG_UNSUPPORTED', "there is no tablet for bus 'ps2'; use usb or virtio");
  if (bus === 'ps2' && !domain.board.hasPs2) refuse('CONFIG_UNSUPPORTED', "this machine has no controller for bus 'ps2'; use usb or virtio");
  if (bus === 'ps2' && domain.definition.features.ps2 === false) refuse('CONFIG_UNSUPPORTED', "bus 'ps2' is switched off by <ps2 state='off'/> in <features>");
  if (model !== null && bus !== 'virtio') refuse('CONFIG_UNSUPPORTED', `model '${model}' is for bus 'virtio' only`);
  if (model !== null && model !== 'virtio') refuse('CONFIG_UNSUPPORTED', `QEMU has no model '${model}' of input devices; use virtio`);
  if (input.driver && bus !== 'virtio') refuse('CONFIG_UNSUPPORTED', `the options of <driver> are for bus 'virtio' only`);
  if (type === 'evdev') return requireObjectType(domain.capabilities, 'input-linux', "input of type 'evdev'");
  const driver = driverOf(input);
  if (driver !== null) requireDeviceType(domain.capabilities, driver, `input ${type} on bus '${bus}'`);
}

/** Null for what sits on a PC's board anyway, and for what is no device of the guest. */
function driverOf({ type, bus, address }: Input): string | null {
  if (type === 'evdev') return null;
  if (bus === 'usb') return type === 'passthrough' ? null : usbDrivers[type];
  return bus === 'virtio' ? virtioDriver(virtioNames[type], address) : null;
}

function commandLine(input: Input, launch: DeviceLaunch): readonly CommandFragment[] {
  const id = aliasOf(input);
  const { source } = input;
  if (input.type === 'evdev') {
    const events = { 'qom-type': 'input-linux', id, evdev: source?.dev ?? null, repeat: source?.repeat ?? null, grab_all: source?.grab === 'all' ? true : null, 'grab-toggle': source?.grabToggle ?? null };
    return [json('object', withoutNulls(events))];
  }
  const driver = driverOf(input);
  if (driver === null) return [];
  return [json('device', withoutNulls({ driver, ...virtioProperties(input.driver), id, evdev: source?.evdev ?? null, ...addressProperties(input.address, launch), ...acpiProperties(input.acpi) }))];
}
