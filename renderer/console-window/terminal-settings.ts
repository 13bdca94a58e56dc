/**
 * How terminals look and behave, for all consoles of the app, and how one console's guest wants to be spoken to. Kept by
 * the pages themselves; a change in one window is seen by all at once. What is broken or from another version falls
 * back field by field: losing a setting costs comfort only.
 */
import { z } from 'zod';
import { type StoreApi, createStore } from 'zustand/vanilla';
import { guestEncodingIds } from './guest-encoding.ts';
import { keystrokeRates, linePauses } from './keystrokes.ts';
import { paletteIds } from './terminal-palettes.ts';

export const fontSizesPx = { smallest: 7, usual: 13, largest: 40 } as const;
/** A line of 80 characters takes about a KiB of memory, in each window on its own. */
export const scrollbacks = { fewest: 100, usual: 10_000, most: 200_000 } as const;

const xtermWordSeparators = ' ()[]{}\',"`';

const wholeBetween = (least: number, most: number, usual: number): z.ZodCatch<z.ZodNumber> => z.number().int().min(least).max(most).catch(usual);

export const terminalSettingsSchema = z.object({
  /** Empty for the app's own. */
  fontFamily: z.string().max(200).catch(''),
  fontSizePx: wholeBetween(fontSizesPx.smallest, fontSizesPx.largest, fontSizesPx.usual),
  palette: z.enum(['app', ...paletteIds]).catch('app'),
  cursorStyle: z.enum(['block', 'bar', 'underline']).catch('block'),
  cursorBlinks: z.boolean().catch(true),
  scrollbackLines: wholeBetween(scrollbacks.fewest, scrollbacks.most, scrollbacks.usual),
  bell: z.enum(['none', 'visual', 'notification']).catch('visual'),
  altIsMeta: z.boolean().catch(true),
  wordSeparators: z.string().max(100).catch(xtermWordSeparators),
  copyOnSelect: z.boolean().catch(false),
  screenReaderMode: z.boolean().catch(false),
  /** What was chosen last for text that is typed key by key. */
  keystrokesPerS: wholeBetween(keystrokeRates.slowestPerS, keystrokeRates.fastestPerS, keystrokeRates.usualPerS),
  linePauseMs: wholeBetween(linePauses.noneMs, linePauses.longestMs, linePauses.usualMs),
});
export type TerminalSettings = Readonly<z.infer<typeof terminalSettingsSchema>>;

export const guestSettingsSchema = z.object({
  encoding: z.enum(guestEncodingIds as [(typeof guestEncodingIds)[number], ...typeof guestEncodingIds]).catch('utf-8'),
  /** For a guest that does not show what it is sent. */
  localEcho: z.boolean().catch(false),
  enterSends: z.enum(['CR', 'LF', 'CRLF']).catch('CR'),
  backspaceSends: z.enum(['DEL', 'BS']).catch('DEL'),
});
export type GuestSettings = Readonly<z.infer<typeof guestSettingsSchema>>;

export const usualSettings: TerminalSettings = terminalSettingsSchema.parse({});
export const usualGuestSettings: GuestSettings = guestSettingsSchema.parse({});

/** What is kept of it is `localStorage`; a test brings its own. */
export type SettingsStorage = Pick<Storage, 'getItem' | 'setItem'>;

export interface Kept<T> {
  readonly store: StoreApi<T>;
  change(changes: Partial<T>): void;
}

/** Reads again when another window wrote under `key`; `listen` is told the keys that others changed. */
export function keep<T extends object>(key: string, schema: z.ZodType<T>, storage: SettingsStorage, listen: (onOther: (key: string | null) => void) => void = listenToOthers): Kept<T> {
  const store = createStore<T>(() => read(key, schema, storage));
  listen((changed) => {
    if (changed === key || changed === null) store.setState(read(key, schema, storage), true);
  });
  return {
    store,
    change(changes) {
      store.setState(schema.parse({ ...store.getState(), ...changes }), true);
      try {
        storage.setItem(key, JSON.stringify(store.getState()));
      } catch {
        // A full or forbidden storage: the choice holds for this window.
      }
    },
  };
}

function read<T>(key: string, schema: z.ZodType<T>, storage: SettingsStorage): T {
  try {
    const kept: unknown = JSON.parse(storage.getItem(key) ?? '{}');
    return schema.parse(typeof kept === 'object' && kept !== null ? kept : {});
  } catch {
    return schema.parse({});
  }
}

function listenToOthers(onOther: (key: string | null) => void): void {
  window.addEventListener('storage', (event) => onOther(event.key));
}

export const settingsKey = 'vireo:terminal-settings';

/** One console's guest, for as long as the domain has this device. */
export const guestSettingsKey = (uuid: string, device: string | null): string => `vireo:guest-settings:${uuid}:${device ?? ''}`;
