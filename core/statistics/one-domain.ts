/** Statistics of one domain that somebody asks for by name: what cannot be answered is an error, and never takes long. */
import { VireoError, asVireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { Disk } from '../devices/disk/disk-definition.ts';
import { imagesOf } from '../devices/disk/disk-images.ts';
import type { Domain } from '../domain/domain.ts';
import type { Call } from '../job/call.ts';
import { readProcessUsage } from '../process/cpu-time.ts';
import { requireLive } from '../process/power.ts';
import type { ProcessContext } from '../process/process-context.ts';
import { askOne } from './ask-one.ts';
import { BlockUsage, type DeviceCounters, disksOf, pathOf } from './block-usage.ts';
import { fileSizes } from './file-sizes.ts';
import { memoryStatistics, readGuestStats } from './memory-usage.ts';
import { type CardUsage, cardsOf, hostInterfaces, usageOf } from './network-usage.ts';
import { pageSizeBytes } from './page-size.ts';
import { asksNothing, questionsFor } from './qemu-answers.ts';

export interface MemoryStatistics {
  readonly statistics: Record<string, number>;
  readonly periodSeconds: number | null;
  readonly incomplete: string | null;
}

/** virDomainMemoryStats. Where QEMU cannot be asked, what the host knows. @throws OPERATION_INVALID `domain is not running`. */
export async function domainMemoryStatistics(context: ProcessContext, call: Call, domain: Domain): Promise<MemoryStatistics> {
  const live = requireLive(domain);
  const questions = questionsFor(new Set(['balloon']), live.definition, false);
  let incomplete: string | null = null;
  const asked = asksNothing(questions)
    ? null
    : await askOne(context, call, domain, questions).catch((error: unknown) => {
        call.signal.throwIfAborted();
        incomplete = asVireoError(error).message;
        return null;
      });
  const [usage, pageBytes] = await Promise.all([readProcessUsage(live, context.clock), pageSizeBytes()]);
  const statistics = memoryStatistics({
    actualKiB: asked?.balloon ? Math.floor(asked.balloon.actual / 1024) : null,
    guest: readGuestStats(asked?.guestStats ?? null),
    residentKiB: usage && (usage.residentPages * pageBytes) / 1024,
  });
  const balloon = live.definition.devices.find((device) => device.kind === 'memballoon' && device.model !== 'none');
  return { statistics, periodSeconds: balloon?.kind === 'memballoon' ? (balloon.stats?.periodSeconds ?? 0) : null, incomplete };
}

export interface BlockStatistics {
  readonly device: string | null;
  readonly readRequests: number;
  readonly readBytes: number;
  readonly readTimeNs: number;
  readonly writeRequests: number;
  readonly writeBytes: number;
  readonly writeTimeNs: number;
  readonly flushRequests: number;
  readonly flushTimeNs: number;
}

/**
 * virDomainBlockStatsFlags. @param device a target or a path; null is the sum of all disks.
 * @throws INVALID_ARG, OPERATION_INVALID, OPERATION_UNSUPPORTED for a disk that is not QEMU's, RESOURCE_BUSY, OPERATION_TIMEOUT.
 */
export async function domainBlockStatistics(context: ProcessContext, call: Call, domain: Domain, device: string | null): Promise<BlockStatistics> {
  const { definition } = requireLive(domain);
  const disks = device === null ? disksOf(definition).filter(({ backend }) => backend.type !== 'vhostuser') : [diskNamed(domain, definition, device)];
  const [disk] = disks;
  if (device !== null && disk?.backend.type === 'vhostuser') throw new VireoError('OPERATION_UNSUPPORTED', 'block stats are not supported for vhostuser disk', { domain: domain.identity });
  const usage = new BlockUsage(await askOne(context, call, domain, { block: disks.length > 0 }));
  const counters = disks.map((each) => {
    const found = usage.countersOf(each);
    if (!found) throw new VireoError('INTERNAL_ERROR', `cannot find statistics for device '${each.target.dev}'`, { domain: domain.identity });
    return found;
  });
  const sum = (of: (each: DeviceCounters) => number): number => counters.reduce((total, each) => total + of(each), 0);
  return {
    device: device === null ? null : (disk?.target.dev ?? device),
    readRequests: sum((each) => each.rd_operations),
    readBytes: sum((each) => each.rd_bytes),
    readTimeNs: sum((each) => each.rd_total_time_ns),
    writeRequests: sum((each) => each.wr_operations),
    writeBytes: sum((each) => each.wr_bytes),
    writeTimeNs: sum((each) => each.wr_total_time_ns),
    flushRequests: sum((each) => each.flush_operations),
    flushTimeNs: sum((each) => each.flush_total_time_ns),
  };
}

/** By target, or by the path of the image. @throws INVALID_ARG. */
function diskNamed(domain: Domain, definition: DomainDefinition, name: string): Disk {
  const disks = disksOf(definition);
  const found = disks.find(({ target }) => target.dev === name) ?? disks.find((disk) => imagesOf(disk).some((image) => image.isTop && pathOf(image) === name));
  if (!found) throw new VireoError('INVALID_ARG', `invalid path ${name} not assigned to domain`, { domain: domain.identity, details: { disks: disks.map(({ target }) => target.dev) } });
  return found;
}

export interface BlockSizes {
  readonly target: string;
  readonly source: string | null;
  readonly capacityBytes: number | null;
  readonly allocationBytes: number | null;
  readonly physicalBytes: number | null;
  readonly error: string | null;
}

/**
 * virDomainGetBlockInfo, of one disk or of all. A domain that cannot be asked, as one that does not run, is answered for
 * from the images themselves. @throws INVALID_ARG for a disk that is not there or has no medium.
 */
export async function domainBlockSizes(context: ProcessContext, call: Call, domain: Domain, device: string | null): Promise<readonly BlockSizes[]> {
  const { definition, live } = domain;
  const disks = device === null ? disksOf(definition) : [diskNamed(domain, definition, device)];
  if (device !== null && imagesOf(disks[0]!).length === 0) throw new VireoError('INVALID_ARG', `disk '${device}' does not currently have a source assigned`, { domain: domain.identity });
  const usage = live && disks.length > 0 ? await usageOrNull(context, call, domain) : null;
  return await Promise.all(disks.map((disk) => sizesOf(disk, usage)));
}

async function usageOrNull(context: ProcessContext, call: Call, domain: Domain): Promise<BlockUsage | null> {
  try {
    return new BlockUsage(await askOne(context, call, domain, { block: true }));
  } catch {
    call.signal.throwIfAborted();
    return null;
  }
}

async function sizesOf(disk: Disk, usage: BlockUsage | null): Promise<BlockSizes> {
  const [image] = imagesOf(disk);
  const path = image ? pathOf(image) : null;
  const row = { target: disk.target.dev, source: path };
  const unknown = { capacityBytes: null, allocationBytes: null, physicalBytes: null };
  if (!image) return { ...row, ...unknown, error: null }; // an empty drive
  const told = usage?.imageOf(image) ?? null;
  try {
    if (!told) {
      if (path === null) return { ...row, ...unknown, error: 'only a running domain knows the size of storage that is no file' };
      return { ...row, ...(await fileSizes(path, image.format)), error: null };
    }
    // QEMU knows how far a device was written; what a file takes of the host is said by the host.
    const isGrowingFile = image.backend.type === 'file' && image.format === 'qcow2';
    const allocationBytes = (isGrowingFile ? null : told.highestOffsetBytes || null) ?? told.physicalBytes;
    const isSparse = told.physicalBytes === null || allocationBytes === told.physicalBytes;
    const physicalBytes = isSparse && path !== null ? ((await fileSizes(path, 'raw').catch(() => null))?.physicalBytes ?? told.physicalBytes) : told.physicalBytes;
    return { ...row, capacityBytes: told.capacityBytes, allocationBytes: allocationBytes ?? 0, physicalBytes, error: null };
  } catch (error) {
    return { ...row, ...unknown, error: asVireoError(error).message };
  }
}

/** virDomainInterfaceStats. @param device the host's name of the card, or its MAC address. @throws INVALID_ARG, OPERATION_UNSUPPORTED for a card without a tap. */
export async function domainInterfaceStatistics(domain: Domain, device: string): Promise<CardUsage & { readonly name: string }> {
  const { definition } = requireLive(domain);
  const card = cardsOf(definition).find((each) => each.target?.dev === device || each.mac?.address.toLowerCase() === device.toLowerCase());
  if (!card) throw new VireoError('INVALID_ARG', `'${device}' is not an interface of the domain`, { domain: domain.identity });
  const usage = usageOf(card, await hostInterfaces());
  if (!usage) throw new VireoError('OPERATION_UNSUPPORTED', `nobody counts the packets of this interface: it has no tap on the host (type '${card.backend.type}')`, { domain: domain.identity });
  return { name: card.target?.dev ?? device, ...usage };
}
