/**
 * What console windows show, as their pages' addresses say it. A page writes its layout there by itself, so that a
 * reload brings it back; windows with several panes are remembered here over a restart of the app. A page is foreign:
 * what is no layout counts as none.
 */
import { z } from 'zod';
import { type ConsoleLayout, consoleLayoutSchema, panesOf } from '../core/api/console-layout.ts';
import type { WindowKey } from './window-place.ts';

/** Layouts by the window's key, of windows that were open when the app ended. */
export const consoleLayoutsSchema = z.record(z.string(), consoleLayoutSchema);
export type ConsoleLayouts = z.infer<typeof consoleLayoutsSchema>;

/** More windows with several panes than anybody has open; what a dead app left behind must not grow for ever. */
const rememberedLayouts = 50;

export interface ShownConsole {
  readonly uuid: string;
  /** Null is the domain's first. */
  readonly device: string | null;
}

/** The layout in an address; null where the window has one pane or the text is none. */
export function layoutIn(url: string): ConsoleLayout | null {
  try {
    const text = new URL(url).searchParams.get('layout');
    return text === null ? null : consoleLayoutSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** The consoles of a window at this address. */
export function consolesIn(url: string): readonly ShownConsole[] {
  const layout = layoutIn(url);
  if (layout) return panesOf(layout);
  const parameters = URL.canParse(url) ? new URL(url).searchParams : new URLSearchParams();
  const uuid = parameters.get('domain');
  return uuid === null ? [] : [{ uuid, device: parameters.get('device') || null }];
}

export function shows(consoles: readonly ShownConsole[], uuid: string, alias: string): boolean {
  return consoles.some((each) => each.uuid === uuid && each.device === alias);
}

/** With this window's layout as the newest, or without it for null. */
export function rememberLayout(layouts: ConsoleLayouts, key: WindowKey, layout: ConsoleLayout | null): ConsoleLayouts {
  const others = Object.entries(layouts).filter(([other]) => other !== key);
  return Object.fromEntries(layout ? [...others.slice(-(rememberedLayouts - 1)), [key, layout]] : others);
}
