/** The terminal's colours, read from the theme's tokens: xterm draws on a canvas and cannot use CSS variables. */
import type { ISearchDecorationOptions } from '@xterm/addon-search';
import type { ITheme } from '@xterm/xterm';

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export function terminalTheme(): ITheme {
  return {
    background: token('terminal'),
    foreground: token('terminal-text'),
    cursor: token('terminal-text'),
    cursorAccent: token('terminal'),
    selectionBackground: token('terminal-selection'),
    black: token('terminal-black'),
    red: token('terminal-red'),
    green: token('terminal-green'),
    yellow: token('terminal-yellow'),
    blue: token('terminal-blue'),
    magenta: token('terminal-magenta'),
    cyan: token('terminal-cyan'),
    white: token('terminal-white'),
    brightBlack: token('terminal-bright-black'),
    brightRed: token('terminal-bright-red'),
    brightGreen: token('terminal-bright-green'),
    brightYellow: token('terminal-bright-yellow'),
    brightBlue: token('terminal-bright-blue'),
    brightMagenta: token('terminal-bright-magenta'),
    brightCyan: token('terminal-bright-cyan'),
    brightWhite: token('terminal-bright-white'),
  };
}

export function findColours(): ISearchDecorationOptions {
  return {
    matchBackground: token('find'),
    matchOverviewRuler: token('find'),
    activeMatchBackground: token('find-current'),
    activeMatchColorOverviewRuler: token('find-current'),
  };
}
