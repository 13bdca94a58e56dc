/** `<parallel>`: a printer port of a PC. */
import { VireoError } from '../../base/errors.ts';
import { attribute, child, type Infer, object, optional } from '../../conf/codec/codec.ts';
import { oneOf, unsigned } from '../../conf/codec/scalar.ts';
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

const parallelCodec = object({
  ...characterFields,
  target: optional(child('target', object({ type: optional(attribute('type', oneOf(['isa-parallel']))), port: optional(attribute('port', unsigned)) }))),
  ...pciFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    parallel: Infer<typeof parallelCodec>;
  }
}

type Parallel = DeviceOf<'parallel'>;

/** QEMU 7.2: `isa-parallel: Max. supported number of parallel ports is 3`. */
const maximumPorts = 3;

export const parallelModule: DeviceModule<'parallel'> = {
  kind: 'parallel',
  codec: parallelCodec,
  defaults: (parallel, { definition }) => ({ ...parallel, target: { type: parallel.target?.type ?? null, port: parallel.target?.port ?? nextPort(parallel, devicesOf(definition.devices, 'parallel')) } }),
  domainDefaults: 'none',
  validate: validateParallel,
  address: (parallel) => (parallel.address ? { type: 'isa' } : { type: 'none' }),
  alias: (_, number) => number('parallel'),
  abi: { backend: 'may-change', log: 'may-change', target: 'same', alias: 'may-change', acpi: 'same', address: 'same' },
  prepare: (parallel, launch) => prepareCharacter(parallel, launch, true),
  commandLine(parallel, launch) {
    const id = aliasOf(parallel);
    return [...chardevFragments(parallel, id, launch, 'parallel'), json('device', { driver: 'isa-parallel', chardev: chardevId(id), id, ...addressProperties(parallel.address, launch) })];
  },
  boots: () => 'none',
  hostNeeds: characterNeeds,
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: liveCharacter,
  label: (parallel) => `parallel port ${parallel.target?.port ?? ''}`.trim(),
};

/** One more than the highest so far, as libvirt counts. */
function nextPort(parallel: Parallel, all: readonly Parallel[]): number {
  const highest = Math.max(-1, ...all.map(({ target }) => target?.port ?? -1));
  const unnumbered = all.filter(({ target }) => (target?.port ?? null) === null);
  return highest + 1 + Math.max(0, unnumbered.indexOf(parallel));
}

function validateParallel(parallel: Parallel, domain: DomainSurroundings): void {
  const name = `parallel port ${parallel.target?.port ?? 0}`;
  validateCharacter(parallel, name, domain);
  const { arch, machine } = domain.definition.os.type;
  if (!domain.board.hasIsa) throw new VireoError('CONFIG_UNSUPPORTED', `${name}: the machine '${machine}' of arch '${arch}' has no parallel ports`);
  const ports = devicesOf(domain.definition.devices, 'parallel').length;
  if (ports > maximumPorts) throw new VireoError('CONFIG_UNSUPPORTED', `${ports} <parallel> devices: QEMU has at most ${maximumPorts} parallel ports`);
  requireDeviceType(domain.capabilities, 'isa-parallel', name);
}
