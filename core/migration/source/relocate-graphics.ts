/** Spice clients are told before the migration where the guest's screen will be, and follow it by themselves (H2). */
import { devicesOf } from '../../conf/device-definition.ts';
import type { LiveDomain } from '../../domain/live-domain.ts';
import type { AsyncJob } from '../../job/handles.ts';
import { isQemuError } from '../../monitor/qemu-error.ts';
import type { MigrationCookie } from '../cookie/migration-cookie.ts';

const anyAddress = new Set(['', '0.0.0.0', '::', '*']);
const loopback = /^(127\.|::1$|localhost$)/;

/** @param peerHost how the destination is reached, where its display listens on every address. @returns whether clients were told; one that cannot follow is no reason to stay. */
export async function relocateGraphics(job: AsyncJob<'migration-out'>, { definition }: LiveDomain, cookie: MigrationCookie | null, peerHost: string | null): Promise<boolean> {
  const graphics = cookie?.graphics ?? null;
  const hasSpice = devicesOf(definition.devices, 'graphics').some(({ backend }) => backend.type === 'spice');
  if (!hasSpice || graphics?.type !== 'spice') return false;
  const hostname = anyAddress.has(graphics.listen) || loopback.test(graphics.listen) ? (peerHost ?? graphics.listen) : graphics.listen;
  const ports = { ...(graphics.port > 0 ? { port: graphics.port } : {}), ...(graphics.tlsPort !== null && graphics.tlsPort > 0 ? { 'tls-port': graphics.tlsPort } : {}) };
  if (Object.keys(ports).length === 0 || hostname === '') return false;
  try {
    await job.nest((monitor) => monitor.execute('client_migrate_info', { protocol: 'spice', hostname, ...ports, ...(graphics.tlsSubject === null ? {} : { 'cert-subject': graphics.tlsSubject }) }));
    return true;
  } catch (error) {
    if (isQemuError(error)) return false;
    throw error;
  }
}
