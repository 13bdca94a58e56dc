/** Colours of the terminal that somebody may choose instead of the app's: whole sets, as others know them. */
import type { ISearchDecorationOptions } from '@xterm/addon-search';
import type { ITheme } from '@xterm/xterm';

interface Palette {
  readonly label: string;
  readonly background: string;
  readonly foreground: string;
  readonly cursor: string;
  readonly selection: string;
  /** Black, red, green, yellow, blue, magenta, cyan, white; then the bright ones. */
  readonly colours: string;
  readonly isDark: boolean;
  /** How far text must stand out from what is behind it (WCAG's ratio); colours are shifted where they do not. */
  readonly contrast: number;
}

const usualContrast = 4.5;

const tango = '#2e3436 #cc0000 #4e9a06 #c4a000 #3465a4 #75507b #06989a #d3d7cf #555753 #ef2929 #8ae234 #fce94f #729fcf #ad7fa8 #34e2e2 #eeeeec';
const solarized = '#073642 #dc322f #859900 #b58900 #268bd2 #d33682 #2aa198 #eee8d5 #002b36 #cb4b16 #586e75 #657b83 #839496 #6c71c4 #93a1a1 #fdf6e3';
const vga = '#000000 #aa0000 #00aa00 #aa5500 #0000aa #aa00aa #00aaaa #aaaaaa #555555 #ff5555 #55ff55 #ffff55 #5555ff #ff55ff #55ffff #ffffff';
const brightest = '#000000 #ff6b6b #5cff5c #ffff5c #8f9dff #ff7dff #5cffff #ffffff #b0b0b0 #ff9c9c #9cff9c #ffff9c #b9c2ff #ffb0ff #9cffff #ffffff';
const darkest = '#000000 #8b0000 #005000 #5c3d00 #00007a #6a006a #004f55 #333333 #404040 #a10000 #006400 #6b4a00 #0000a8 #800080 #00626a #000000';
const onePhosphor = (dim: string, bright: string): string => [...Array<string>(8).fill(dim), ...Array<string>(8).fill(bright)].join(' ');

/** `app` is not among them: its colours are those of the theme (terminal-theme.ts). */
export const palettes = {
  'tango-dark': { label: 'Tango, dark', background: '#1c1f20', foreground: '#d3d7cf', cursor: '#eeeeec', selection: '#3f5870', colours: tango, isDark: true, contrast: usualContrast },
  'tango-light': { label: 'Tango, light', background: '#ffffff', foreground: '#2e3436', cursor: '#2e3436', selection: '#c5d8ec', colours: tango, isDark: false, contrast: usualContrast },
  'solarized-dark': { label: 'Solarized, dark', background: '#002b36', foreground: '#93a1a1', cursor: '#eee8d5', selection: '#0f4b5a', colours: solarized, isDark: true, contrast: usualContrast },
  'solarized-light': { label: 'Solarized, light', background: '#fdf6e3', foreground: '#586e75', cursor: '#073642', selection: '#e2d9b8', colours: solarized, isDark: false, contrast: usualContrast },
  vga: { label: 'Linux console', background: '#000000', foreground: '#aaaaaa', cursor: '#ffffff', selection: '#444488', colours: vga, isDark: true, contrast: usualContrast },
  green: { label: 'Green phosphor', background: '#031207', foreground: '#4be37a', cursor: '#8dffb0', selection: '#14532a', colours: onePhosphor('#4be37a', '#a4ffc0'), isDark: true, contrast: usualContrast },
  amber: { label: 'Amber phosphor', background: '#140b00', foreground: '#ffb43d', cursor: '#ffd089', selection: '#5a3a06', colours: onePhosphor('#ffb43d', '#ffd998'), isDark: true, contrast: usualContrast },
  'contrast-dark': { label: 'High contrast, dark', background: '#000000', foreground: '#ffffff', cursor: '#ffff00', selection: '#1f4fbf', colours: brightest, isDark: true, contrast: 7 },
  'contrast-light': { label: 'High contrast, light', background: '#ffffff', foreground: '#000000', cursor: '#000000', selection: '#a8ccff', colours: darkest, isDark: false, contrast: 7 },
} as const satisfies Record<string, Palette>;

export type PaletteId = keyof typeof palettes;
export const paletteIds = Object.keys(palettes) as PaletteId[];

export interface TerminalColours {
  readonly theme: ITheme;
  readonly contrast: number;
  readonly find: ISearchDecorationOptions;
}

export function paletteColours(id: PaletteId): TerminalColours {
  const { background, foreground, cursor, selection, colours, isDark, contrast } = palettes[id];
  const [black, red, green, yellow, blue, magenta, cyan, white, brightBlack, brightRed, brightGreen, brightYellow, brightBlue, brightMagenta, brightCyan, brightWhite] = colours.split(' ') as [string, string, string, string, string, string, string, string, string, string, string, string, string, string, string, string];
  const match = isDark ? '#6b5416' : '#ffe08a';
  const current = isDark ? '#c48f12' : '#f5b400';
  return {
    theme: { background, foreground, cursor, cursorAccent: background, selectionBackground: selection, black, red, green, yellow, blue, magenta, cyan, white, brightBlack, brightRed, brightGreen, brightYellow, brightBlue, brightMagenta, brightCyan, brightWhite },
    contrast,
    find: { matchBackground: match, matchOverviewRuler: match, activeMatchBackground: current, activeMatchColorOverviewRuler: current },
  };
}
