/** An entry as one plain sentence, for the command and the windows alike. */
import { visibleText } from '../agent/guest-text.ts';
import type { RunAccount, TimelineEntry } from './timeline-entry.ts';

/** How a moment is written: in full by the command, short by a window. */
export type MomentInWords = (atMs: number) => string;

/** One line, without anything that a terminal would take for a command: a guest may have a say in what QEMU prints. */
export function entryInWords(entry: TimelineEntry, moment: MomentInWords): string {
  return visibleText(sentenceOf(entry, moment));
}

function sentenceOf(entry: TimelineEntry, moment: MomentInWords): string {
  switch (entry.kind) {
    case 'lifecycle':
      return lifecycleInWords(entry);
    case 'qmp':
      return qmpInWords(entry);
    case 'action':
      return actionInWords(entry);
    case 'stderr':
      return stderrInWords(entry);
    case 'agent':
      return `The guest agent is ${text(entry, 'detail') ?? 'in another state'}`;
    case 'job':
      return jobInWords(entry);
    case 'driver':
      return driverInWords(entry, moment);
  }
}

/** How QEMU ended, without a full stop. */
export function endingInWords({ signal, exitCode, endedByDriver }: Pick<RunAccount, 'signal' | 'exitCode' | 'endedByDriver'>): string {
  const isKnown = signal !== null || exitCode !== null;
  if (endedByDriver) return isKnown ? `Vireo ended QEMU (${signal ?? `exit code ${exitCode}`})` : 'Vireo ended QEMU';
  if (!isKnown) return 'How QEMU ended is not known: this driver did not start it';
  return signal === null ? `QEMU exited with code ${exitCode}, which Vireo had not asked for` : `QEMU was ended by ${signal}`;
}

/** `event`, and `event detail` where the detail makes it another sentence. */
const lifecycleWords: Readonly<Record<string, string>> = {
  'defined added': 'Defined',
  'defined updated': 'Defined anew',
  undefined: 'Undefined; its logs stay',
  'started booted': 'Started',
  'started wakeup': 'The guest woke up',
  'suspended paused': 'Paused',
  'suspended ioerror': 'Paused, because a disk failed',
  'suspended watchdog': 'Paused by its watchdog',
  'resumed unpaused': 'Resumed',
  resumed: 'Resumed',
  'stopped shutdown': 'Shut down',
  'stopped destroyed': 'Forced off',
  'stopped crashed': 'Crashed',
  'stopped failed': 'Ended, because it could not go on',
  'shutdown guest': 'The guest has shut down',
  'shutdown host': 'The guest was shut down from outside',
  'crashed panicked': "The guest's kernel panicked",
  pmsuspended: 'The guest went to sleep',
  reboot: 'The guest rebooted',
  'reboot host': 'The guest was reset',
  'rtc-change': 'The guest set its clock',
  watchdog: 'The watchdog fired',
  'io-error': 'A disk failed',
  'control-error': 'QEMU stopped answering',
  'balloon-change': 'The memory balloon moved',
  'disk-change': 'A disk was left out, because its image is missing',
  'console-trigger': 'A console said what is waited for',
  ended: 'Ended',
};

function lifecycleInWords(entry: TimelineEntry): string {
  const { what, account } = entry;
  const detail = text(entry, 'detail');
  if (what === 'state') return account && isOff(entry) ? `The start failed. ${endingInWords(account)}` : `Now ${stateOf(entry)}`;
  const both = lifecycleWords[`${what} ${detail}`];
  const words = both ?? `${lifecycleWords[what] ?? sentence(what)}${detail === null ? '' : ` (${detail})`}`;
  return account && !account.endedByDriver ? `${words}. ${endingInWords(account)}` : words;
}

function isOff(entry: TimelineEntry): boolean {
  return text(entry, 'state') === 'shut off';
}

function stateOf(entry: TimelineEntry): string {
  const reason = text(entry, 'reason');
  return `${text(entry, 'state') ?? 'in another state'}${reason === null || reason === 'unknown' ? '' : ` (${reason})`}`;
}

function qmpInWords(entry: TimelineEntry): string {
  const data = text(entry, 'data');
  const more = count(entry, 'more');
  const tail = data === null ? '' : ` ${data}`;
  return more === null ? `${entry.what}${tail}` : `${entry.what}, ${more} more of them; the last${tail === '' ? ' said nothing else' : tail}`;
}

function stderrInWords(entry: TimelineEntry): string {
  const line = text(entry, 'line') ?? '';
  const more = count(entry, 'more');
  return more === null ? line : `${more} more lines; the last: ${line}`;
}

/** What a method does, where its name does not say it well. */
const actionWords: Readonly<Record<string, string>> = {
  domainCreate: 'Start',
  domainCreateXML: 'Start from a definition',
  domainDefineXML: 'Define',
  domainDestroy: 'Force off',
  domainShutdown: 'Shut down',
  domainReboot: 'Reboot',
  domainReset: 'Reset',
  domainSuspend: 'Pause',
  domainResume: 'Resume',
  domainUndefine: 'Undefine',
  domainSetAutostart: 'Set autostart',
  domainAbortJob: 'Cancel the job',
  domainInjectNMI: 'Send an NMI',
  domainGraphicsReload: 'Read the display’s certificates anew',
  domainSendKey: 'Press keys',
  domainSetUserPassword: "Set a user's password",
  domainFSFreeze: 'Freeze file systems',
  domainFSThaw: 'Thaw file systems',
  domainFSTrim: 'Trim file systems',
  domainCoreDump: 'Dump memory',
  domainCoreDumpWithFormat: 'Dump memory',
  domainSave: 'Save to a file',
  domainRestore: 'Restore from a file',
  domainManagedSave: 'Save',
  domainManagedSaveRemove: 'Discard the saved state',
  domainManagedSaveDefineXML: 'Change the definition in the saved state',
  domainSetTime: "Set the guest's clock",
  domainGuestExec: 'Run a program in the guest',
  domainPMSuspendForDuration: 'Put the guest to sleep',
  domainPMWakeup: 'Wake the guest',
  domainAuthorizedSSHKeysSet: "Change a user's SSH keys",
  qemuDomainMonitorCommand: "A command for QEMU's monitor",
  qemuDomainAgentCommand: 'A command for the guest agent',
  domainSetConsoleTriggers: 'Set what is waited for on consoles',
  sampleGuestDefine: 'Define the sample guest',
};

function actionInWords(entry: TimelineEntry): string {
  const { what, by, outcome, details } = entry;
  const name = actionWords[what] ?? sentence(what.replace(/^(domain|connect|qemuDomain)/, '').replaceAll(/([a-z])([A-Z])/g, '$1 $2'));
  const parts = Object.entries(details).map(([key, value]) => (value === true ? key : `${key} ${String(value)}`));
  const asked = `${name}${parts.length === 0 ? '' : ` (${parts.join(', ')})`}, asked by ${by?.client ?? 'somebody'}`;
  if (!outcome) return asked;
  const took = seconds(outcome.durationMs);
  if (outcome.ok) return `${asked}: done in ${took}`;
  const why = outcome.error?.message ?? '';
  return `${asked}: not done, after ${took}${why === '' ? '' : `: ${why}`}`;
}

function jobInWords(entry: TimelineEntry): string {
  const { what, by } = entry;
  const job = `The ${text(entry, 'job') ?? 'long'} job of ${by?.client ?? 'somebody'}`;
  const duration = count(entry, 'durationMs');
  if (what === 'began') return `${job} began`;
  if (what === 'abort-asked') return `${job} was asked to end`;
  return `${job} ended${duration === null ? '' : ` after ${seconds(duration)}`}`;
}

function driverInWords(entry: TimelineEntry, moment: MomentInWords): string {
  const { what, details } = entry;
  const at = (name: string): string => moment(count(entry, name) ?? entry.atMs);
  const pid = count(entry, 'pid');
  switch (what) {
    case 'spawned':
      return `QEMU ${text(entry, 'qemuVersion') ?? ''} began with ${text(entry, 'accelerator') ?? 'its accelerator'}, process ${pid ?? 'unknown'}`;
    case 'found':
      return `A new driver found the guest ${stateOf(entry)}, process ${pid ?? 'unknown'}${typeof details['unfinished'] === 'string' ? `, in the middle of a ${details['unfinished']} job` : ''}`;
    case 'reached':
      return `QEMU answers the new driver: ${stateOf(entry)}`;
    case 'nobody-watched':
      return details['letGo'] === true ? `No driver watched from ${at('fromMs')} to ${at('toMs')}` : `The driver was killed after ${at('fromMs')}; nobody watched until ${at('toMs')}`;
    case 'let-go':
      return 'The driver closed; the guest runs on, unwatched';
    case 'machine-restarted':
      return 'The machine was started anew; nobody saw how the guest ended';
    case 'entries-lost':
      return `${count(entry, 'count') ?? 'Some'} entries are missing, from ${at('fromMs')} to ${at('toMs')}: ${text(entry, 'why') ?? 'nobody knows why'}`;
    default:
      return sentence(what);
  }
}

/** `4 ms`, `0.4 s`, `12 s`, `3 min 20 s`. */
function seconds(durationMs: number): string {
  if (durationMs < 100) return `${Math.round(durationMs)} ms`;
  if (durationMs < 10_000) return `${(durationMs / 1000).toFixed(1)} s`;
  const whole = Math.round(durationMs / 1000);
  return whole < 120 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

function text({ details }: TimelineEntry, name: string): string | null {
  const value = details[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

function count({ details }: TimelineEntry, name: string): number | null {
  const value = details[name];
  return typeof value === 'number' ? value : null;
}

/** `disk-change` as `Disk change`, `Get Info` as `Get info`. */
function sentence(words: string): string {
  const plain = words.replaceAll('-', ' ').toLowerCase();
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}
