/**
 * `<watchdog>`: a timer that does something about a guest that stops feeding it. QEMU has one action for all watchdogs
 * of a machine, which is why they may not differ. A q35 board has one that is always there (`itco`); it is written
 * down so that everybody sees it.
 */
import { VireoError } from '../../base/errors.ts';
import { attribute, type Infer, object, withDefault } from '../../conf/codec/codec.ts';
import { oneOf } from '../../conf/codec/scalar.ts';
import { devicesOf, type DeviceOf } from '../../conf/device-definition.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { type CommandFragment, json, plain } from '../command-fragment.ts';
import { type DeviceModule, type DomainSurroundings, pciNeed, pciRank } from '../device-module.ts';
import type { DeviceLaunch } from '../launch-context.ts';
import { acpiProperties, pciFields } from '../pci-fields.ts';
import { requireDeviceType } from '../require-device-type.ts';

const watchdogCodec = object({
  model: attribute('model', oneOf(['i6300esb', 'ib700', 'diag288', 'itco'])),
  action: withDefault(attribute('action', oneOf(['reset', 'shutdown', 'poweroff', 'pause', 'none', 'dump', 'inject-nmi'])), 'reset'),
  ...pciFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    watchdog: Infer<typeof watchdogCodec>;
  }
}

type Watchdog = DeviceOf<'watchdog'>;

export const watchdogModule: DeviceModule<'watchdog'> = {
  kind: 'watchdog',
  codec: watchdogCodec,
  defaults: (watchdog) => watchdog,
  domainDefaults({ definition, board }) {
    const present = devicesOf(definition.devices, 'watchdog');
    if (!board.hasTcoWatchdog || present.some(({ model }) => model === 'itco')) return [];
    return [{ kind: 'watchdog', model: 'itco', action: present[0]?.action ?? 'reset', alias: null, acpi: null, address: null }];
  },
  validate,
  address: ({ model }) => (model === 'i6300esb' ? pciNeed(pciRank.watchdog, 'conventional') : { type: 'none' }),
  alias: (_, number) => number('watchdog'),
  abi: { model: 'same', action: 'may-change', alias: 'may-change', acpi: 'same', address: 'same' },
  prepare: 'nothing',
  commandLine,
  boots: () => 'none',
  hostNeeds: 'none',
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: ({ model, action }) => `${model} watchdog, ${action}`,
};

function commandLine(watchdog: Watchdog, launch: DeviceLaunch): readonly CommandFragment[] {
  const { model, action, address } = watchdog;
  const device =
    model === 'itco'
      ? // The chip resets the machine only where a pin of the board was not strapped against it.
        plain('global', 'ICH9-LPC.noreboot=off')
      : json('device', { driver: model, id: aliasOf(watchdog), ...addressProperties(address, launch), ...acpiProperties(watchdog.acpi) });
  const isLast = devicesOf(launch.definition.devices, 'watchdog').at(-1)?.alias === watchdog.alias;
  // QEMU takes no dumps: it stops the guest, and the dump is the driver's.
  return isLast ? [device, plain('watchdog-action', action === 'dump' ? 'pause' : action)] : [device];
}

function validate(watchdog: Watchdog, { definition, capabilities, board }: DomainSurroundings): void {
  const { model, action, address } = watchdog;
  const refuse = (text: string): never => {
    throw new VireoError('CONFIG_UNSUPPORTED', `watchdog model '${model}': ${text}`);
  };
  const all = devicesOf(definition.devices, 'watchdog');
  const other = all.find((candidate) => candidate.action !== action);
  if (other) refuse(`action '${action}' differs from action '${other.action}' of watchdog model '${other.model}'; QEMU has one action for all`);
  if (model !== 'i6300esb' && all.filter((candidate) => candidate.model === model).length > 1) refuse('a domain has one watchdog of this model at most');
  if (model === 'i6300esb' ? address !== null && address.type !== 'pci' : address !== null) {
    refuse(model === 'i6300esb' ? `it sits on PCI and takes no address of type '${address?.type}'` : 'it is on no bus and takes no address');
  }
  if (model === 'ib700' && board.name !== 'i440fx') refuse('only machines of type pc (i440fx) have a place for it');
  if (model === 'diag288' && !(definition.os.type.arch ?? '').startsWith('s390')) refuse('it exists on s390x only');
  if (model === 'itco' && !board.hasTcoWatchdog) refuse('it is part of q35 machines and of no other');
  if (model !== 'itco') requireDeviceType(capabilities, model, `watchdog model '${model}'`);
}
