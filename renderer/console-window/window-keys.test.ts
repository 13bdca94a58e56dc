import { describe, expect, it } from 'vitest';
import { consoleCommand } from './keys.ts';
import { frameCommand } from './window-keys.ts';

const pressed = (key: string, held: Partial<Record<'ctrlKey' | 'shiftKey' | 'altKey' | 'metaKey', boolean>>, code = '') => ({ type: 'keydown', key, code, ctrlKey: false, shiftKey: false, altKey: false, metaKey: false, ...held });

describe("the frame's keys", () => {
  it('hold Ctrl and Shift, or are Ctrl+Tab', () => {
    const both = { ctrlKey: true, shiftKey: true };
    expect(frameCommand(pressed('T', both))).toBe('new tab');
    expect(frameCommand(pressed('D', both))).toBe('split right');
    expect(frameCommand(pressed('E', both))).toBe('split down');
    expect(frameCommand(pressed('ArrowLeft', both))).toBe('pane left');
    expect(frameCommand(pressed('Tab', { ctrlKey: true }))).toBe('next tab');
    expect(frameCommand(pressed('Tab', both))).toBe('previous tab');
    expect(frameCommand(pressed('Е', both, 'KeyT'))).toBe('new tab');
  });

  it('leave every plain key, and every plain Ctrl key, to the guest', () => {
    for (const key of ['t', 'd', 'e', 'ArrowLeft', 'PageUp', 'a', 'c', 'w']) {
      expect([frameCommand(pressed(key, { ctrlKey: true })), frameCommand(pressed(key, {})), frameCommand(pressed(key, { shiftKey: true })), frameCommand(pressed(key, { ctrlKey: true, shiftKey: true, altKey: true }))]).toEqual([null, null, null, null]);
    }
    expect(frameCommand(pressed('Tab', {}))).toBeNull();
    expect(frameCommand(pressed('Tab', { shiftKey: true }))).toBeNull();
  });

  it("take none of a pane's own", () => {
    const both = { ctrlKey: true, shiftKey: true };
    for (const key of 'abcdefghijklmnopqrstuvwxyz') {
      expect(frameCommand(pressed(key, both)) !== null && consoleCommand(pressed(key, both)) !== null, key).toBe(false);
    }
  });
});
