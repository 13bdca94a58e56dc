/** Keys and places of windows: where one was left, moved to where a screen is now. */
import { z } from 'zod';

/** `main`, `console:<uuid>:<alias>:<n>` with n counted per console, or `display:<uuid>:<index>:<n>` per display. */
export type WindowKey = 'main' | `console:${string}:${string}:${number}` | `display:${string}:${number}:${number}`;

export function displayKey(uuid: string, index: number, number: number): WindowKey {
  return `display:${uuid}:${index}:${number}`;
}

export function consoleKey(uuid: string, alias: string, number: number): WindowKey {
  return `console:${uuid}:${alias}:${number}`;
}

/** The least number that no open window on this console has. */
export function freeConsoleNumber(open: Iterable<WindowKey>, uuid: string, alias: string): number {
  return freeNumber(open, (number) => consoleKey(uuid, alias, number));
}

/** The least number, from 1, whose key no open window has. */
export function freeNumber(open: Iterable<WindowKey>, keyOf: (number: number) => WindowKey): number {
  const keys = new Set(open);
  let number = 1;
  while (keys.has(keyOf(number))) number += 1;
  return number;
}

/** In device-independent pixels, as Electron counts them. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const coordinate = z.number().int().min(-100_000).max(100_000);
const size = z.number().int().min(1).max(100_000);
export const windowPlaceSchema = z.object({ x: coordinate, y: coordinate, width: size, height: size, maximized: z.boolean() });
export type WindowPlace = z.infer<typeof windowPlaceSchema>;

export const windowPlacesSchema = z.record(z.string(), windowPlaceSchema);
export type WindowPlaces = z.infer<typeof windowPlacesSchema>;

/** Domains come and go, the file should not grow with them. */
const rememberedPlaces = 200;

/** The places with this one as the newest; the oldest beyond the bound is forgotten. */
export function rememberPlace(places: WindowPlaces, key: WindowKey, place: WindowPlace): WindowPlaces {
  const others = Object.entries(places).filter(([other]) => other !== key);
  return Object.fromEntries([...others.slice(-(rememberedPlaces - 1)), [key, place]]);
}

/** The rectangle moved and shrunk to lie wholly within the screen it overlaps most, else the first one. */
export function clampToScreens(wanted: Rectangle, screens: readonly Rectangle[]): Rectangle {
  let best = screens[0];
  if (!best) return wanted;
  for (const screen of screens) if (overlap(wanted, screen) > overlap(wanted, best)) best = screen;
  const width = Math.min(wanted.width, best.width);
  const height = Math.min(wanted.height, best.height);
  return {
    x: Math.max(best.x, Math.min(wanted.x, best.x + best.width - width)),
    y: Math.max(best.y, Math.min(wanted.y, best.y + best.height - height)),
    width,
    height,
  };
}

function overlap(a: Rectangle, b: Rectangle): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return Math.max(0, width) * Math.max(0, height);
}
