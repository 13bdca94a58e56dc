/**
 * The keys of the window's frame: tabs and splits. Beside Ctrl+Tab, which no terminal can send, all of them hold Ctrl
 * and Shift, so that every plain Ctrl key reaches the guest.
 */
export type FrameCommand = 'new tab' | 'split right' | 'split down' | 'next tab' | 'previous tab' | 'tab left' | 'tab right' | 'pane left' | 'pane right' | 'pane up' | 'pane down';

type Pressed = Pick<KeyboardEvent, 'type' | 'key' | 'code' | 'ctrlKey' | 'shiftKey' | 'altKey' | 'metaKey'>;

const letters: Readonly<Record<string, FrameCommand>> = { t: 'new tab', d: 'split right', e: 'split down' };
const byCode: Readonly<Record<string, FrameCommand>> = { KeyT: 'new tab', KeyD: 'split right', KeyE: 'split down' };

const named: Readonly<Record<string, FrameCommand>> = {
  Tab: 'previous tab',
  PageUp: 'tab left',
  PageDown: 'tab right',
  ArrowLeft: 'pane left',
  ArrowRight: 'pane right',
  ArrowUp: 'pane up',
  ArrowDown: 'pane down',
};

export const frameKeys: Readonly<Partial<Record<FrameCommand, string>>> = {
  'new tab': 'Ctrl+Shift+T',
  'split right': 'Ctrl+Shift+D',
  'split down': 'Ctrl+Shift+E',
  'next tab': 'Ctrl+Tab',
};

export function frameCommand(event: Pressed): FrameCommand | null {
  if (event.type !== 'keydown' || !event.ctrlKey || event.altKey || event.metaKey) return null;
  if (!event.shiftKey) return event.key === 'Tab' ? 'next tab' : null;
  const known = named[event.key] ?? letters[event.key.toLowerCase()];
  if (known) return known;
  // Where the layout prints no Latin letters, the key's place counts.
  return /^[a-z]$/i.test(event.key) ? null : (byCode[event.code] ?? null);
}
