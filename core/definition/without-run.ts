/**
 * A run's definition without what this run alone knows: sockets and logs in folders that it was given. Whoever lets the
 * guest go on gives it its own.
 */
import type { DeviceDefinition } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';

/** The folders of one run, whose paths nobody else has. */
export interface RunFolders {
  readonly runFolder: string;
  readonly logFolder: string;
}

export function withoutRun(live: DomainDefinition, folders: RunFolders): DomainDefinition {
  return { ...live, devices: live.devices.map((device) => deviceWithoutRun(device, folders)) };
}

function deviceWithoutRun<T extends DeviceDefinition>(device: T, folders: RunFolders): T {
  const stripped = stripPaths(device, folders.runFolder) as T;
  const log = 'log' in stripped ? stripped.log : null;
  return log !== null && log.file !== null && log.file.startsWith(`${folders.logFolder}/`) ? { ...stripped, log: null } : stripped;
}

/** Wherever in a device a path of the run's folder stands, as it is or as an address of D-Bus, nothing is named. Files are their user's. */
function stripPaths(value: unknown, runFolder: string): unknown {
  if (typeof value === 'string') return value.startsWith(`${runFolder}/`) || value.startsWith(`unix:path=${runFolder}/`) ? null : value;
  if (Array.isArray(value)) return value.map((each) => stripPaths(each, runFolder));
  if (typeof value !== 'object' || value === null) return value;
  const stripped = Object.fromEntries(Object.entries(value).map(([name, part]) => [name, name === 'file' ? part : stripPaths(part, runFolder)]));
  // The helper of persistent reservations is the run's too: without its socket there is nothing to connect to.
  return 'managed' in stripped && isWithoutPath(stripped['source']) ? { ...stripped, source: null } : stripped;
}

function isWithoutPath(source: unknown): boolean {
  return typeof source === 'object' && source !== null && 'path' in source && source.path === null;
}
