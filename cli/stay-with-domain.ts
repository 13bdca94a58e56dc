/**
 * `--autodestroy`: the guest lasts as long as the command that started it. virsh ends at once and the guest with it;
 * here the command stays until the guest has stopped, or is destroyed with it.
 */
import type { Client } from '../core/api/client.ts';
import { asVireoError } from '../core/base/errors.ts';
import { abortable } from '../core/base/lifetime.ts';
import type { DomainSummary } from '../core/domain/domain-summary.ts';
import type { CommandContext } from './command.ts';
import { exitCodeOf } from './console/ending.ts';
import { runConsole } from './console/run-console.ts';

/** `started` as the start has answered it. Resolves with the exit code. @throws when the host is lost. */
export async function stayWithDomain(context: CommandContext, client: Client, started: DomainSummary, withConsole: boolean): Promise<number> {
  if (withConsole) {
    const exitCode = await runConsole(context, client, { domain: started.uuid, device: null, force: false, watch: false, escape: context.escape });
    await destroyWith(context, client, started);
    return exitCode;
  }
  context.output.line(`Domain '${started.name}' will be destroyed when this command ends (Ctrl + C)`);
  try {
    await abortable(ended(client, started), AbortSignal.any([context.interrupted, client.closed]));
    context.output.line(`Domain '${started.name}' has stopped`);
    return 0;
  } catch (thrown) {
    if (!context.interrupted.aborted) throw thrown;
    await destroyWith(context, client, started);
    return exitCodeOf(context.interrupted);
  }
}

/** Resolves when this run is over, also if it was before anybody looked. */
async function ended(client: Client, { uuid, id }: DomainSummary): Promise<void> {
  let stop!: Disposable;
  const told = new Promise<void>((resolve) => {
    stop = client.on('domain', (event) => {
      if (event.domain.uuid === uuid && event.summary?.id !== id) resolve();
    });
  });
  try {
    if (await runsStill(client, uuid, id)) await told;
  } finally {
    stop[Symbol.dispose]();
  }
}

async function runsStill(client: Client, uuid: string, id: number | null): Promise<boolean> {
  try {
    return (await client.call('domainLookup', { domain: uuid })).id === id;
  } catch (thrown) {
    if (asVireoError(thrown).code === 'NO_DOMAIN') return false;
    throw thrown;
  }
}

/** Closing the connection would do it too, but then nobody would have waited for it. */
async function destroyWith({ output }: CommandContext, client: Client, { uuid, id, name }: DomainSummary): Promise<void> {
  if (!(await runsStill(client, uuid, id))) return;
  try {
    await client.call('domainDestroy', { domain: uuid });
    output.line(`Domain '${name}' destroyed`);
  } catch (thrown) {
    if (await runsStill(client, uuid, id)) throw thrown; // else it has stopped by itself meanwhile
  }
}
