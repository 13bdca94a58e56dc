/** The source's phases through a connection, for a command that leads a migration by itself. */
import type { Client } from '../core/api/client.ts';
import { VireoError } from '../core/base/errors.ts';
import type { MigrationSource } from '../core/migration/lead-migration.ts';
import { CommandError } from './command-error.ts';

/** The phases have deadlines of their own; memory takes as long as it takes. */
const longestMs = 20 * 24 * 3_600_000;

export function migrationSource(client: Client, { uuid, name, interrupted }: { readonly uuid: string; readonly name: string; readonly interrupted: AbortSignal }): MigrationSource & Disposable {
  const requested = new AbortController();
  const ask = (): void => requested.abort(new VireoError('OPERATION_ABORTED', 'migration out job: canceled by client'));
  interrupted.addEventListener('abort', ask, { once: true });
  if (interrupted.aborted) ask();
  const settings = { timeoutMs: longestMs };
  return {
    uuid,
    name,
    abortRequested: requested.signal,
    closing: client.closed,
    begin: (options) => client.call('domainMigrateBegin3Params', { domain: uuid, options }, settings),
    isPaused: async () => {
      const { state, reason } = await client.call('domainLookup', { domain: uuid });
      return state === 'paused' && reason !== 'migrating' && reason !== 'post-copy';
    },
    async perform({ cookie, uri, options, connection, tunnel }) {
      if (tunnel) throw new CommandError('INVALID_ARG', 'cannot perform tunnelled migration without using peer2peer flag');
      // The source does not see the destination's connection, which is this command's.
      const lost = (): void => void client.call('domainAbortJob', { domain: uuid }).catch(() => {});
      connection?.addEventListener('abort', lost, { once: true });
      if (connection?.aborted) lost();
      try {
        return (await client.call('domainMigratePerform3Params', { domain: uuid, cookie, uri, options }, settings)).cookie;
      } finally {
        connection?.removeEventListener('abort', lost);
      }
    },
    confirm: async ({ cookie, options, cancelled, unknown }) => {
      await client.call('domainMigrateConfirm3Params', { domain: uuid, cookie, options, cancelled, unknown: unknown?.message ?? null }, settings);
    },
    [Symbol.dispose]: () => interrupted.removeEventListener('abort', ask),
  };
}
