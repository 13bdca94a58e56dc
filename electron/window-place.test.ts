import { describe, expect, test } from 'vitest';
import { type WindowPlaces, clampToScreens, consoleKey, freeConsoleNumber, rememberPlace } from './window-place.ts';

const left = { x: 0, y: 0, width: 1600, height: 1000 };
const right = { x: 1600, y: 0, width: 1280, height: 720 };

describe('clampToScreens', () => {
  test('a window within a screen stays where it was left', () => {
    const place = { x: 1700, y: 20, width: 800, height: 600 };
    expect(clampToScreens(place, [left, right])).toEqual(place);
  });

  test('a window of a screen that is gone comes back to the first one', () => {
    expect(clampToScreens({ x: 4000, y: 3000, width: 800, height: 600 }, [left])).toEqual({ x: 800, y: 400, width: 800, height: 600 });
  });

  test('a window larger than its screen shrinks to it', () => {
    expect(clampToScreens({ x: 1500, y: -50, width: 2000, height: 900 }, [left, right])).toEqual({ x: 1600, y: 0, width: 1280, height: 720 });
  });
});

test('a second window on one console gets the next free number', () => {
  const open = [consoleKey('u', 'serial0', 1), consoleKey('u', 'serial0', 3), consoleKey('u', 'serial1', 2)];
  expect([freeConsoleNumber(open, 'u', 'serial0'), freeConsoleNumber(open, 'u', 'serial1'), freeConsoleNumber([], 'u', 'serial0')]).toEqual([2, 1, 1]);
});

test('the places remembered are bounded, the newest stay', () => {
  const place = { x: 0, y: 0, width: 1, height: 1, maximized: false };
  let places: WindowPlaces = {};
  for (let number = 1; number <= 250; number++) places = rememberPlace(places, consoleKey('u', 'serial0', number), place);
  places = rememberPlace(places, consoleKey('u', 'serial0', 60), place);
  expect(Object.keys(places)).toHaveLength(200);
  expect(Object.keys(places).at(-1)).toBe('console:u:serial0:60');
});
