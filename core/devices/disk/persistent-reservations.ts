/** SCSI persistent reservations: QEMU itself may not send those commands, a helper with the right to does it. */
import type { LaunchContext } from '../launch-context.ts';
import type { SideProcess } from '../device-module.ts';
import { aliasOf } from '../address-properties.ts';
import type { Disk } from './disk-definition.ts';
import { reservationsOf } from './disk-images.ts';
import type { Reservations } from './storage-encryption.ts';
import type { DriveBackend } from './storage-source.ts';

/** QEMU's id of the connection to the helper. */
export function prManagerId(disk: Disk, { managed }: Reservations, storageName: string): string {
  return managed ? `pr-helper-${aliasOf(disk)}` : `pr-helper-${storageName}`;
}

/** A managed helper's socket is the run's own. */
export function prepareReservations(disk: Disk, { runFolder }: LaunchContext): Disk {
  const { source } = disk.backend;
  if (!reservationsOf(disk)?.managed) return disk;
  const reservations: Reservations = { managed: true, source: { type: 'unix', path: `${runFolder}/p-${aliasOf(disk)}`, mode: 'client' } };
  return { ...disk, backend: { ...disk.backend, source: { ...source, reservations } } as DriveBackend };
}

/** QEMU's qemu-pr-helper (docs/interop/pr-helper.rst), one for each disk that asks for one. */
export function reservationProcesses(disk: Disk): readonly SideProcess[] {
  const reservations = reservationsOf(disk);
  if (!reservations?.managed || !reservations.source) return [];
  const { path } = reservations.source;
  return [{ name: `pr-helper-${aliasOf(disk)}`, programs: ['qemu-pr-helper', '/usr/libexec/qemu-pr-helper', '/usr/lib/qemu/qemu-pr-helper'], argv: ['-k', path], socket: path, folders: [] }];
}
