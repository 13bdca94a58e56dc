/** `<pstore>`: a store that outlives a crash of the guest, where its kernel leaves its last words (ACPI ERST). */
import { VireoError } from '../../base/errors.ts';
import { attribute, child, childText, type Infer, object, optional } from '../../conf/codec/codec.ts';
import { oneOf, someText } from '../../conf/codec/scalar.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import { memorySize } from '../../conf/memory-size.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { json } from '../command-fragment.ts';
import { type DeviceModule, pciNeed, pciRank } from '../device-module.ts';
import { domainFolderOf } from '../launch-context.ts';
import { acpiProperties, pciFields } from '../pci-fields.ts';
import { requireDeviceType } from '../require-device-type.ts';

const pstoreCodec = object({
  backend: attribute('backend', oneOf(['acpi-erst'])),
  /** Null for a file in the domain's own folder. */
  path: optional(childText('path', someText)),
  sizeKiB: child('size', memorySize),
  ...pciFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    pstore: Infer<typeof pstoreCodec>;
  }
}

const smallestKiB = 4;

export const pstoreModule: DeviceModule<'pstore'> = {
  kind: 'pstore',
  codec: pstoreCodec,
  defaults: (pstore) => pstore,
  domainDefaults: 'none',
  validate({ backend, sizeKiB, address }, { definition, capabilities }) {
    if (devicesOf(definition.devices, 'pstore').length > 1) throw new VireoError('XML_ERROR', 'pstore: a domain has one at most');
    if (sizeKiB < smallestKiB || !Number.isInteger(Math.log2(sizeKiB))) {
      throw new VireoError('XML_ERROR', `pstore: size ${sizeKiB} KiB is not a power of 2 of at least ${smallestKiB} KiB`);
    }
    if (address && address.type !== 'pci') throw new VireoError('CONFIG_UNSUPPORTED', `pstore: its address is of type 'pci', not '${address.type}'`);
    requireDeviceType(capabilities, backend, `pstore backend '${backend}'`);
  },
  address: () => pciNeed(pciRank.pstore, 'conventional'),
  alias: (_, number) => number('pstore'),
  abi: { backend: 'same', path: 'may-change', sizeKiB: 'same', alias: 'may-change', acpi: 'same', address: 'same' },
  prepare: (pstore, launch) => ({ ...pstore, path: pstore.path ?? `${domainFolderOf(launch)}/pstore.raw` }),
  commandLine(pstore, launch) {
    const id = aliasOf(pstore);
    const path = pstore.path ?? `${domainFolderOf(launch)}/pstore.raw`;
    return [
      json('object', { 'qom-type': 'memory-backend-file', id: `mem${id}`, 'mem-path': path, size: pstore.sizeKiB * 1024, share: true }),
      json('device', { driver: pstore.backend, id, memdev: `mem${id}`, ...addressProperties(pstore.address, launch), ...acpiProperties(pstore.acpi) }),
    ];
  },
  boots: () => 'none',
  hostNeeds: 'none',
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: () => 'persistent store for crash messages',
};
