import { describe, expect, it } from 'vitest';
import { type SettingsStorage, guestSettingsSchema, keep, terminalSettingsSchema, usualGuestSettings, usualSettings } from './terminal-settings.ts';
import { paletteColours, paletteIds } from './terminal-palettes.ts';

function storage(): SettingsStorage & { kept: Map<string, string>; isFull: boolean } {
  const kept = new Map<string, string>();
  return {
    kept,
    isFull: false,
    getItem: (key) => kept.get(key) ?? null,
    setItem(key, value) {
      if (this.isFull) throw new Error('QuotaExceededError');
      kept.set(key, value);
    },
  };
}

describe('terminal settings', () => {
  it('are the usual ones where nothing or nonsense is kept', () => {
    const nonsense = ['', 'null', '[]', '"x"', '{', '{"fontSizePx":"big","palette":"pink"}'];
    for (const text of nonsense) {
      const kept = storage();
      kept.kept.set('k', text);
      expect(keep('k', terminalSettingsSchema, kept, () => {}).store.getState()).toEqual(usualSettings);
    }
  });

  it('fall back field by field', () => {
    const settings = terminalSettingsSchema.parse({ fontSizePx: 400, scrollbackLines: 1e9, bell: 'none', palette: 'vga' });
    expect(settings).toEqual({ ...usualSettings, bell: 'none', palette: 'vga' });
    expect(guestSettingsSchema.parse({ encoding: 'ebcdic', enterSends: 'LF' })).toEqual({ ...usualGuestSettings, enterSends: 'LF' });
  });

  it('a change in one window is seen by the other', () => {
    const kept = storage();
    let tell: (key: string | null) => void = () => {};
    const one = keep('k', terminalSettingsSchema, kept, () => {});
    const other = keep('k', terminalSettingsSchema, kept, (onOther) => (tell = onOther));
    one.change({ fontSizePx: 20 });
    tell('another key');
    expect(other.store.getState().fontSizePx).toBe(usualSettings.fontSizePx);
    tell('k');
    expect(other.store.getState().fontSizePx).toBe(20);
  });

  it('hold for the window where they cannot be kept', () => {
    const kept = storage();
    kept.isFull = true;
    const settings = keep('k', terminalSettingsSchema, kept, () => {});
    settings.change({ copyOnSelect: true });
    expect(settings.store.getState().copyOnSelect).toBe(true);
  });

  it('every palette has all its colours', () => {
    for (const id of paletteIds) {
      const { theme } = paletteColours(id);
      for (const [name, colour] of Object.entries(theme)) expect(`${name} ${String(colour)}`).toMatch(/ #[0-9a-f]{6}$/);
      expect(Object.keys(theme)).toHaveLength(21);
    }
  });
});
