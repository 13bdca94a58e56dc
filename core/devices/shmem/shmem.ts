/**
 * `<shmem>`: memory that several guests see, as a PCI device. A plain one is a file in /dev/shm under the device's
 * name; a doorbell one gets memory and interrupts from a server that somebody runs (ivshmem-server).
 */
import { VireoError } from '../../base/errors.ts';
import { attribute, child, type Codec, type Infer, object, optional, withDefault } from '../../conf/codec/codec.ts';
import { oneOf, onOff, pattern, someText, unsigned } from '../../conf/codec/scalar.ts';
import type { DeviceOf } from '../../conf/device-definition.ts';
import { sizeText } from '../../conf/memory-size.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { type CommandFragment, json, keyed, withoutNulls } from '../command-fragment.ts';
import { type DeviceModule, type DomainSurroundings, type HostNeed, pciNeed, pciRank } from '../device-module.ts';
import type { DeviceLaunch } from '../launch-context.ts';
import { acpiProperties, pciFields } from '../pci-fields.ts';
import { requireDeviceType } from '../require-device-type.ts';

const mebibyte = 2 ** 20;

/** In bytes; written in MiB as libvirt does, which takes bytes where no unit is named. */
const sizeBytes: Codec<number> = (() => {
  const exact = sizeText({ unit: 'bytes', spelling: 'B' });
  return {
    ...exact,
    write(size, builder) {
      if (size % mebibyte !== 0) return exact.write(size, builder);
      builder.attribute('unit', 'M');
      builder.text(String(size / mebibyte));
    },
  };
})();

const shmemCodec = object({
  name: attribute('name', pattern(/^[^/]{1,255}$/, "a text without '/'")),
  role: optional(attribute('role', oneOf(['master', 'peer']))),
  model: withDefault(child('model', attribute('type', oneOf(['ivshmem', 'ivshmem-plain', 'ivshmem-doorbell']))), 'ivshmem'),
  sizeBytes: optional(child('size', sizeBytes)),
  server: optional(child('server', object({ path: optional(attribute('path', someText)) }))),
  msi: optional(child('msi', object({ vectors: optional(attribute('vectors', unsigned)), ioeventfd: optional(attribute('ioeventfd', onOff)) }))),
  ...pciFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    shmem: Infer<typeof shmemCodec>;
  }
}

type Shmem = DeviceOf<'shmem'>;

export const shmemModule: DeviceModule<'shmem'> = {
  kind: 'shmem',
  codec: shmemCodec,
  defaults,
  domainDefaults: 'none',
  validate,
  address: () => pciNeed(pciRank.shmem, 'conventional'),
  alias: (_, number) => number('shmem'),
  abi: { name: 'same', role: 'same', model: 'same', sizeBytes: 'same', server: { path: 'may-change' }, msi: 'same', alias: 'may-change', acpi: 'same', address: 'same' },
  prepare: (shmem) => (shmem.server ? { ...shmem, server: { path: socketPath(shmem) } } : shmem),
  commandLine,
  boots: () => 'none',
  hostNeeds: (shmem): readonly HostNeed[] =>
    shmem.server
      ? [{ type: 'path', path: socketPath(shmem), access: 'read-write', why: `the ivshmem server of shmem '${shmem.name}'` }]
      : [{ type: 'path', path: '/dev/shm', access: 'read-write', why: `the memory of shmem '${shmem.name}'` }],
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: ({ name }) => `shared memory ${name}`,
};

/** Where libvirt and the tools around it look for a server that has no path of its own. */
function socketPath({ name, server }: Shmem): string {
  return server?.path ?? `/var/lib/libvirt/shmem-${name}-sock`;
}

function defaults(shmem: Shmem): Shmem {
  if (shmem.model !== 'ivshmem-doorbell') return { ...shmem, sizeBytes: shmem.sizeBytes ?? 4 * mebibyte };
  return { ...shmem, msi: { vectors: shmem.msi?.vectors ?? null, ioeventfd: shmem.msi?.ioeventfd ?? true } };
}

function validate(shmem: Shmem, { capabilities }: DomainSurroundings): void {
  const { name, model, sizeBytes: size, server, msi, address } = shmem;
  const refuse = (text: string): never => {
    throw new VireoError('CONFIG_UNSUPPORTED', `shmem '${name}': ${text}`);
  };
  if (name === '.' || name === '..') refuse('this name is not the name of a file');
  if (model === 'ivshmem') refuse("model 'ivshmem' is gone from QEMU; use ivshmem-plain or ivshmem-doorbell");
  if (size !== null && (size < mebibyte || !Number.isInteger(Math.log2(size)))) {
    throw new VireoError('XML_ERROR', `shmem '${name}': size ${size} is not a power of 2 of at least 1 MiB`);
  }
  if (model === 'ivshmem-doorbell') {
    if (!server) refuse("model 'ivshmem-doorbell' needs a server");
    if (size !== null) refuse("model 'ivshmem-doorbell' takes no size: its server decides");
  } else {
    if (server) refuse(`model '${model}' takes no server`);
    if (msi) refuse(`model '${model}' takes no msi`);
  }
  if (address && address.type !== 'pci') refuse(`its address is of type 'pci', not '${address.type}'`);
  requireDeviceType(capabilities, model, `shmem '${name}', model '${model}'`);
}

function commandLine(shmem: Shmem, launch: DeviceLaunch): readonly CommandFragment[] {
  const { model, role, msi, name, sizeBytes: size } = shmem;
  const id = aliasOf(shmem);
  const device = json('device', withoutNulls({
    driver: model,
    id,
    ...(shmem.server ? { chardev: `char${id}` } : { memdev: `shmmem-${id}`, master: role === null ? null : role === 'master' ? 'on' : 'off' }),
    vectors: msi?.vectors ?? null,
    ioeventfd: msi?.ioeventfd ?? null,
    ...addressProperties(shmem.address, launch),
    ...acpiProperties(shmem.acpi),
  }));
  if (shmem.server) return [keyed('chardev', 'socket', { id: `char${id}`, path: socketPath(shmem) }), device];
  return [json('object', { 'qom-type': 'memory-backend-file', id: `shmmem-${id}`, 'mem-path': `/dev/shm/${name}`, size: size ?? 4 * mebibyte, share: true }), device];
}
