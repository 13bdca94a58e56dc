/**
 * `migrate`: a domain moves to another host. With --p2p the source host leads and this command only watches; without, it
 * leads by itself, over a connection to each host. Ctrl + C asks for the migration's end and waits for it: the guest goes
 * on where it was.
 */
import type { Client } from '../../core/api/client.ts';
import { migrationTarget } from '../../core/api/migration-peer.ts';
import { asVireoError } from '../../core/base/errors.ts';
import { silentLog } from '../../core/base/log.ts';
import { leadMigration } from '../../core/migration/lead-migration.ts';
import { migrationOptionsSchema } from '../../core/migration/migration-options.ts';
import { bareHost, parseHostUri } from '../../core/api/host-uri.ts';
import { type Command, type CommandContext, command } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { lookUp } from '../domain-call.ts';
import { assertMigrateOptions, migrateOptions, migrationOptions } from '../migrate-options.ts';
import { migrationSource } from '../migration-source.ts';
import { watchMigration } from '../watch-migration.ts';

/** A migration takes as long as it takes; its phases have deadlines of their own. */
const longestMs = 20 * 24 * 3_600_000;

export const migrate: Command = command({
  name: 'migrate',
  group: 'domain',
  summary: 'migrate domain to another host',
  description:
    'Migrate domain to another host. Add --live for live migration. The host is named vireo+unix:///STATE-FOLDER, or vireo+ssh://[user@]host[:port][/STATE-FOLDER] where ssh gets in without asking. With --p2p the source host leads, and goes on when this command ends; Ctrl + C cancels either way.',
  options: migrateOptions,
  async run(context, values) {
    assertMigrateOptions(values);
    const options = await migrationOptions(context, values);
    const desturi = checkedUri(values.desturi);
    const client = await context.client();
    const { uuid, name } = await lookUp(client, values.domain, context.interrupted);
    const over = new AbortController();
    const watching = watchMigration(context, client, { uuid, over: over.signal, verbose: values.verbose, timeoutS: values.timeout, atTimeout: values['timeout-postcopy'] ? 'postcopy' : 'suspend', afterFirstPass: values['postcopy-after-precopy'] });
    try {
      if (values.p2p) await client.call('domainMigrateToURI3', { domain: uuid, uri: desturi, options }, { timeoutMs: longestMs });
      else await leadFromHere(context, client, { uuid, name, uri: desturi, options });
      over.abort('done');
    } catch (thrown) {
      throw asVireoError(thrown); // told by its own words, as virsh does
    } finally {
      if (!over.signal.aborted) over.abort('failed');
      await watching;
    }
    context.output.result({ uuid, name: options.destinationName ?? name, destination: desturi }, () => []); // virsh says nothing
  },
});

/** @throws in the words of the command, before any host is asked. */
function checkedUri(uri: string): string {
  try {
    parseHostUri(uri);
    return uri;
  } catch (thrown) {
    throw new CommandError('INVALID_ARG', asVireoError(thrown).message, { cause: thrown });
  }
}

async function leadFromHere(context: CommandContext, client: Client, { uuid, name, uri, options }: { readonly uuid: string; readonly name: string; readonly uri: string; readonly options: Parameters<typeof migrationOptionsSchema.parse>[0] }): Promise<void> {
  const address = addressOf(uri, context.connect);
  const openTarget = async (to: string): ReturnType<typeof migrationTarget> => migrationTarget(await context.clientOf(to), { label: to, address, clock: context.clock });
  await using target = await openTarget(uri);
  using source = migrationSource(client, { uuid, name, interrupted: context.interrupted });
  await leadMigration({ source, target, uri, openTarget, options: migrationOptionsSchema.parse(options), clock: context.clock, log: silentLog });
}

/** How the source reaches the destination, as far as this computer can tell: a host behind ssh does by the same name, one of this computer only from here. */
function addressOf(destination: string, source: string | null): string | null {
  const parsed = parseHostUri(destination);
  if (parsed.kind === 'ssh') return bareHost(parsed.host);
  return source !== null && parseHostUri(source).kind === 'ssh' ? null : '127.0.0.1';
}
