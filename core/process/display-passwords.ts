/**
 * Passwords of displays. They are told over the monitor: an argument of QEMU can be read by everybody on the host. A
 * display that was started for a password lets nobody in until it has one. One that the network can reach without any is
 * told in the domain's log.
 */
import { devicesOf } from '../conf/device-definition.ts';
import { expiryOf, passwordOf, warningOf } from '../devices/graphics/display-access.ts';
import type { StartState } from './start-state.ts';

export async function setDisplayPasswords({ context, domain, live, job }: StartState): Promise<void> {
  for (const { backend } of devicesOf(live.definition.devices, 'graphics')) {
    const warning = warningOf(backend, context.settings);
    // A log that cannot be written is no reason to refuse what the user asked for.
    if (warning !== null) await context.domainLog(domain.uuid).line(`warning: ${backend.type.toUpperCase()}: ${warning}`, context.clock.wallTime()).catch(() => {});
    const password = passwordOf(backend, context.settings);
    if ((backend.type !== 'vnc' && backend.type !== 'spice') || password === null || password === '') continue; // QEMU lets nobody in who asks for none, and would take the empty one for one
    const { type: protocol, connected } = backend;
    await job.nest((monitor) => monitor.execute('set_password', { protocol, password, ...(connected === null ? {} : { connected }) }));
    const expiry = expiryOf(backend);
    await job.nest((monitor) => monitor.execute('expire_password', { protocol, time: expiry === null ? 'never' : String(expiry) }));
  }
}
