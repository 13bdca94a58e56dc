/** What a person can do to a domain: the name, when it makes sense, and the call it is. */
import type { Client } from '../../core/api/client.ts';
import { asVireoError } from '../../core/base/errors.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { isActiveState } from '../../core/domain/domain-state.ts';

export type DomainAction = 'start' | 'pause' | 'resume' | 'shutdown' | 'reboot' | 'reset' | 'forceOff' | 'injectNmi' | 'save' | 'startFresh' | 'discardSaved' | 'undefine';

export interface DomainActionTerms {
  readonly label: string;
  /** The label while it is under way. */
  readonly busyLabel: string;
  /** What did not happen, after the domain's name. */
  readonly failed: string;
  /** virsh's command, and what it does in a plain sentence. */
  readonly hint: string;
  /** Whether it may lose what the guest has not written, or the definition itself: asked before it is done. */
  readonly lossy: boolean;
  readonly applies: (summary: DomainSummary) => boolean;
  readonly run: (client: Client, uuid: string, options: ActionOptions) => Promise<unknown>;
}

/** What the question before an action may have been answered with. */
export interface ActionOptions {
  /** Undefining deletes the firmware's variables and what an emulated TPM holds too. */
  readonly deletesKept: boolean;
}

export const usualOptions: ActionOptions = { deletesKept: false };

/** While QEMU is being started the guest is paused too, but goes on by itself; one that is being saved is nobody's to resume. */
export function isResumable(summary: DomainSummary): boolean {
  return summary.state === 'paused' && summary.reason !== 'starting up' && summary.reason !== 'saving';
}

/** It takes as long as the disk does; who waits no longer cancels it. */
const longestMs = 24 * 3_600_000;

const isSaved = (summary: DomainSummary): boolean => summary.state === 'shut off' && summary.hasManagedSave;

/** Whoever called it off knows. */
function unlessCalledOff(thrown: unknown): null {
  if (asVireoError(thrown).code === 'OPERATION_ABORTED') return null;
  throw thrown;
}

const isActive = (summary: DomainSummary): boolean => isActiveState(summary.state);

export const domainActions: Readonly<Record<DomainAction, DomainActionTerms>> = {
  start: {
    label: 'Start', busyLabel: 'Starting', failed: 'was not started', hint: 'Boots the guest, or goes on where it was saved (virsh start).', lossy: false,
    applies: (summary) => summary.state === 'shut off',
    run: (client, domain) => client.call('domainCreate', { domain }),
  },
  pause: {
    label: 'Pause', busyLabel: 'Pausing', failed: 'was not paused', hint: 'Freezes the guest in memory (virsh suspend).', lossy: false,
    applies: (summary) => summary.state === 'running',
    run: (client, domain) => client.call('domainSuspend', { domain }),
  },
  resume: {
    label: 'Resume', busyLabel: 'Resuming', failed: 'was not resumed', hint: 'Lets a paused guest go on (virsh resume).', lossy: false,
    applies: isResumable,
    run: (client, domain) => client.call('domainResume', { domain }),
  },
  shutdown: {
    label: 'Shut down', busyLabel: 'Asking the guest', failed: 'was not asked to shut down', hint: 'Asks the guest to power off (virsh shutdown).', lossy: false,
    applies: (summary) => summary.state === 'running',
    run: (client, domain) => client.call('domainShutdown', { domain }),
  },
  reboot: {
    label: 'Reboot', busyLabel: 'Asking the guest', failed: 'was not asked to reboot', hint: 'Asks the guest to reboot (virsh reboot).', lossy: false,
    applies: (summary) => summary.state === 'running',
    run: (client, domain) => client.call('domainReboot', { domain }),
  },
  reset: {
    label: 'Reset', busyLabel: 'Resetting', failed: 'was not reset', hint: 'Presses the reset button (virsh reset).', lossy: true,
    applies: isActive,
    run: (client, domain) => client.call('domainReset', { domain }),
  },
  forceOff: {
    label: 'Force off', busyLabel: 'Forcing off', failed: 'was not forced off', hint: 'Pulls the plug (virsh destroy).', lossy: true,
    applies: isActive,
    run: (client, domain) => client.call('domainDestroy', { domain }),
  },
  injectNmi: {
    label: 'Send NMI', busyLabel: 'Sending', failed: 'was not sent an NMI', hint: 'Interrupts the guest so that it cannot look away (virsh inject-nmi).', lossy: true,
    applies: (summary) => summary.state === 'running',
    run: (client, domain) => client.call('domainInjectNMI', { domain }),
  },
  save: {
    label: 'Save', busyLabel: 'Saving', failed: 'was not saved', hint: 'Keeps what is in the guest\'s memory and turns it off; the next start goes on there (virsh managedsave).', lossy: false,
    applies: (summary) => summary.persistent && (summary.state === 'running' || isResumable(summary)),
    run: (client, domain) => client.call('domainManagedSave', { domain }, { timeoutMs: longestMs }).catch(unlessCalledOff),
  },
  startFresh: {
    label: 'Start fresh', busyLabel: 'Starting', failed: 'was not started', hint: 'Boots the guest and discards what was saved (virsh start --force-boot).', lossy: true,
    applies: isSaved,
    run: (client, domain) => client.call('domainCreate', { domain, forceBoot: true }),
  },
  discardSaved: {
    label: 'Discard saved state', busyLabel: 'Discarding', failed: 'is still saved', hint: 'Forgets what was saved; the next start boots (virsh managedsave-remove).', lossy: true,
    applies: isSaved,
    run: (client, domain) => client.call('domainManagedSaveRemove', { domain }),
  },
  undefine: {
    label: 'Undefine', busyLabel: 'Undefining', failed: 'was not undefined', hint: 'Forgets the definition (virsh undefine).', lossy: true,
    applies: (summary) => summary.persistent,
    run: (client, domain, { deletesKept }) => client.call('domainUndefine', { domain, nvram: deletesKept ? 'remove' : 'keep', keepTpm: !deletesKept, managedSave: true }),
  },
};

/** The sentences of the question that comes before a lossy action. */
export function lossOf(action: DomainAction, summary: DomainSummary): string {
  if (action === 'reset') return 'The guest restarts at once, as by its reset button. What it has not written to its disks is lost.';
  if (action === 'forceOff') return 'The guest stops at once, as if its plug were pulled. What it has not written to its disks is lost.';
  if (action === 'injectNmi') return 'A non-maskable interrupt is meant for a guest that hangs. Many systems take it as an order to crash: Windows does, Linux where it was told to. What was not written to its disks is lost then.';
  if (action === 'startFresh') return 'The guest boots. What was in its memory when it was saved is lost, as if its plug had been pulled then.';
  if (action === 'discardSaved') return 'What was in the guest\'s memory when it was saved is lost, as if its plug had been pulled then. The next start boots.';
  if (summary.hasManagedSave) return 'The definition is forgotten, and the saved state of the guest with it. Disk images are kept.';
  return isActive(summary)
    ? 'The definition is forgotten. The guest keeps running and is gone once it stops. Its disk images and firmware variables are kept.'
    : 'The definition is forgotten. Disk images are kept.';
}
