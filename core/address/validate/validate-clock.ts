/** Clock and timers. */
import type { ClockDefinition, ClockTimer } from '../../conf/clock.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { boardOf } from '../../conf/machine-family.ts';
import { contradiction, duplicateOf, unsupported } from './refusals.ts';

/** The end of the year 9999, in seconds since 1970. */
const latestStart = 253_402_300_799;

export function validateClock(definition: DomainDefinition): void {
  const { clock } = definition;
  validateOffset(clock);
  const twice = duplicateOf(clock.timers.map(({ name }) => name));
  if (twice !== undefined) contradiction(`clock has two timers with the name '${twice}'`);
  for (const timer of clock.timers) {
    validateAttributes(timer);
    validateTimer(timer, definition);
  }
}

function validateOffset({ offset, adjustment, timezone, startSeconds }: ClockDefinition): void {
  if (offset === 'timezone' && timezone === null) contradiction("clock offset 'timezone' needs a timezone");
  if (offset === 'absolute' && startSeconds === null) contradiction("clock offset 'absolute' needs a start");
  if (offset === 'absolute' && (startSeconds ?? 0) > latestStart) contradiction(`clock start ${startSeconds} is later than ${latestStart}, the end of the year 9999`);
  if (offset === 'variable' && adjustment === 'reset') contradiction("clock offset 'variable' takes an adjustment in seconds, not 'reset'");
}

/** Attributes that only some timers have. */
function validateAttributes({ name, tickpolicy, frequencyHz, mode, track, catchup }: ClockTimer): void {
  if (tickpolicy !== null && (name === 'kvmclock' || name === 'hypervclock')) unsupported(`timer '${name}' has no tickpolicy`);
  if (catchup && tickpolicy !== 'catchup') contradiction(`timer '${name}' has catchup settings without the tickpolicy 'catchup'`);
  if (frequencyHz && name !== 'tsc') unsupported(`timer '${name}' has no frequency`);
  if (mode !== null && name !== 'tsc') unsupported(`timer '${name}' has no mode`);
  if (track !== null && name !== 'rtc' && name !== 'platform') unsupported(`timer '${name}' has no track`);
}

function validateTimer({ name, present, tickpolicy, track }: ClockTimer, { type, os }: DomainDefinition): void {
  const isX86 = os.type.arch === 'x86_64' || os.type.arch === 'i686';
  const policy = (allowed: readonly string[]): void => {
    if (tickpolicy !== null && !allowed.includes(tickpolicy)) unsupported(`timer '${name}' does not support tickpolicy '${tickpolicy}'`);
  };
  switch (name) {
    case 'platform':
      return unsupported("timer 'platform' is not supported by QEMU");
    case 'rtc':
      if (track === 'boot') unsupported("timer 'rtc' does not support track 'boot'");
      return policy(['delay', 'catchup']);
    case 'pit':
      return policy(['delay', 'catchup', 'discard']);
    case 'hpet':
      if (present && (!isX86 || boardOf(os.type).name === 'microvm')) unsupported(`timer 'hpet' is not there on machine '${os.type.machine}'`);
      return;
    case 'tsc':
    case 'kvmclock':
    case 'hypervclock':
      if (present && !isX86) unsupported(`timer '${name}' is not there on arch '${os.type.arch}'`);
      return;
    case 'armvtimer':
      if (type !== 'kvm' || boardOf(os.type).name !== 'arm-virt') unsupported(`timer 'armvtimer' is for KVM on the ARM machine 'virt', not for domain type '${type}' on '${os.type.machine}'`);
      if (present === false) unsupported("timer 'armvtimer' cannot be switched off");
      return policy(['delay', 'discard']);
  }
}
