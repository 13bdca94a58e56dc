import { describe, expect, it } from 'vitest';
import { consoleCommand } from './keys.ts';

const press = (key: string, code: string, held: Partial<Record<'ctrlKey' | 'shiftKey' | 'altKey' | 'metaKey', boolean>> = { ctrlKey: true, shiftKey: true }): ReturnType<typeof consoleCommand> =>
  consoleCommand({ type: 'keydown', key, code, ctrlKey: false, shiftKey: false, altKey: false, metaKey: false, ...held });

describe('console keys', () => {
  it('plain Ctrl keys reach the guest', () => {
    expect(['c', 'v', 'f', 'w'].map((key) => press(key, `Key${key.toUpperCase()}`, { ctrlKey: true }))).toEqual([null, null, null, null]);
  });

  it('Ctrl and Shift copy, paste, find, close and size', () => {
    expect([press('C', 'KeyC'), press('V', 'KeyV'), press('F', 'KeyF'), press('W', 'KeyW'), press('+', 'Equal'), press('_', 'Minus'), press(')', 'Digit0')]).toEqual([
      'copy', 'paste', 'find', 'close', 'bigger', 'smaller', 'usual size',
    ]);
  });

  it('a letter counts where the layout prints it, a foreign one where the key is', () => {
    expect([press('J', 'KeyC'), press('С', 'KeyC')]).toEqual([null, 'copy']);
  });
});
