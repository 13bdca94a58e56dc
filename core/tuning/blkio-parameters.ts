/** How much of the host's disks a guest may have: a weight, and weights and limits for single block devices. */
import { VireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { Domain } from '../domain/domain.ts';
import type { Call } from '../job/call.ts';
import { type Affected, changeTuning, chosenTuning, type TuningContext } from './affected.ts';
import { blkioValues } from './group-values.ts';
import { numbersOfDevices, readGroupFile, requireGroup, writeValues } from './write-groups.ts';

type Blkiotune = NonNullable<DomainDefinition['blkiotune']>;
type Device = Blkiotune['devices'][number];

/** libvirt's names with the definition's fields, in the order in which virsh shows them. */
export const blkioFields = {
  device_weight: 'weight', device_read_iops_sec: 'readOperations', device_write_iops_sec: 'writeOperations', device_read_bytes_sec: 'readBytes', device_write_bytes_sec: 'writeBytes',
} as const;
export type BlkioParameter = keyof typeof blkioFields;

const names = Object.keys(blkioFields) as readonly BlkioParameter[];

export interface DeviceValue {
  readonly path: string;
  /** 0 takes the device's away. */
  readonly value: number;
}

export type BlkioParameters = Readonly<Partial<Record<BlkioParameter, readonly DeviceValue[] | undefined>>> & { readonly weight?: number | undefined };

/** Devices that are not named keep theirs. @throws INVALID_ARG, CONFIG_UNSUPPORTED for what is no block device, OPERATION_INVALID. */
export async function setBlkioParameters(context: TuningContext, call: Call, domain: Domain, affected: Affected, parameters: BlkioParameters): Promise<void> {
  const { weight } = parameters;
  if (weight !== undefined && weight !== 0 && (weight < 10 || weight > 1000)) throw new VireoError('INVALID_ARG', 'out of blkio weight range: 10 to 1000');
  const numbers = await numbersOfDevices([...new Set(names.flatMap((name) => (parameters[name] ?? []).map(({ path }) => path)))]);
  await changeTuning(context, call, domain, affected, {
    define: (definition) => ({ ...definition, blkiotune: merged(definition.blkiotune ?? { weight: null, devices: [] }, parameters) }),
    async apply(live) {
      const { version } = requireGroup(live.controlGroups, 'blkio');
      // What was said now, a limit of 0 among it, and not what stood before.
      const said = merged({ weight: null, devices: [] }, parameters, true);
      await writeValues(live.controlGroups, blkioValues(version, said, numbers));
    },
  });
}

export interface BlkioAnswer extends Readonly<Record<BlkioParameter, readonly DeviceValue[]>> {
  readonly weight: number;
}

/** @throws OPERATION_INVALID. */
export async function blkioParameters(domain: Domain, affected: Affected): Promise<BlkioAnswer> {
  const { live, definition } = chosenTuning(domain, affected);
  if (live) requireGroup(live.controlGroups, 'blkio');
  const measured = live ? await readGroupFile(live.controlGroups, 'blkio', ['blkio.bfq.weight', 'blkio.weight', 'io.bfq.weight', 'io.weight']) : null;
  const weight = definition.blkiotune?.weight ?? Number(/(\d+)/.exec(measured ?? '')?.[1] ?? 0);
  const devices = definition.blkiotune?.devices ?? [];
  const of = (field: (typeof blkioFields)[BlkioParameter]): readonly DeviceValue[] => devices.flatMap(({ path, [field]: value }) => (value === null || value === 0 ? [] : [{ path, value }]));
  return {
    weight,
    device_weight: of('weight'), device_read_iops_sec: of('readOperations'), device_write_iops_sec: of('writeOperations'), device_read_bytes_sec: of('readBytes'), device_write_bytes_sec: of('writeBytes'),
  };
}

/** `keepZero` for the kernel, to which 0 says that there is no limit any more; a definition just does not name it. */
function merged({ weight, devices }: Blkiotune, parameters: BlkioParameters, keepZero = false): Blkiotune {
  const byPath = new Map(devices.map((device) => [device.path, device]));
  for (const name of names) {
    for (const { path, value } of parameters[name] ?? []) {
      const device: Device = byPath.get(path) ?? { path, weight: null, readOperations: null, writeOperations: null, readBytes: null, writeBytes: null };
      byPath.set(path, { ...device, [blkioFields[name]]: value === 0 && !keepZero ? null : value });
    }
  }
  const named = [...byPath.values()].filter((device) => Object.values(device).some((value) => typeof value === 'number'));
  return { weight: parameters.weight === undefined ? weight : parameters.weight === 0 ? null : parameters.weight, devices: named };
}
