/** When the administrator's hooks are told (F9), and what becomes of a script that fails. */
import { asVireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { formatDomain } from '../devices/domain-xml.ts';
import type { Domain } from '../domain/domain.ts';
import type { HookOperation } from '../hook/domain-hooks.ts';
import type { StateReason } from '../domain/domain-state.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { ProcessContext } from './process-context.ts';
import type { StartState } from './start-state.ts';

/** What ends with the domain is told in any case: only the scripts' own deadline ends it. */
const never = new AbortController().signal;

/**
 * Before anything is labelled: the hook may provide what the domain needs. Whatever becomes of the start, `release` is
 * told once this was, here where no run has come of it, and by the run's end otherwise.
 */
export async function prepareHook(start: StartState): Promise<void> {
  const { context, domain } = start;
  start.resources.use({
    async [Symbol.asyncDispose]() {
      if (start.run === null) await tellHooks(context, domain, start.definition, 'release', 'failed');
    },
  });
  await startHook(start, 'prepare');
}

/** A script that fails fails the start. @throws HOOK_SCRIPT_FAILED. */
export async function startHook(start: StartState, operation: 'prepare' | 'start' | 'started'): Promise<void> {
  const definition = start.run?.live.definition ?? start.definition;
  await start.context.hooks.run({ operation, domain: start.domain.name, xml: () => xmlFor(definition), signal: start.run ? start.run.live.died : start.givenUp });
}

/** QEMU has ended; what it used is still as it left it. */
export function stoppedHook(context: ProcessContext, domain: Domain, live: LiveDomain): Promise<void> {
  return tellHooks(context, domain, live.definition, 'stopped');
}

/** Nothing of the run is left. */
export function releaseHook(context: ProcessContext, domain: Domain, live: LiveDomain, reason: StateReason<'shut off'>): Promise<void> {
  return tellHooks(context, domain, live.definition, 'release', reason);
}

/** libvirt kills a guest whose hook fails here. A guest is worth more to us: the failure is told, and it runs on. */
export function reconnectHook(context: ProcessContext, domain: Domain, live: LiveDomain): Promise<void> {
  return tellHooks(context, domain, live.definition, 'reconnect');
}

/** A failure stops nothing: it is told in both logs. */
async function tellHooks(context: ProcessContext, domain: Domain, definition: DomainDefinition, operation: HookOperation, extra?: string): Promise<void> {
  try {
    await context.hooks.run({ operation, domain: domain.name, xml: () => xmlFor(definition), signal: never, ...(extra === undefined ? {} : { extra }) });
  } catch (error) {
    const { message } = asVireoError(error);
    context.log.write('error', 'a hook failed', { domain: domain.name, error: message });
    await context.domainLog(domain.uuid).line(message, context.clock.wallTime()).catch(() => {});
  }
}

function xmlFor(definition: DomainDefinition): string {
  return formatDomain(definition, { form: 'live', secure: false });
}
