/** `-rtc` and the timers that are not the processor's; with the time zone that QEMU itself must have for them. */
import { type Clock, systemClock } from '../base/clock.ts';
import type { Accelerator } from '../capabilities/qemu-capabilities.ts';
import { type ClockDefinition, timerOf } from '../conf/clock.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { boardOf } from '../conf/machine-family.ts';
import { type CommandFragment, keyed, plain } from '../devices/command-fragment.ts';

const tracks = { guest: 'vm', wall: 'host', realtime: 'rt', boot: null } as const;

export function clockFragments({ clock, os }: DomainDefinition, accelerator: Accelerator, time: Clock = systemClock): readonly CommandFragment[] {
  const rtc = timerOf(clock, 'rtc');
  const base = keyed('rtc', null, {
    base: startTime(clock, time),
    clock: rtc?.track ? tracks[rtc.track] : null,
    driftfix: rtc?.tickpolicy === 'catchup' ? 'slew' : null,
  });
  const hasPit = accelerator === 'kvm' && boardOf(os.type).hasIsa;
  const pit = timerOf(clock, 'pit');
  const policy = pit ? (pit.tickpolicy ?? 'delay') : null;
  return hasPit && (policy === 'delay' || policy === 'discard') ? [base, plain('global', `kvm-pit.lost_tick_policy=${policy}`)] : [base];
}

/** Local time is the zone's, so QEMU runs in that zone. */
export function clockEnvironment({ clock }: DomainDefinition): Readonly<Record<string, string>> {
  return clock.offset === 'timezone' && clock.timezone !== null ? { TZ: clock.timezone } : {};
}

function startTime(clock: ClockDefinition, time: Clock): string {
  switch (clock.offset) {
    case 'utc':
      return 'utc';
    case 'localtime':
    case 'timezone':
      return 'localtime';
    case 'absolute':
      return isoSeconds((clock.startSeconds ?? 0) * 1000);
    case 'variable': {
      const isLocal = clock.basis === 'localtime';
      const adjustment = typeof clock.adjustment === 'number' ? clock.adjustment : 0;
      if (adjustment === 0) return isLocal ? 'localtime' : 'utc';
      const now = time.wallTime();
      const zoneMs = isLocal ? -new Date(now).getTimezoneOffset() * 60_000 : 0;
      return isoSeconds(now + zoneMs + adjustment * 1000);
    }
  }
}

/** As QEMU reads it, in UTC; what no calendar holds is the calendar's end. */
function isoSeconds(timeMs: number): string {
  const latest = Date.UTC(9999, 11, 31, 23, 59, 59);
  return new Date(Math.min(Math.max(timeMs, 0), latest)).toISOString().slice(0, 19);
}
