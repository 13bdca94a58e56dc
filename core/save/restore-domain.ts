/** Restoring a guest from a file that somebody named (J2): the definition is the image's, or one that the guest cannot tell from it. */
import { type VireoError, asVireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { Domain } from '../domain/domain.ts';
import type { Taint } from '../domain/taints.ts';
import type { Call } from '../job/call.ts';
import type { AsyncJob } from '../job/handles.ts';
import { startDomain } from '../process/start-domain.ts';
import type { StartOptions } from '../process/start-state.ts';
import { changedDefinition, definitionIn } from './image-definition.ts';
import { aboutImage } from './image-error.ts';
import type { SaveContext } from './save-context.ts';
import { type SaveImage, openSaveImage } from './save-image.ts';
import { savedState } from './saved-state.ts';

export interface RestoreOptions {
  /** Another definition; null for the image's. */
  readonly xml: string | null;
  readonly restoresTo: 'as it is' | 'running' | 'paused';
  readonly resetNvram: boolean;
  readonly bypassCache: boolean;
}

/**
 * Starts the domain of an image where it was saved. One that is defined keeps its definition for the next boot, another is
 * transient. The file stays as it is.
 * @throws OPERATION_FAILED for what is no whole image, CONFIG_UNSUPPORTED for a definition that the guest would notice,
 *   OPERATION_INVALID where the domain runs or has a saved state of its own, and what a start throws. Nothing is left then.
 */
export async function restoreDomain(context: SaveContext, call: Call, file: string, options: RestoreOptions): Promise<Domain> {
  await using image = await openSaveImage(file);
  const restored = await definitionOfRestore(context, call, image, options.xml);
  const { definition } = restored;
  const wasRunning = restoresToRunning(image, options.restoresTo);
  const incoming = await savedState(image, { wasRunning, bypassCache: options.bypassCache });
  call.signal.throwIfAborted();
  const domain = context.startableDomain(definition) ?? context.registry.add(definition.uuid as string, definition.name, null);
  await startDomain(context, call, domain, { paused: false, resetNvram: options.resetNvram, ...restored, incoming, underJob: async () => ({ afterwards: concludeRestore }) }).catch((error: unknown) => {
    throw inWords(image, error).about(domain.identity);
  });
  return domain;
}

export function restoresToRunning({ header }: SaveImage, restoresTo: RestoreOptions['restoresTo']): boolean {
  return restoresTo === 'as it is' ? header.wasRunning : restoresTo === 'running';
}

/** A start says nothing of itself, but this one has reported how far it was. */
export async function concludeRestore(job: AsyncJob<'start'>): Promise<void> {
  job.conclude();
}

/** A QEMU that ends over an image says only that it ends. */
export function inWords({ file }: SaveImage, thrown: unknown): VireoError {
  const error = asVireoError(thrown);
  return error.code === 'INTERNAL_ERROR' ? aboutImage(file, `the save image '${file}' cannot be restored`, error) : error;
}

export interface RestoredDefinition extends Pick<StartOptions, 'comparedAs'> {
  readonly definition: DomainDefinition;
  readonly taints: readonly Taint[];
}

/** The image's definition, what the caller has in its place, and what the administrator's hook makes of that. */
export async function definitionOfRestore(context: SaveContext, call: Call, image: SaveImage, xml: string | null): Promise<RestoredDefinition> {
  const source = await definitionIn(context, image);
  const { cookie } = image;
  const filtered = await context.hooks.filter({ operation: 'restore', domain: source.name, xml: () => xml ?? image.xml, signal: call.signal });
  const wanted = filtered ?? xml;
  return {
    definition: wanted === null ? source : await changedDefinition(context, source, wanted, cookie),
    comparedAs: await context.readDefinition(wanted ?? image.xml),
    taints: filtered === null ? [] : ['hook-script'],
  };
}
