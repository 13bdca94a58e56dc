/** What is said to whom an image is refused: who has it, where and since when, as far as anybody knows. */
import { hostname } from 'node:os';
import { VireoError } from '../base/errors.ts';
import { type LeaseHolder, readRecord, recordsOf } from './lease-record.ts';
import { type OpenedBy, processesWithOpen } from './open-files.ts';
import type { WantedImage } from './wanted-images.ts';

/** A lease that is held, by whom its records say. */
export function refusal(wanted: WantedImage, holders: readonly LeaseHolder[]): VireoError {
  const [first, ...others] = holders;
  const who = first ? `${describeHolder(first)} ${first.mode === 'exclusive' ? 'writes' : 'reads'} it` : 'its holder is not known';
  return busy(wanted, [who, ...(others.length === 0 ? [] : [`${others.length} more use it`])].join(', and '), { holder: first ?? null, holders });
}

/** A lease that is held by somebody who left no record that can be read, or whose record is of a process that ended. */
export async function refusalByUnknown(wanted: WantedImage, file: string): Promise<VireoError> {
  const [processes, records] = await Promise.all([processesWithOpen(file), Promise.all((await recordsOf(file)).map(readRecord))]);
  const [process] = processes;
  if (!process) return busy(wanted, `its lease '${file}' is held, by a process that this user may not see and that left no record`, { holder: null, holders: [], lease: file });
  const left = records.find((record) => record !== null);
  const of = left ? `of domain '${left.domain.name}', ` : '';
  return busy(wanted, `${of}${describeProcess(process)} holds its lease`, { holder: { ...left, pid: process.pid }, holders: [], processes, lease: file });
}

/** An image that somebody has open who takes no leases. */
export function refusalByProcesses(wanted: WantedImage, processes: readonly OpenedBy[], details: Readonly<Record<string, unknown>>): VireoError {
  const [first] = processes;
  const who = first ? `${describeProcess(first)} has it open` : 'a process that this user may not see, or one on another computer, has it open';
  return busy(wanted, who, { ...details, holder: first ? { pid: first.pid } : null, processes });
}

function busy({ image, target, mode }: WantedImage, who: string, details: Readonly<Record<string, unknown>>): VireoError {
  return new VireoError('RESOURCE_BUSY', `the image '${image}' of disk '${target}' is in use: ${who}`, { details: { image, target, mode, ...details } });
}

export function describeHolder({ domain, pid, hostName, stateFolder, sinceMs }: LeaseHolder): string {
  const elsewhere = hostName === hostname() ? '' : ` on computer '${hostName}'`;
  return `domain '${domain.name}'${elsewhere} (pid ${pid}, state folder ${stateFolder}, since ${new Date(sinceMs).toISOString().replace(/\.\d+Z$/, 'Z')})`;
}

function describeProcess({ pid, program, guest }: OpenedBy): string {
  return `process ${pid} (${guest === null ? program : `${program}, guest '${guest}'`})`;
}
