/**
 * The terminal's colours: a chosen palette's, or those of the theme's tokens, which xterm cannot use by themselves
 * because it draws on a canvas.
 */
import type { Terminal } from '@xterm/xterm';
import { type TerminalColours, paletteColours } from './terminal-palettes.ts';
import type { TerminalSettings } from './terminal-settings.ts';

const usualContrast = 4.5;

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** What the window is behind and around the terminals; the theme's own again where it is removed. */
const backgroundToken = '--terminal';

export function terminalColours(palette: TerminalSettings['palette']): TerminalColours {
  return palette === 'app' ? appColours() : paletteColours(palette);
}

/** Follows the theme of the app and of the system for as long as the signal is not aborted. */
export function followColours(xterm: Terminal, palette: () => TerminalSettings['palette'], signal: AbortSignal): void {
  followTheme(() => applyColours(xterm, palette()), signal);
}

export function followTheme(onChange: () => void, signal: AbortSignal): void {
  for (const query of ['(prefers-color-scheme: dark)', '(prefers-contrast: more)']) matchMedia(query).addEventListener('change', onChange, { signal });
}

export function applyColours(xterm: Terminal, palette: TerminalSettings['palette']): void {
  const { style } = document.documentElement;
  if (palette === 'app') style.removeProperty(backgroundToken);
  else style.setProperty(backgroundToken, paletteColours(palette).theme.background ?? '');
  const { theme, contrast } = terminalColours(palette);
  xterm.options.theme = theme;
  xterm.options.minimumContrastRatio = contrast;
}

function appColours(): TerminalColours {
  return {
    contrast: usualContrast,
    theme: {
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
    },
    find: {
      matchBackground: token('find'),
      matchOverviewRuler: token('find'),
      activeMatchBackground: token('find-current'),
      activeMatchColorOverviewRuler: token('find-current'),
    },
  };
}
