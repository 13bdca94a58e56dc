/** The character devices of a running domain, as the multiplexer wants them: every one, wherever its bytes go. */
import { type DeviceOf, devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { ConsoleDevice } from '../console/console-types.ts';
import { isAgentChannel } from '../devices/channel/channel.ts';
import type { CharacterDevice } from '../devices/character/character.ts';
import { isMirrorConsole } from '../devices/console/mirror-console.ts';
import { consoleBackend } from './console-backend.ts';

/**
 * @param runStarts where in its log each console's run began, by alias, for a run found again; null for one that is
 *   about to begin.
 */
export function consoleDevices(definition: DomainDefinition, runStarts: ReadonlyMap<string, number> | null): readonly ConsoleDevice[] {
  const device = (character: CharacterDevice, kind: ConsoleDevice['kind'], label: string): ConsoleDevice[] => {
    const { alias, log } = character;
    if (alias === null) return [];
    return [{ alias, kind, label, logFile: log?.file ?? null, runStart: runStarts && (runStarts.get(alias) ?? 0), backend: consoleBackend(character.backend) }];
  };
  const { devices } = definition;
  const consoles = devicesOf(devices, 'console').filter((console) => !isMirrorConsole(console));
  const indexOf = (console: DeviceOf<'console'>): number => consoles.filter((other) => other.target?.type === console.target?.type).indexOf(console);
  return [
    ...devicesOf(devices, 'serial').flatMap((serial) => device(serial, 'serial', serialLabel(serial))),
    ...consoles.flatMap((console) => device(console, 'console', consoleLabel(console, indexOf(console)))),
    ...devicesOf(devices, 'parallel').flatMap((parallel) => device(parallel, 'parallel', `lp${parallel.target?.port ?? 0}`)),
    ...devicesOf(devices, 'channel').flatMap((channel) => device(channel, 'channel', channelLabel(channel)).map((found) => (isAgentChannel(channel) ? closedToPeople(found) : found))),
  ];
}

/** Its bytes are commands and their answers, secrets among them: neither shown nor logged. */
function closedToPeople(device: ConsoleDevice): ConsoleDevice {
  return { ...device, logFile: null, backend: { type: 'elsewhere', what: 'private socket', why: "the guest agent's channel: Vireo speaks on it" } };
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

function channelLabel({ target, alias }: DeviceOf<'channel'>): string {
  return target.type === 'guestfwd' ? `${target.address}:${target.port}` : (target.name ?? alias ?? 'channel');
}
