/** `<clock>`: what time the guest's clock starts with, and the timers that it may count with. */
import { attribute, child, children, type Infer, mapped, object, optional, withDefault } from './codec/codec.ts';
import { integer, oneOf, type Scalar, someText, unsigned, yesNo } from './codec/scalar.ts';
import { section } from './codec/shorthands.ts';

const seconds = integer(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);

/** A number of seconds, or `reset`: back to the host's time at every start. */
const adjustment: Scalar<number | 'reset'> = {
  parse: (text) => (text === 'reset' ? 'reset' : seconds.parse(text)),
  format: String,
  allowed: "a number of seconds, or 'reset'",
  shape: { type: 'values', values: ['reset', 0, 3600, -7200] },
};

const timerCodec = object({
  name: attribute('name', oneOf(['platform', 'pit', 'rtc', 'hpet', 'tsc', 'kvmclock', 'hypervclock', 'armvtimer'])),
  present: optional(attribute('present', yesNo)),
  tickpolicy: optional(attribute('tickpolicy', oneOf(['delay', 'catchup', 'merge', 'discard']))),
  track: optional(attribute('track', oneOf(['boot', 'guest', 'wall', 'realtime']))),
  frequencyHz: optional(attribute('frequency', integer(0, Number.MAX_SAFE_INTEGER))),
  mode: optional(attribute('mode', oneOf(['auto', 'native', 'emulate', 'paravirt', 'smpsafe']))),
  catchup: section('catchup', {
    threshold: optional(attribute('threshold', unsigned)),
    slew: optional(attribute('slew', unsigned)),
    limit: optional(attribute('limit', unsigned)),
  }),
});

const writtenClock = object({
  offset: withDefault(attribute('offset', oneOf(['utc', 'localtime', 'timezone', 'variable', 'absolute'])), 'utc'),
  adjustment: optional(attribute('adjustment', adjustment)),
  basis: optional(attribute('basis', oneOf(['utc', 'localtime']))),
  timezone: optional(attribute('timezone', someText)),
  /** Seconds since 1970 in UTC, for offset 'absolute'. */
  startSeconds: optional(attribute('start', integer(0, Number.MAX_SAFE_INTEGER))),
  timers: children('timer', timerCodec),
});

export type ClockDefinition = Infer<typeof writtenClock>;
export type ClockTimer = ClockDefinition['timers'][number];

/** UTC or local time with a number of seconds is what 'variable' says with a basis; libvirt prints only that. */
function normalize(clock: ClockDefinition): ClockDefinition {
  if ((clock.offset === 'utc' || clock.offset === 'localtime') && typeof clock.adjustment === 'number') {
    return { ...clock, offset: 'variable', basis: clock.offset };
  }
  if (clock.offset === 'variable') return { ...clock, adjustment: clock.adjustment ?? 0, basis: clock.basis ?? 'utc' };
  return clock;
}

export const clockElement = mapped(
  withDefault(child('clock', writtenClock), { offset: 'utc', adjustment: null, basis: null, timezone: null, startSeconds: null, timers: [] }),
  normalize,
  (clock) => clock,
);

/** The first timer of that name, null where nothing is said of it. */
export function timerOf(clock: ClockDefinition, name: ClockTimer['name']): ClockTimer | null {
  return clock.timers.find((timer) => timer.name === name) ?? null;
}
