/**
 * How another Vireo host is named: `vireo+unix:///HOME`, the host of a state folder on this computer, and
 * `vireo+ssh://[user@]host[:port][/HOME]`, one on another. What comes out of here is fit to be given to ssh: nothing in it
 * can be taken for an option or for more than one word of a command.
 */
import path from 'node:path';
import { VireoError } from '../base/errors.ts';

export type HostUri =
  | { readonly kind: 'unix'; readonly home: string }
  | { readonly kind: 'ssh'; readonly user: string | null; readonly host: string; readonly port: number | null; readonly home: string | null };

/** Names, IPv4 and, in brackets, IPv6 addresses; never a dash first, which ssh would read as an option. */
const hostForm = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,253}))$|^\[[0-9A-Fa-f:.]{2,45}(?:%[A-Za-z0-9_.-]{1,32})?\]$/;
const userForm = /^[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,127}$/;
const authority = /^(?:([^@/]*)@)?(\[[^\]/]*\]|[^:@/[\]]*)(?::([^/@]*))?$/;

/** @throws INVALID_ARG with what is wrong and the two forms. */
export function parseHostUri(uri: string): HostUri {
  const [, scheme = '', rest = ''] = /^([a-z+]+):\/\/(.*)$/s.exec(uri) ?? [];
  if (scheme !== 'vireo+unix' && scheme !== 'vireo+ssh') throw invalid(uri, /^[a-z]+(\+[a-z]+)?:/.test(uri) && scheme !== '' ? `there is no connection of the kind '${scheme}'` : 'it names no host');
  if (/[?#]/.test(rest)) throw invalid(uri, 'it has neither a query nor a fragment');
  const slash = rest.indexOf('/');
  const [, user, host = '', port] = authority.exec(slash < 0 ? rest : rest.slice(0, slash)) ?? [];
  const home = slash < 0 || rest.slice(slash) === '/' ? null : folder(uri, rest.slice(slash));
  if (scheme === 'vireo+unix') {
    if (slash !== 0 || home === null) throw invalid(uri, 'it names no state folder of this computer');
    return { kind: 'unix', home };
  }
  if (!hostForm.test(decoded(uri, host))) throw invalid(uri, `'${host.slice(0, 60)}' is no host's name`);
  if (user !== undefined && !userForm.test(decoded(uri, user))) throw invalid(uri, `'${user.slice(0, 60)}' is no user's name`);
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)) throw invalid(uri, `'${port.slice(0, 60)}' is no port`);
  return { kind: 'ssh', user: user === undefined ? null : decoded(uri, user), host: decoded(uri, host), port: port === undefined ? null : Number(port), home };
}

/** The name by itself, without the brackets that a URI needs around an IPv6 address. */
export function bareHost(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}

function folder(uri: string, text: string): string {
  const named = decoded(uri, text);
  // oxlint-disable-next-line no-control-regex -- what has such characters is no folder that anybody named
  if (/[\0-\x1f\x7f]/.test(named)) throw invalid(uri, 'its folder has control characters');
  return path.posix.normalize(named).replace(/(?<=.)\/+$/, '');
}

function decoded(uri: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(uri, 'it has a % that is followed by no code');
  }
}

function invalid(uri: string, why: string): VireoError {
  return new VireoError('INVALID_ARG', `'${uri.slice(0, 200)}' names no Vireo host: ${why}; it is vireo+unix:///STATE-FOLDER or vireo+ssh://[user@]host[:port][/STATE-FOLDER]`);
}
