/** Certificates that were renewed, read by a display that runs on: nobody who looks is disconnected. */
import { VireoError } from '../base/errors.ts';
import { devicesOf } from '../conf/device-definition.ts';
import { vncCertificates } from '../devices/graphics/display-access.ts';
import type { Domain } from '../domain/domain.ts';
import type { Call } from '../job/call.ts';
import { requireLive } from './power.ts';
import type { ProcessContext } from './process-context.ts';

/**
 * VNC is the only kind that QEMU can do this for (6.0). @throws OPERATION_INVALID where the domain does not run,
 * OPERATION_UNSUPPORTED where it has no VNC display with certificates.
 */
export async function reloadDisplays(context: ProcessContext, call: Call, domain: Domain): Promise<void> {
  await using job = await domain.jobs.begin(call, 'modify');
  const live = requireLive(domain);
  const hasCertificates = devicesOf(live.definition.devices, 'graphics').some(({ backend }) => vncCertificates(backend, context.settings) !== null);
  if (!hasCertificates) throw new VireoError('OPERATION_UNSUPPORTED', 'the domain has no VNC display with TLS, whose certificates could be read anew', { domain: domain.identity });
  await job.monitor().execute('display-reload', { type: 'vnc', 'tls-certs': true });
}
