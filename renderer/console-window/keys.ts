/**
 * The keys that the console window keeps for itself. All of them hold Ctrl and Shift, so that every plain Ctrl key
 * reaches the guest; on a Mac, Command does the same.
 */
export type ConsoleCommand = 'copy' | 'paste' | 'find' | 'bigger' | 'smaller' | 'usual size' | 'settings' | 'save' | 'close';

type Pressed = Pick<KeyboardEvent, 'type' | 'code' | 'key' | 'ctrlKey' | 'shiftKey' | 'altKey' | 'metaKey'>;

const byCode: Readonly<Record<string, ConsoleCommand>> = {
  KeyC: 'copy',
  KeyV: 'paste',
  KeyF: 'find',
  KeyW: 'close',
  KeyS: 'save',
  Comma: 'settings',
  Equal: 'bigger',
  NumpadAdd: 'bigger',
  Minus: 'smaller',
  NumpadSubtract: 'smaller',
  Digit0: 'usual size',
  Numpad0: 'usual size',
};

/** The letter where the layout has one, for Ctrl+Shift+C is where C is printed; the key's place for the signs. */
const byKey: Readonly<Record<string, ConsoleCommand>> = { c: 'copy', v: 'paste', f: 'find', w: 'close', s: 'save', '+': 'bigger', '-': 'smaller', _: 'smaller' };

export function consoleCommand(event: Pressed): ConsoleCommand | null {
  if (event.type !== 'keydown' || event.altKey || !event.ctrlKey || !event.shiftKey || event.metaKey) return null;
  const letter = byKey[event.key.toLowerCase()];
  if (letter) return letter;
  const isLatinLetter = /^[a-z]$/i.test(event.key);
  return isLatinLetter ? null : (byCode[event.code] ?? null);
}
