/**
 * TLS between the two QEMUs: certificates of this host's folder as an object in QEMU, which the memory stream names by a
 * parameter and an NBD server or client by its id (core/migration/storage).
 */
import { access } from 'node:fs/promises';
import path from 'node:path';
import { VireoError } from '../../base/errors.ts';
import type { WriteMonitor } from '../../job/domain-run.ts';
import type { HostSettings } from '../../status/host-settings.ts';
import type { MigrationParameters, MigrationSide } from './migration-setup.ts';

/** The object's id, on both sides. */
export const migrationTlsId = 'vireo-migrate-tls0';

/** libvirt's default (migrate_tls_x509_cert_dir falls back to default_tls_x509_cert_dir). */
const defaultFolder = '/etc/pki/qemu';

export function migrationTlsFolder(settings: HostSettings): string {
  return settings.migrationTlsFolder ?? defaultFolder;
}

/** @throws OPERATION_INVALID where this host has no certificates for its side. */
export async function requireCertificates(settings: HostSettings, side: MigrationSide): Promise<void> {
  const folder = migrationTlsFolder(settings);
  const needed = side === 'source' ? ['ca-cert.pem'] : ['ca-cert.pem', 'server-cert.pem', 'server-key.pem'];
  for (const file of needed) {
    await access(path.join(folder, file)).catch((error: unknown) => {
      throw new VireoError('OPERATION_INVALID', `host migration TLS directory not configured: '${path.join(folder, file)}' cannot be read`, { cause: error, details: { folder, file } });
    });
  }
}

/** Puts the credentials into QEMU; what a migration before this one left of them goes first. @throws what QEMU says of the certificates. */
export async function addTlsCredentials(monitor: WriteMonitor, settings: HostSettings, side: MigrationSide): Promise<void> {
  await removeTlsCredentials(monitor);
  await monitor.execute('object-add', {
    'qom-type': 'tls-creds-x509',
    id: migrationTlsId,
    dir: migrationTlsFolder(settings),
    endpoint: side === 'source' ? 'client' : 'server',
    // A source always looks whom it sends the guest to.
    'verify-peer': side === 'source' || settings.migrationTlsVerify,
  });
}

/** What makes the memory stream use them. */
export function tlsParameters(side: MigrationSide, destinationName: string | null): MigrationParameters {
  return { 'tls-creds': migrationTlsId, 'tls-hostname': side === 'source' ? (destinationName ?? '') : '' };
}

/** No memory stream uses TLS from now on; before the credentials are removed. */
export const noTlsParameters: MigrationParameters = { 'tls-creds': '', 'tls-hostname': '' };

/** Takes the object out of QEMU where it is there. */
export async function removeTlsCredentials(monitor: WriteMonitor): Promise<void> {
  const objects = await monitor.query('qom-list', { path: '/objects' });
  if (objects.some(({ name }) => name === migrationTlsId)) await monitor.execute('object-del', { id: migrationTlsId });
}
