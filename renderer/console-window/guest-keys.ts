/** Keys that a keyboard, a desktop or a window manager does not let through to a guest, as a menu sends them. */

export interface GuestKey {
  readonly label: string;
  /** What it does to most guests. */
  readonly hint: string;
  readonly text: string;
}

export const controlKeys: readonly GuestKey[] = [
  { label: 'Ctrl+C', hint: 'interrupt', text: '\u0003' },
  { label: 'Ctrl+D', hint: 'end of input', text: '\u0004' },
  { label: 'Ctrl+Z', hint: 'suspend', text: '\u001a' },
  { label: 'Ctrl+\\', hint: 'quit', text: '\u001c' },
  { label: 'Ctrl+]', hint: 'escape of telnet and virsh', text: '\u001d' },
  { label: 'Ctrl+S', hint: 'hold the output', text: '\u0013' },
  { label: 'Ctrl+Q', hint: 'let it go on', text: '\u0011' },
  { label: 'Ctrl+W', hint: 'delete a word', text: '\u0017' },
  { label: 'Escape', hint: '', text: '\u001b' },
];

/** As an xterm sends them, which is what a Linux guest's terminal type expects. */
export const functionKeys: readonly GuestKey[] = ['OP', 'OQ', 'OR', 'OS', '[15~', '[17~', '[18~', '[19~', '[20~', '[21~', '[23~', '[24~'].map((rest, index) => ({ label: `F${index + 1}`, hint: '', text: `\u001b${rest}` }));

export interface SysRqKey {
  readonly key: string;
  readonly label: string;
  /** What has no way back and so is asked about first. */
  readonly lossy: boolean;
}

/** Linux's own list (its documentation, admin-guide/sysrq), without those that are of no use on a console. */
export const sysRqKeys: readonly SysRqKey[] = [
  { key: 'h', label: 'Help', lossy: false },
  { key: 's', label: 'Sync all file systems', lossy: false },
  { key: 'u', label: 'Remount all read-only', lossy: true },
  { key: 'b', label: 'Reboot at once', lossy: true },
  { key: 'o', label: 'Power off', lossy: true },
  { key: 'c', label: 'Crash the kernel', lossy: true },
  { key: 'e', label: 'End all processes', lossy: true },
  { key: 'i', label: 'Kill all processes', lossy: true },
  { key: 'f', label: 'Call the OOM killer', lossy: true },
  { key: 'w', label: 'Show blocked tasks', lossy: false },
  { key: 't', label: 'Show all tasks', lossy: false },
  { key: 'l', label: 'Show what all CPUs do', lossy: false },
  { key: 'm', label: 'Show memory', lossy: false },
  { key: 'k', label: 'Kill all on this console', lossy: true },
];

/** `console` is a virtio console (hvc0), whose driver takes Ctrl+O for what a break is on a serial line. */
export type SysRqWay = 'break' | 'ctrl+o';

export function sysRqWay(kind: 'serial' | 'parallel' | 'console' | 'channel'): SysRqWay | null {
  return kind === 'serial' ? 'break' : kind === 'console' ? 'ctrl+o' : null;
}

export const sysRqPrefix = '\u000f';
