/** Where the source's QEMU connects to. */
import { VireoError } from '../../base/errors.ts';
import { formatMigrationUri, parseMigrationUri } from '../migration-uri.ts';

/** A migration URI in QEMU's form. @throws INVALID_ARG, OPERATION_UNSUPPORTED. */
export function qemuUri(uri: string): string {
  if (uri.startsWith('rdma:')) throw new VireoError('OPERATION_UNSUPPORTED', 'outgoing RDMA migration is not supported', { details: { uri } });
  const address = parseMigrationUri(uri);
  if (address.type === 'tcp' && (address.host === '' || address.port === null)) throw new VireoError('INVALID_ARG', `migration URI '${uri}' names no host and port`, { details: { uri } });
  return formatMigrationUri(address);
}

/** The host in it, without brackets; null where it names none. */
export function hostOf(uri: string): string | null {
  if (!uri.startsWith('tcp:')) return null;
  const address = parseMigrationUri(uri);
  return address.type === 'tcp' && address.host !== '' ? address.host : null;
}
