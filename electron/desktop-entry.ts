/** A desktop entry that runs a command (Desktop Entry Specification 1.5). */
import { VireoError } from '../core/base/errors.ts';
import type { LoginCommand } from './login-item.ts';

export function desktopEntry({ program, args, environment }: LoginCommand): string {
  const settings = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const words = settings.length > 0 ? ['env', ...settings, program, ...args] : [program, ...args];
  return ['[Desktop Entry]', 'Type=Application', 'Name=Vireo guests', 'Comment=Starts the virtual machines that are marked for it', `Exec=${words.map(quoted).join(' ')}`, 'Icon=vireo', 'Terminal=false', 'NoDisplay=true', ''].join('\n');
}

/**
 * A word of Exec: quoted for its own grammar, in which a per cent sign begins a field, and then once more because a value
 * has backslashes of its own.
 */
function quoted(word: string): string {
  if (/[\n\r\0]/.test(word)) throw new VireoError('INVALID_ARG', 'a path with a line break cannot be started with the session', { details: { path: word } });
  const inExec = /^[A-Za-z0-9_./=:@+-]+$/.test(word) ? word : `"${word.replace(/[\\"`$]/g, '\\$&').replaceAll('%', '%%')}"`;
  return inExec.replaceAll('\\', '\\\\');
}
