/**
 * What only the files themselves can tell, asked just before a run: which images lie below which, so that QEMU is told
 * and never guesses, and which media are missing that may be (`startupPolicy`).
 */
import { VireoError, asVireoError } from '../../base/errors.ts';
import { abortable } from '../../base/lifetime.ts';
import type { DeviceDefinition } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { type ChainOptions, detectChain } from './detect-chain.ts';
import type { Disk } from './disk-definition.ts';

export interface LookOptions extends ChainOptions {
  /** The guest begins anew; false where it goes on with a state that knows its disks. */
  readonly coldBoot: boolean;
  /** When the storage has had its time; the disks that were not looked at by then are named. */
  readonly deadline: AbortSignal;
}

/** A drive whose medium, or a disk that, is left out of the run because its image is missing. */
export interface DroppedSource {
  readonly dev: string;
  readonly source: string;
  /** libvirt's words: the drive is empty now (`changed`), or the disk is not there at all (`dropped`). */
  readonly what: 'changed' | 'dropped';
}

export interface LookedAt {
  readonly definition: DomainDefinition;
  readonly dropped: readonly DroppedSource[];
  /** The format of an image was guessed. */
  readonly probed: boolean;
}

/** @throws OPERATION_FAILED, OPERATION_INVALID with everything that is wrong with the images of all disks. */
export async function lookAtImages(definition: DomainDefinition, options: LookOptions): Promise<LookedAt> {
  const dropped: DroppedSource[] = [];
  const problems: VireoError[] = [];
  let probed = false;
  const look = async (device: DeviceDefinition): Promise<readonly DeviceDefinition[]> => {
    if (device.kind !== 'disk') return [device];
    try {
      options.deadline.throwIfAborted(); // before another file is asked
      const found = await abortable(detectChain(device, options), options.deadline);
      probed ||= found.probed;
      return [found.disk];
    } catch (thrown) {
      const error = options.deadline.aborted && thrown === options.deadline.reason ? unanswered(device) : asVireoError(thrown);
      const { absent } = error.details;
      if (typeof absent !== 'string' || !mayDrop(device, options.coldBoot)) problems.push(error);
      else return drop(device, absent, dropped);
      return [];
    }
  };
  const devices: DeviceDefinition[] = [];
  // One after the other: what hangs keeps one of the few threads that all files of the driver share, and not all of them.
  for (const device of definition.devices) devices.push(...(await look(device)));
  if (problems.length > 0) throw oneError(problems);
  return { definition: { ...definition, devices }, dropped, probed };
}

function unanswered({ target: { dev } }: Disk): VireoError {
  return new VireoError('OPERATION_TIMEOUT', `disk '${dev}': the storage of its images does not answer`, { details: { disk: dev } });
}

/** As libvirt: a guest that goes on has to find the disks it knew, and a requisite medium may go missing only then. */
function mayDrop({ device, backend: { source } }: Disk, coldBoot: boolean): boolean {
  const policy = source && 'startupPolicy' in source ? source.startupPolicy : null;
  const isDrive = device === 'cdrom' || device === 'floppy';
  if (policy === 'requisite') return !coldBoot && isDrive;
  return policy === 'optional' && (coldBoot || isDrive);
}

/** A drive is empty for this run, a disk is not there at all. */
function drop(disk: Disk, absent: string, dropped: DroppedSource[]): readonly Disk[] {
  const isDrive = disk.device === 'cdrom' || disk.device === 'floppy';
  dropped.push({ dev: disk.target.dev, source: absent, what: isDrive ? 'changed' : 'dropped' });
  return isDrive ? [{ ...disk, backend: { ...disk.backend, source: null } }] : [];
}

/** Whoever starts a guest is told of everything at once. */
function oneError(problems: readonly VireoError[]): VireoError {
  const [first = new VireoError('INTERNAL_ERROR', 'no problem'), ...others] = problems;
  if (others.length === 0) return first;
  const texts = problems.map(({ message }) => message.slice(message.indexOf("disk '")));
  return new VireoError(first.code, texts.join('; '), { details: { ...first.details, problems: texts }, cause: first });
}
