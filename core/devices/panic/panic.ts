/**
 * `<panic>`: how a guest tells that its kernel has crashed. Some machines have it in their firmware or CPU: there the
 * element says that the driver listens, and adds no device.
 */
import { VireoError } from '../../base/errors.ts';
import { attribute, type Infer, object, optional } from '../../conf/codec/codec.ts';
import { oneOf } from '../../conf/codec/scalar.ts';
import { deviceFields } from '../../conf/device-address.ts';
import { devicesOf, type DeviceOf } from '../../conf/device-definition.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { json, withoutNulls } from '../command-fragment.ts';
import { type DeviceModule, type DomainSurroundings, pciNeed, pciRank } from '../device-module.ts';
import { requireDeviceType } from '../require-device-type.ts';

const panicCodec = object({
  model: optional(attribute('model', oneOf(['isa', 'pseries', 'hyperv', 's390', 'pvpanic']))),
  ...deviceFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    panic: Infer<typeof panicCodec>;
  }
}

type Panic = DeviceOf<'panic'>;

export const panicModule: DeviceModule<'panic'> = {
  kind: 'panic',
  codec: panicCodec,
  defaults: (panic, { board }) => (panic.model === null ? { ...panic, model: board.panicModel } : panic),
  domainDefaults({ definition, board }) {
    const present = devicesOf(definition.devices, 'panic');
    if (!board.impliesPanic || present.some(({ model }) => model === null || model === board.panicModel)) return [];
    return [{ kind: 'panic', model: board.panicModel, alias: null, address: null }];
  },
  validate,
  // The port that an ISA device listens on by itself needs no place that somebody gives out.
  address: ({ model }) => (model === 'pvpanic' ? pciNeed(pciRank.panic, 'conventional', { integrated: true }) : { type: 'none' }),
  alias: (_, number) => number('panic'),
  abi: { model: 'same', alias: 'may-change', address: 'same' },
  prepare: 'nothing',
  commandLine(panic, launch) {
    if (panic.model === 'pvpanic') return [json('device', { driver: 'pvpanic-pci', id: aliasOf(panic), ...addressProperties(panic.address, launch) })];
    if (panic.model !== 'isa') return [];
    const ioport = panic.address?.type === 'isa' ? panic.address.iobase : null;
    return [json('device', withoutNulls({ driver: 'pvpanic', id: aliasOf(panic), ioport }))];
  },
  boots: () => 'none',
  hostNeeds: 'none',
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: ({ model }) => `panic notifier${model === null ? '' : ` (${model})`}`,
};

function validate(panic: Panic, { definition, capabilities, board }: DomainSurroundings): void {
  const { model, address } = panic;
  const arch = definition.os.type.arch ?? 'x86_64';
  if (model === null) throw new VireoError('CONFIG_UNSUPPORTED', `panic: it names no model, and machine '${definition.os.type.machine}' has none by itself`);
  const refuse = (text: string): never => {
    throw new VireoError('CONFIG_UNSUPPORTED', `panic model '${model}': ${text}`);
  };
  if (devicesOf(definition.devices, 'panic').filter((other) => other.model === model).length > 1) {
    throw new VireoError('XML_ERROR', `panic model '${model}': a domain has one panic device of a model at most`);
  }
  const allowed = { isa: 'isa', pvpanic: 'pci', pseries: null, hyperv: null, s390: null }[model];
  if (address && address.type !== allowed) refuse(allowed === null ? 'it is no device and takes no address' : `its address is of type '${allowed}', not '${address.type}'`);
  if (model === 'pseries' && board.name !== 'pseries') refuse('only pSeries machines have it');
  if (model === 's390' && !arch.startsWith('s390')) refuse('it exists on s390x only');
  if (model === 'hyperv' && arch !== 'x86_64' && arch !== 'i686') refuse('it exists on x86 only');
  if (model === 'isa' && !board.hasIsa) refuse('this machine has no ISA bus');
  if (model === 'isa') requireDeviceType(capabilities, 'pvpanic', "panic model 'isa'");
  if (model === 'pvpanic') requireDeviceType(capabilities, 'pvpanic-pci', "panic model 'pvpanic'");
}
