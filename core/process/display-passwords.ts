/**
 * Passwords of displays. They are told over the monitor: an argument of QEMU can be read by everybody on the host. A
 * display that was started for a password lets nobody in until it has one.
 */
import { devicesOf } from '../conf/device-definition.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { AsyncJob } from '../job/handles.ts';

export async function setDisplayPasswords(live: LiveDomain, job: AsyncJob<'start'>): Promise<void> {
  for (const { backend } of devicesOf(live.definition.devices, 'graphics')) {
    if ((backend.type !== 'vnc' && backend.type !== 'spice') || backend.password === null) continue;
    const { type: protocol, password, connected, passwordValidTo } = backend;
    await job.nest((monitor) => monitor.execute('set_password', { protocol, password, ...(connected === null ? {} : { connected }) }));
    const time = passwordValidTo === null ? 'never' : String(Math.floor(Date.parse(`${passwordValidTo}Z`) / 1000));
    await job.nest((monitor) => monitor.execute('expire_password', { protocol, time }));
  }
}
