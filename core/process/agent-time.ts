/** The guest's clock, read and set through its agent. */
import { maximumTimeSeconds } from '../agent/guest-words.ts';
import { VireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import type { Call } from '../job/call.ts';
import { withDomainAgent } from './agent-session.ts';
import type { ProcessContext } from './process-context.ts';

/** A moment since 1970-01-01 in UTC. */
export interface GuestTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

const nsPerSecond = 1_000_000_000;

export async function readGuestTime(context: ProcessContext, call: Call, domain: Domain): Promise<GuestTime> {
  const ns = await withDomainAgent(context, call, domain, 'query', (agent) => agent.execute('guest-get-time'));
  return { seconds: Math.floor(ns / nsPerSecond), nanoseconds: Math.floor(ns % nsPerSecond) };
}

/**
 * Sets the guest's clock and its hardware clock to `time`; null lets the guest take its hardware clock's time. QEMU then
 * forgets the ticks of the PC's hardware clock that it owed the guest, or the guest would run ahead.
 * @throws as `withDomainAgent`.
 */
export async function setGuestTime(context: ProcessContext, call: Call, domain: Domain, time: GuestTime | null): Promise<void> {
  if (time && time.seconds > maximumTimeSeconds) throw new VireoError('INVALID_ARG', `Time '${time.seconds}' is too big for guest agent`, { domain: domain.identity });
  const args = time ? { time: time.seconds * nsPerSecond + time.nanoseconds } : {};
  await withDomainAgent(context, call, domain, 'modify', (agent) => agent.execute('guest-set-time', args));
  const arch = domain.live?.definition.os.type.arch;
  if (arch !== 'x86_64' && arch !== 'i686') return; // only the PC's clock repeats lost ticks
  await using job = await domain.jobs.begin(call, 'modify');
  await job.monitor().execute('rtc-reset-reinjection');
}
