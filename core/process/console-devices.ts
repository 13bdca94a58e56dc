/** The character devices of a running domain that people can open, as the multiplexer wants them. */
import { type DeviceOf, devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { ConsoleDevice } from '../console/console-types.ts';
import { isAgentChannel } from '../devices/channel/channel.ts';
import type { Character } from '../devices/character/character.ts';
import { isMirrorConsole } from '../devices/console/mirror-console.ts';

/**
 * @param runStarts where in its log each console's run began, by alias, for a run found again; null for one that is
 *   about to begin.
 */
export function consoleDevices(definition: DomainDefinition, runStarts: ReadonlyMap<string, number> | null): readonly ConsoleDevice[] {
  const device = (character: Character & { readonly alias: string | null }, kind: ConsoleDevice['kind'], label: string): ConsoleDevice | null =>
    consoleDevice(character, kind, label, runStarts && (runStarts.get(character.alias ?? '') ?? 0));
  const serials = devicesOf(definition.devices, 'serial').map((serial) => device(serial, 'serial', serialLabel(serial)));
  const consoles = devicesOf(definition.devices, 'console').filter((console) => !isMirrorConsole(console));
  const channels = devicesOf(definition.devices, 'channel').filter((channel) => !isAgentChannel(channel));
  return [
    ...serials,
    ...consoles.map((console) => device(console, 'console', consoleLabel(console, consoles.filter((other) => other.target?.type === console.target?.type).indexOf(console)))),
    ...channels.map((channel) => device(channel, 'channel', channel.target.name ?? channel.alias ?? 'channel')),
  ].filter((found) => found !== null);
}

/** Linux's name of the port; other guests have their own, but people who read this know which is meant. */
function serialLabel(serial: DeviceOf<'serial'>): string {
  const port = serial.target?.port ?? 0;
  switch (serial.target?.model) {
    case 'usb-serial':
      return `ttyUSB${port}`;
    case 'pl011':
      return `ttyAMA${port}`;
    case 'spapr-vty':
      return `hvc${port}`;
    case 'sclpconsole':
      return 'ttysclp0';
    case 'sclplmconsole':
      return 'sclp_line0';
    default:
      return `ttyS${port}`;
  }
}

/** @param index among the consoles of its kind. */
function consoleLabel({ target }: DeviceOf<'console'>, index: number): string {
  if (target?.type === 'sclp') return 'ttysclp0';
  return target?.type === 'sclplm' ? 'sclp_line0' : `hvc${index}`;
}

/** Null for a backend whose bytes go elsewhere: a file, a TCP port, another program's socket. */
function consoleDevice(character: Character & { readonly alias: string | null }, kind: ConsoleDevice['kind'], label: string, runStart: number | null): ConsoleDevice | null {
  const { backend, alias, log } = character;
  if (alias === null) return null;
  const logFile = log?.file ?? null;
  if (backend.type === 'unix' && backend.source?.mode === 'bind' && backend.source.path !== null) {
    return { alias, kind, label, logFile, runStart, backend: { type: 'unix', path: backend.source.path } };
  }
  const pty = backend.type === 'pty' ? (backend.source?.path ?? null) : null;
  return pty === null ? null : { alias, kind, label, logFile, runStart, backend: { type: 'pty', path: pty } };
}
