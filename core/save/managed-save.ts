/**
 * The saved state that a domain keeps itself (J1): one image in its own folder, which its next start takes and which is
 * gone with that. A guest that runs has none: a state that its disks have left behind would be the end of them.
 */
import { access, rm } from 'node:fs/promises';
import path from 'node:path';
import { removeDurably, makePrivateFolder } from '../base/atomic-file.ts';
import { VireoError, asVireoError } from '../base/errors.ts';
import { DisposableStack } from '../base/lifetime.ts';
import type { Domain } from '../domain/domain.ts';
import { noDomain } from '../domain/domain-registry.ts';
import type { Call } from '../job/call.ts';
import type { AsyncJob } from '../job/handles.ts';
import type { ProcessContext } from '../process/process-context.ts';
import { startDomain } from '../process/start-domain.ts';
import type { FoundForStart, StartOptions } from '../process/start-state.ts';
import { concludeRestore, definitionOfRestore, inWords } from './restore-domain.ts';
import type { SaveContext } from './save-context.ts';
import { type SaveOptions, saveDomain } from './save-domain.ts';
import { type OpenSaveImage, openSaveImage } from './save-image.ts';
import { savedState } from './saved-state.ts';

export function managedSaveFile({ domainFolder }: Pick<ProcessContext, 'domainFolder'>, uuid: string): string {
  return path.join(domainFolder(uuid), 'managed.save');
}

/** @throws OPERATION_INVALID for a transient domain, and what `saveDomain` throws. */
export async function managedSaveDomain(context: SaveContext, call: Call, domain: Domain, options: Pick<SaveOptions, 'format' | 'restoresTo' | 'bypassCache'>): Promise<void> {
  if (domain.live && !domain.persistent) throw new VireoError('OPERATION_INVALID', 'cannot do managed save for transient domain', { domain: domain.identity });
  const file = managedSaveFile(context, domain.uuid);
  if (domain.live) await makePrivateFolder(path.dirname(file));
  await saveDomain(context, call, domain, { ...options, file, xml: null, managed: true });
}

export interface BootOptions extends Pick<StartOptions, 'paused' | 'resetNvram' | 'autodestroy'> {
  /** Boots, and forgets a saved state that is there. */
  readonly forceBoot?: boolean;
  readonly bypassCache?: boolean;
}

/** Starts the domain where its saved state is, or boots it. @throws as `startDomain`, and OPERATION_FAILED for a saved state that cannot be used; it stays then. */
export async function startOrRestore(context: SaveContext, call: Call, domain: Domain, { forceBoot = false, bypassCache = false, ...options }: BootOptions): Promise<void> {
  await using held = new DisposableStack();
  let taken: OpenSaveImage | null = null;
  const underJob = async (): Promise<FoundForStart> => {
    if (!domain.hasManagedSave) return {};
    if (forceBoot) {
      await forgetImage(context, domain);
      return {};
    }
    try {
      taken = held.use(await openSaveImage(managedSaveFile(context, domain.uuid)));
      return await foundState(context, call, domain, taken, bypassCache);
    } catch (error) {
      throw withWayOut(error);
    }
  };
  await startDomain(context, call, domain, { ...options, underJob }).catch((error: unknown) => {
    // A QEMU that ends over an image takes the reason with it.
    if (taken === null || asVireoError(error).code !== 'INTERNAL_ERROR') throw error;
    throw withWayOut(inWords(taken, error)).about(domain.identity);
  });
}

async function foundState(context: SaveContext, call: Call, domain: Domain, image: OpenSaveImage, bypassCache: boolean): Promise<FoundForStart> {
  const restored = await definitionOfRestore(context, call, image, null);
  const { definition } = restored;
  if (definition.uuid !== domain.uuid || definition.name !== domain.name) {
    throw new VireoError('OPERATION_FAILED', `cannot restore domain '${domain.name}' uuid ${domain.uuid} from '${image.file}', which belongs to domain '${definition.name}' uuid ${definition.uuid}`);
  }
  const incoming = await savedState(image, { wasRunning: image.header.wasRunning, bypassCache });
  const afterwards = async (job: AsyncJob<'start'>): Promise<void> => {
    await concludeRestore(job);
    await forgetImage(context, domain).catch((error: unknown) => context.log.write('error', 'a saved state that was restored could not be removed', { domain: domain.name, error: asVireoError(error).message }));
  };
  return { ...restored, incoming, afterwards };
}

function withWayOut(thrown: unknown): VireoError {
  const error = asVireoError(thrown);
  const wayOut = 'the saved state is kept; a start with --force-boot boots without it and discards it';
  return new VireoError('OPERATION_FAILED', `${error.message} (${wayOut})`, { cause: error.cause, details: error.details });
}

/** What was done to it since is on the disks: it is of no use any more. Under a job of the domain. @throws SYSTEM_ERROR naming the file. */
async function forgetImage(context: Pick<ProcessContext, 'domainFolder'>, domain: Domain): Promise<void> {
  const file = managedSaveFile(context, domain.uuid);
  try {
    await removeDurably(file);
  } catch (error) {
    throw new VireoError('SYSTEM_ERROR', `cannot remove managed save file '${file}': ${asVireoError(error).message}`, { cause: error, details: { file } });
  }
  domain.hasManagedSave = false;
  domain.changed();
}

/** @returns whether there was one. @throws OPERATION_TIMEOUT, SYSTEM_ERROR. */
export async function removeManagedSave(context: ProcessContext, call: Call, domain: Domain): Promise<boolean> {
  await using job = await domain.jobs.begin(call, 'modify');
  job.assertHeld();
  if (domain.removed) throw noDomain(domain);
  if (!domain.hasManagedSave) return false;
  await forgetImage(context, domain);
  return true;
}

/**
 * Looks which domains have a saved state. One that runs has none to go back to: what is there was restored by a driver
 * that died before it could remove it. One whose save or start is still to be finished or undone keeps what it has.
 */
export async function findManagedSaves(context: ProcessContext, isUnfinished: (domain: Domain) => boolean): Promise<void> {
  await Promise.all(
    context.registry.list().map(async (domain) => {
      const file = managedSaveFile(context, domain.uuid);
      if (!(await access(file).then(() => true, () => false))) return;
      if (!domain.live || isUnfinished(domain)) domain.hasManagedSave = true;
      else await rm(file, { force: true }).catch((error: unknown) => context.log.write('error', 'a saved state of a guest that runs could not be removed', { domain: domain.name, error: String(error) }));
    }),
  );
}
