/** Where on the host the bytes of a running character device are, and to whom its input belongs where that is not us. */
import { addressText } from '../console/console-backend.ts';
import type { ConsoleBackend } from '../console/console-types.ts';
import type { BackendOf, CharacterBackend } from '../devices/character/character.ts';

export function consoleBackend(backend: CharacterBackend): ConsoleBackend {
  switch (backend.type) {
    case 'pty':
      return ofPath('pty', backend.source?.path ?? null);
    case 'unix':
      if (backend.source?.mode === 'connect') return elsewhere(`socket ${backend.source.path}, QEMU connects`, `its input comes from the program behind the socket ${backend.source.path}`);
      return ofPath('unix', backend.source?.path ?? null);
    case 'tcp':
      return tcpBackend(backend);
    case 'pipe':
      return ofPath('pipe', backend.source.path);
    case 'file':
      return elsewhere(`file ${backend.source.path}`, `its output goes to the file ${backend.source.path}, and a file gives no input`);
    case 'dev':
      return elsewhere(backend.source.path ?? 'a device of the host', `its input comes from the host's device ${backend.source.path}`);
    case 'udp':
      return udpBackend(backend);
    default:
      return withoutHostSide(backend);
  }
}

/** What has no place on the host that another program could come to. */
function withoutHostSide(backend: Exclude<CharacterBackend, BackendOf<'pty' | 'unix' | 'tcp' | 'pipe' | 'file' | 'dev' | 'udp'>>): ConsoleBackend {
  switch (backend.type) {
    case 'null':
      return elsewhere('nowhere', "type 'null': what the guest says is thrown away, and nothing is said to it");
    case 'stdio':
      return elsewhere("QEMU's standard output", "its input is QEMU's standard input, where nobody is");
    case 'vc':
      return elsewhere("a text screen of QEMU's own display", "its input comes from QEMU's own display");
    case 'spicevmc':
    case 'spiceport':
      return elsewhere('the spice client', 'its input comes from the spice client');
    case 'qemu-vdagent':
      return elsewhere("QEMU's clipboard", 'QEMU itself speaks on it, for the clipboard of the display');
    case 'dbus':
      return elsewhere("a client on QEMU's D-Bus", "its input comes from a client on QEMU's D-Bus");
    case 'nmdm':
      return elsewhere(backend.source.master ?? 'a null modem', 'its input comes from the other end of the null modem');
  }
}

function tcpBackend({ source, protocol }: BackendOf<'tcp'>): ConsoleBackend {
  const { host, service, mode, tls } = source;
  const address = addressText(host ?? '', service ?? '');
  if (mode === 'connect') return elsewhere(`tcp ${address}, QEMU connects`, `its input comes from ${address}`);
  if (tls === true) return elsewhere(`tcp ${address} with TLS, QEMU listens`, `its input belongs to whoever connects to ${address} with a certificate`);
  const port = Number(service);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return elsewhere(`tcp ${address}, QEMU listens`, `its input belongs to whoever connects to ${address}`);
  return { type: 'tcp', host: reachable(host ?? ''), port, telnet: protocol.type === 'telnet' };
}

/** An address that stands for all of them is none to connect to. */
function reachable(host: string): string {
  if (host === '' || host === '*') return 'localhost';
  if (host === '::') return '::1';
  return host === '0.0.0.0' ? '127.0.0.1' : host;
}

function udpBackend({ sources }: BackendOf<'udp'>): ConsoleBackend {
  const addressOf = (mode: 'bind' | 'connect'): string | null => {
    const found = sources.find((source) => source.mode === mode);
    return found ? addressText(found.host ?? 'localhost', found.service ?? '0') : null;
  };
  const own = addressOf('bind');
  return elsewhere(`udp ${addressOf('connect')}`, own === null ? 'it has no address for datagrams to come to' : `its input belongs to whoever sends datagrams to ${own}`);
}

function ofPath(type: 'unix' | 'pty' | 'pipe', path: string | null): ConsoleBackend {
  return path === null ? elsewhere('not known yet', 'QEMU has not told where it is') : { type, path };
}

function elsewhere(what: string, why: string): ConsoleBackend {
  return { type: 'elsewhere', what, why };
}
