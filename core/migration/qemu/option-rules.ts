/** What of a migration's options excludes what, before any host is asked (libvirt 11.3: libvirt-domain.c, qemu_migration.c, qemu_migration_params.c). */
import { type ErrorCode, VireoError } from '../../base/errors.ts';
import type { MigrationOptions } from '../migration-options.ts';

interface Rule {
  readonly broken: (options: MigrationOptions) => boolean;
  readonly code: ErrorCode;
  readonly text: string | ((options: MigrationOptions) => string);
}

const uses = ({ compressionMethods }: MigrationOptions, method: MigrationOptions['compressionMethods'][number]): boolean => compressionMethods.includes(method);
const serialMethod = ({ compressionMethods }: MigrationOptions): string | undefined => compressionMethods.find((method) => method === 'mt' || method === 'xbzrle');
const parallelMethod = ({ compressionMethods }: MigrationOptions): string | undefined => compressionMethods.find((method) => method === 'zlib' || method === 'zstd');
const twice = ({ compressionMethods }: MigrationOptions): string | undefined => compressionMethods.find((method, at) => compressionMethods.indexOf(method) !== at);

/** In the order in which they are told. */
const rules: readonly Rule[] = [
  { broken: ({ rdmaPinAll }) => rdmaPinAll, code: 'OPERATION_UNSUPPORTED', text: 'memory is pinned for RDMA only, and migrations go over TCP, a socket or a tunnel here' },
  { broken: ({ postcopy, live, paused }) => postcopy && (!live || paused), code: 'ARGUMENT_UNSUPPORTED', text: 'post-copy migration is not supported with non-live or paused migration' },
  { broken: ({ postcopy, tunnelled }) => postcopy && tunnelled, code: 'ARGUMENT_UNSUPPORTED', text: 'post-copy is not supported with tunnelled migration' },
  { broken: ({ postcopyResume, postcopy }) => postcopyResume && !postcopy, code: 'ARGUMENT_UNSUPPORTED', text: 'resuming failed post-copy migration requires post-copy to be enabled' },
  { broken: ({ offline, copyStorage }) => offline && copyStorage !== 'none', code: 'OPERATION_INVALID', text: 'offline migration cannot handle non-shared storage' },
  { broken: ({ offline, persistDestination }) => offline && !persistDestination, code: 'OPERATION_INVALID', text: 'offline migration must be specified with the persistent flag set' },
  { broken: ({ offline, tunnelled }) => offline && tunnelled, code: 'OPERATION_INVALID', text: 'tunnelled offline migration does not make sense' },
  { broken: ({ zeroCopy, parallel }) => zeroCopy && !parallel, code: 'OPERATION_INVALID', text: 'zero-copy is only available for parallel migration' },
  { broken: ({ zeroCopy, tls }) => zeroCopy && tls, code: 'ARGUMENT_UNSUPPORTED', text: 'zero-copy is not possible with TLS: what is encrypted is copied' },
  { broken: ({ tunnelled, parallel }) => tunnelled && parallel, code: 'INVALID_ARG', text: 'a tunnel is one connection: parallel migration is not possible through it' },
  { broken: ({ tunnelled, tls }) => tunnelled && tls, code: 'INVALID_ARG', text: 'a tunnel goes through the connection between the hosts, which protects it: TLS of its own is not supported' },
  { broken: ({ tunnelled, copyStorage }) => tunnelled && copyStorage !== 'none', code: 'OPERATION_UNSUPPORTED', text: 'migration of non-shared storage is not supported with tunnelled migration and this QEMU' },
  { broken: ({ tunnelled, uri, listenAddress }) => tunnelled && (uri !== null || listenAddress !== null), code: 'INVALID_ARG', text: 'a tunnelled migration listens nowhere: it takes no migration URI and no listen address' },
  { broken: ({ migrateDisks, copyStorage }) => migrateDisks !== null && copyStorage === 'none', code: 'OPERATION_UNSUPPORTED', text: 'disks to migrate can be chosen only where non-shared storage is copied' },
  { broken: ({ migrateDisksDetectZeroes, copyStorage }) => migrateDisksDetectZeroes.length > 0 && copyStorage === 'none', code: 'OPERATION_UNSUPPORTED', text: 'zeroes of disks can be looked for only where non-shared storage is copied' },
  { broken: ({ copyStorageSynchronousWrites, copyStorage }) => copyStorageSynchronousWrites && copyStorage === 'none', code: 'INVALID_ARG', text: 'synchronous writes need non-shared storage to be copied' },
  { broken: ({ disksPort, disksUri }) => disksPort !== null && disksUri !== null, code: 'INVALID_ARG', text: 'both port and URI requested for disk migration while being mutually exclusive' },
  { broken: (options) => twice(options) !== undefined, code: 'INVALID_ARG', text: (options) => `Compression method '${twice(options)}' is specified twice` },
  { broken: (options) => options.parallel && serialMethod(options) !== undefined, code: 'INVALID_ARG', text: (options) => `Compression method '${serialMethod(options)}' isn't supported with parallel migration` },
  { broken: (options) => !options.parallel && parallelMethod(options) !== undefined, code: 'INVALID_ARG', text: (options) => `Compression method '${parallelMethod(options)}' is only supported with parallel migration` },
  { broken: (options) => uses(options, 'zlib') && uses(options, 'zstd'), code: 'INVALID_ARG', text: 'Only one compression method could be specified with parallel compression' },
  { broken: ({ compressed, parallel, compressionMethods }) => compressed && parallel && compressionMethods.length === 0, code: 'INVALID_ARG', text: 'No compression algorithm selected for parallel migration' },
  { broken: ({ zeroCopy, compressionMethods }) => zeroCopy && compressionMethods.length > 0, code: 'ARGUMENT_UNSUPPORTED', text: 'zero-copy is not possible with compression: what is compressed is copied' },
  { broken: (options) => tunesMt(options) && !uses(options, 'mt'), code: 'INVALID_ARG', text: 'Turn multithread compression on to tune it' },
  { broken: (options) => options.compressionXbzrleCacheBytes !== null && !usesXbzrle(options), code: 'INVALID_ARG', text: 'Turn xbzrle compression on to tune it' },
  { broken: (options) => options.compressionZlibLevel !== null && !uses(options, 'zlib'), code: 'INVALID_ARG', text: 'Turn zlib compression on to tune it' },
  { broken: (options) => options.compressionZstdLevel !== null && !uses(options, 'zstd'), code: 'INVALID_ARG', text: 'Turn zstd compression on to tune it' },
  { broken: ({ parallelConnections, parallel }) => parallelConnections !== null && !parallel, code: 'INVALID_ARG', text: 'Turn parallel migration on to tune it' },
  { broken: ({ autoConvergeInitialPercent, autoConvergeIncrementPercent, autoConverge }) => (autoConvergeInitialPercent !== null || autoConvergeIncrementPercent !== null) && !autoConverge, code: 'INVALID_ARG', text: 'Turn auto convergence on to tune it' },
  { broken: ({ postcopyBandwidthMiBps, postcopy }) => postcopyBandwidthMiBps !== null && !postcopy, code: 'INVALID_ARG', text: 'Turn post-copy on to limit its bandwidth' },
  { broken: ({ tlsDestination, tls }) => tlsDestination !== null && !tls, code: 'INVALID_ARG', text: 'Turn TLS on to name whom the certificate must be of' },
];

/** Without a method of its own `--compressed` is XBZRLE, as in libvirt. */
export function usesXbzrle(options: MigrationOptions): boolean {
  return uses(options, 'xbzrle') || (options.compressed && !options.parallel && options.compressionMethods.length === 0);
}

function tunesMt({ compressionMtLevel, compressionMtThreads, compressionMtDecompressionThreads }: MigrationOptions): boolean {
  return compressionMtLevel !== null || compressionMtThreads !== null || compressionMtDecompressionThreads !== null;
}

/** @throws the first rule that they break, in libvirt's words where it has the rule. */
export function checkMigrationOptions(options: MigrationOptions): void {
  for (const { broken, code, text } of rules) {
    if (broken(options)) throw new VireoError(code, typeof text === 'string' ? text : text(options));
  }
}
