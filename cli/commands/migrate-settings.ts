/** The levers of a migration: its speed, the downtime that is tolerated, the cache of compression, post-copy. */
import { type Command, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { lookUp } from '../domain-call.ts';
import { capacity } from '../job-statistics-lines.ts';

/** libvirt takes any unsigned number of bytes; no machine has more memory than this. */
const mostBytes = Number.MAX_SAFE_INTEGER;

export const migrateSetspeed: Command = command({
  name: 'migrate-setspeed',
  group: 'domain',
  summary: 'Set the maximum migration bandwidth',
  description: 'Set the maximum migration bandwidth (in MiB/s) for a domain which is being migrated to another host; 0 is no limit.',
  options: {
    domain: domainOption,
    bandwidth: { type: 'number', required: true, least: 0, most: 2 ** 44, help: 'migration bandwidth limit in MiB/s' },
    postcopy: { type: 'boolean', help: 'set post-copy migration bandwidth' },
  },
  async run({ client, output, interrupted }, values) {
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    await host.call('domainMigrateSetMaxSpeed', { domain: uuid, bandwidthMiBps: values.bandwidth, postcopy: values.postcopy }, { signal: interrupted });
    output.result(null, () => []);
  },
});

export const migrateGetspeed: Command = command({
  name: 'migrate-getspeed',
  group: 'domain',
  summary: 'Get the maximum migration bandwidth',
  description: 'Get the maximum migration bandwidth (in MiB/s) for a domain.',
  options: { domain: domainOption, postcopy: { type: 'boolean', help: 'get post-copy migration bandwidth' } },
  async run({ client, output, interrupted }, values) {
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    const answer = await host.call('domainMigrateGetMaxSpeed', { domain: uuid, postcopy: values.postcopy }, { signal: interrupted });
    output.result(answer, () => [String(answer.bandwidthMiBps)]);
  },
});

export const migrateSetmaxdowntime: Command = command({
  name: 'migrate-setmaxdowntime',
  group: 'domain',
  summary: 'set maximum tolerable downtime',
  description: 'Set maximum tolerable downtime of a domain which is being live-migrated to another host.',
  options: { domain: domainOption, downtime: { type: 'number', required: true, least: 0, most: 2 ** 44, help: 'maximum tolerable downtime (in milliseconds) for migration' } },
  async run({ client, output, interrupted }, values) {
    if (values.downtime < 1) throw new CommandError('INVALID_ARG', 'migrate: Invalid downtime');
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    await host.call('domainMigrateSetMaxDowntime', { domain: uuid, downtimeMs: values.downtime }, { signal: interrupted });
    output.result(null, () => []);
  },
});

export const migrateGetmaxdowntime: Command = command({
  name: 'migrate-getmaxdowntime',
  group: 'domain',
  summary: 'get maximum tolerable downtime',
  description: 'Get maximum tolerable downtime of a domain which is being live-migrated to another host.',
  options: { domain: domainOption },
  async run({ client, output, interrupted }, values) {
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    const answer = await host.call('domainMigrateGetMaxDowntime', { domain: uuid }, { signal: interrupted });
    output.result(answer, () => [String(answer.downtimeMs)]);
  },
});

export const migrateCompcache: Command = command({
  name: 'migrate-compcache',
  group: 'domain',
  summary: 'get/set compression cache size',
  description: 'Get/set size of the cache (in bytes) used for compressing repeatedly transferred memory pages during live migration.',
  options: { domain: domainOption, size: { type: 'number', most: mostBytes, help: 'requested size of the cache (in bytes) used for compression' } },
  async run({ client, output, interrupted }, values) {
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    if (values.size !== null) await host.call('domainMigrateSetCompressionCache', { domain: uuid, cacheBytes: values.size }, { signal: interrupted });
    const answer = await host.call('domainMigrateGetCompressionCache', { domain: uuid }, { signal: interrupted });
    output.result(answer, () => [`Compression cache: ${capacity(answer.cacheBytes)}`]);
  },
});

export const migratePostcopy: Command = command({
  name: 'migrate-postcopy',
  group: 'domain',
  summary: 'Switch running migration from pre-copy to post-copy',
  description: 'Switch running migration from pre-copy to post-copy. The migration must have been started with --postcopy option.',
  options: { domain: domainOption },
  async run({ client, output, interrupted }, values) {
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    await host.call('domainMigrateStartPostCopy', { domain: uuid }, { signal: interrupted });
    output.result(null, () => []);
  },
});
