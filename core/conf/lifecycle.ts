/** What happens when the guest ends or sleeps. */
import { attribute, child, childText, type Infer, object, optional, withDefault } from './codec/codec.ts';
import { oneOf, yesNo } from './codec/scalar.ts';
import { section } from './codec/shorthands.ts';

const actions = ['destroy', 'restart', 'preserve', 'rename-restart'] as const;
const sleepState = (name: string) => optional(child(name, object({ enabled: attribute('enabled', yesNo) })));

export const lifecycleFields = {
  onPoweroff: withDefault(childText('on_poweroff', oneOf(actions)), 'destroy'),
  onReboot: withDefault(childText('on_reboot', oneOf(actions)), 'restart'),
  onCrash: withDefault(childText('on_crash', oneOf([...actions, 'coredump-destroy', 'coredump-restart'])), 'destroy'),
  /** What happens when the lock on a disk is lost; null for the lock's own choice. */
  onLockFailure: optional(childText('on_lockfailure', oneOf(['poweroff', 'restart', 'pause', 'ignore']))),
  pm: section('pm', { suspendToMemory: sleepState('suspend-to-mem'), suspendToDisk: sleepState('suspend-to-disk') }),
};

const onCrash = lifecycleFields.onCrash;
export type LifecycleAction = Infer<typeof onCrash>;
