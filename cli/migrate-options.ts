/** virsh's options of `migrate`, and what they mean to the hosts. */
import type { MigrationOptionsInput } from '../core/migration/migration-options.ts';
import { compressionMethods } from '../core/migration/migration-options.ts';
import type { CommandContext } from './command.ts';
import { domainOption } from './command.ts';
import { CommandError } from './command-error.ts';
import { type OptionValues, assertExclusive } from './option-grammar.ts';
import { readTextFile } from './read-text-file.ts';

export const migrateOptions = {
  domain: domainOption,
  desturi: { type: 'string', required: true, help: 'connection URI of the destination host as seen from the client(normal migration) or source(p2p migration)' },
  live: { type: 'boolean', help: 'live migration' },
  offline: { type: 'boolean', help: 'offline migration' },
  p2p: { type: 'boolean', help: 'peer-2-peer migration' },
  direct: { type: 'boolean', help: 'direct migration' },
  tunnelled: { type: 'boolean', help: 'tunnelled migration' },
  persistent: { type: 'boolean', help: 'persist VM on destination' },
  undefinesource: { type: 'boolean', help: 'undefine VM on source' },
  suspend: { type: 'boolean', help: 'do not restart the domain on the destination host' },
  'copy-storage-all': { type: 'boolean', help: 'migration with non-shared storage with full disk copy' },
  'copy-storage-inc': { type: 'boolean', help: 'migration with non-shared storage with incremental copy (same base image shared between source and destination)' },
  'copy-storage-synchronous-writes': { type: 'boolean', help: 'force guest disk writes to be synchronously written to the destination to improve storage migration convergence' },
  'change-protection': { type: 'boolean', help: 'prevent any configuration changes to domain until migration ends' },
  unsafe: { type: 'boolean', help: 'force migration even if it may be unsafe' },
  verbose: { type: 'boolean', help: 'display the progress of migration' },
  compressed: { type: 'boolean', help: 'compress repeated pages during live migration' },
  'auto-converge': { type: 'boolean', help: 'force convergence during live migration' },
  'rdma-pin-all': { type: 'boolean', help: 'pin all memory before starting RDMA live migration' },
  'abort-on-error': { type: 'boolean', help: 'abort on soft errors during migration' },
  postcopy: { type: 'boolean', help: 'enable post-copy migration; switch to it using migrate-postcopy command' },
  'postcopy-after-precopy': { type: 'boolean', help: 'automatically switch to post-copy migration after one pass of pre-copy' },
  'postcopy-resume': { type: 'boolean', help: 'resume failed post-copy migration' },
  zerocopy: { type: 'boolean', help: 'use zero-copy mechanism for migrating memory pages' },
  migrateuri: { type: 'string', help: 'migration URI, usually can be omitted' },
  graphicsuri: { type: 'string', help: 'graphics URI to be used for seamless graphics migration' },
  'listen-address': { type: 'string', help: 'listen address that destination should bind to for incoming migration' },
  dname: { type: 'string', help: 'rename to new name during migration (if supported)' },
  timeout: { type: 'number', help: 'run action specified by --timeout-* option (suspend by default) if live migration exceeds timeout (in seconds)' },
  'timeout-suspend': { type: 'boolean', help: 'suspend the guest after timeout' },
  'timeout-postcopy': { type: 'boolean', help: 'switch to post-copy after timeout' },
  xml: { type: 'string', help: 'filename containing updated XML for the target' },
  'migrate-disks': { type: 'string', help: 'comma separated list of disks to be migrated' },
  'migrate-disks-detect-zeroes': { type: 'string', named: true, help: 'comma separated list of disks to be migrated with zero detection enabled' },
  'disks-port': { type: 'number', help: 'port to use by target server for incoming disks migration' },
  'disks-uri': { type: 'string', named: true, help: 'URI to use for disks migration (overrides --disks-port)' },
  'comp-methods': { type: 'string', named: true, help: 'comma separated list of compression methods to be used' },
  'comp-mt-level': { type: 'number', least: 0, named: true, help: 'compress level for multithread compression' },
  'comp-mt-threads': { type: 'number', named: true, help: 'number of compression threads for multithread compression' },
  'comp-mt-dthreads': { type: 'number', named: true, help: 'number of decompression threads for multithread compression' },
  'comp-xbzrle-cache': { type: 'number', most: Number.MAX_SAFE_INTEGER, named: true, help: 'page cache size for xbzrle compression' },
  'auto-converge-initial': { type: 'number', named: true, help: 'initial CPU throttling rate for auto-convergence' },
  'auto-converge-increment': { type: 'number', named: true, help: 'CPU throttling rate increment for auto-convergence' },
  'persistent-xml': { type: 'string', named: true, help: 'filename containing updated persistent XML for the target' },
  tls: { type: 'boolean', help: 'use TLS for migration' },
  'postcopy-bandwidth': { type: 'number', least: 0, named: true, help: 'post-copy migration bandwidth limit in MiB/s' },
  parallel: { type: 'boolean', help: 'enable parallel migration' },
  'parallel-connections': { type: 'number', named: true, help: 'number of connections for parallel migration' },
  bandwidth: { type: 'number', least: 0, named: true, help: 'migration bandwidth limit in MiB/s' },
  'tls-destination': { type: 'string', named: true, help: 'override the destination host name used for TLS verification' },
  'comp-zlib-level': { type: 'number', least: 0, named: true, help: 'compress level for zlib compression' },
  'comp-zstd-level': { type: 'number', least: 0, named: true, help: 'compress level for zstd compression' },
  'available-switchover-bandwidth': { type: 'number', named: true, help: 'bandwidth (in MiB/s) available for the final phase of migration' },
} as const;

export type MigrateValues = OptionValues<typeof migrateOptions>;

/** @throws in virsh's words, before anything is connected. */
export function assertMigrateOptions(values: MigrateValues): void {
  assertExclusive(values, 'live', 'offline');
  assertExclusive(values, 'timeout-suspend', 'timeout-postcopy');
  assertExclusive(values, 'copy-storage-all', 'copy-storage-inc');
  for (const [option, needed] of [['postcopy-after-precopy', 'postcopy'], ['postcopy-resume', 'postcopy'], ['timeout-postcopy', 'postcopy'], ['persistent-xml', 'persistent'], ['tls-destination', 'tls']] as const) {
    if (values[option] && !values[needed]) throw invalid(`Option --${needed} is required by option --${option}`);
  }
  if (values.timeout !== null && !values.live) throw invalid('migrate: Unexpected timeout for offline migration');
  if (values.timeout === null && (values['timeout-suspend'] || values['timeout-postcopy'])) throw invalid('migrate: Unexpected --timeout-* option without --timeout');
  for (const option of ['copy-storage-synchronous-writes', 'migrate-disks', 'migrate-disks-detect-zeroes'] as const) {
    if (values[option] && !values['copy-storage-all'] && !values['copy-storage-inc']) throw invalid(`'--${option}' requires one of '--copy-storage-all', '--copy-storage-inc'`);
  }
  if (values.tunnelled && !values.p2p) throw invalid('cannot perform tunnelled migration without using peer2peer flag: the memory would have to go through this client; add --p2p');
  if (values.direct) throw unsupported('direct migration: QEMU does not lead a migration by itself; leave --direct out, or let the source host lead with --p2p');
  if (values.graphicsuri !== null) throw unsupported('--graphicsuri: clients of a screen are not sent along; they connect anew to the guest where it runs');
  if (values['available-switchover-bandwidth'] !== null) throw unsupported('--available-switchover-bandwidth: the QEMU versions that Vireo was written for do not have it');
}

/** The record that travels with the migration; files are read here, the client's folder being where the user is. */
export async function migrationOptions(context: Pick<CommandContext, 'folder'>, values: MigrateValues): Promise<MigrationOptionsInput> {
  const methods = list(values['comp-methods']);
  const unknown = methods.find((method) => !compressionMethods.some((known) => known === method));
  if (unknown !== undefined) throw invalid(`Unsupported compression method '${unknown}'; there are ${compressionMethods.join(', ')}`);
  return {
    live: values.live,
    persistDestination: values.persistent,
    undefineSource: values.undefinesource,
    paused: values.suspend,
    changeProtection: values['change-protection'],
    copyStorage: values['copy-storage-all'] ? 'all' : values['copy-storage-inc'] ? 'incremental' : 'none',
    copyStorageSynchronousWrites: values['copy-storage-synchronous-writes'],
    unsafe: values.unsafe,
    offline: values.offline,
    tunnelled: values.tunnelled,
    abortOnError: values['abort-on-error'],
    autoConverge: values['auto-converge'],
    rdmaPinAll: values['rdma-pin-all'],
    postcopy: values.postcopy,
    postcopyResume: values['postcopy-resume'],
    tls: values.tls,
    parallel: values.parallel,
    zeroCopy: values.zerocopy,
    compressed: values.compressed,
    destinationName: values.dname,
    destinationXml: values.xml === null ? null : await readTextFile(context, values.xml),
    persistentXml: values['persistent-xml'] === null ? null : await readTextFile(context, values['persistent-xml']),
    migrateDisks: values['migrate-disks'] === null ? null : list(values['migrate-disks']),
    migrateDisksDetectZeroes: list(values['migrate-disks-detect-zeroes']),
    bandwidthMiBps: values.bandwidth,
    postcopyBandwidthMiBps: values['postcopy-bandwidth'],
    listenAddress: values['listen-address'],
    uri: values.migrateuri,
    disksPort: values['disks-port'],
    disksUri: values['disks-uri'],
    compressionMethods: compressionMethods.filter((method) => methods.includes(method)),
    compressionMtLevel: values['comp-mt-level'],
    compressionMtThreads: values['comp-mt-threads'],
    compressionMtDecompressionThreads: values['comp-mt-dthreads'],
    compressionXbzrleCacheBytes: values['comp-xbzrle-cache'],
    compressionZlibLevel: values['comp-zlib-level'],
    compressionZstdLevel: values['comp-zstd-level'],
    autoConvergeInitialPercent: values['auto-converge-initial'],
    autoConvergeIncrementPercent: values['auto-converge-increment'],
    parallelConnections: values['parallel-connections'],
    tlsDestination: values['tls-destination'],
  };
}

function list(words: string | null): string[] {
  return (words ?? '').split(',').map((word) => word.trim()).filter((word) => word !== '');
}

function invalid(text: string): CommandError {
  return new CommandError('INVALID_ARG', text);
}

function unsupported(text: string): CommandError {
  return new CommandError('ARGUMENT_UNSUPPORTED', text);
}
