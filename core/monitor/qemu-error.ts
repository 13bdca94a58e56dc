/** What QEMU answers instead of a result. */
import { VireoError } from '../base/errors.ts';

/** QEMU's error classes (qapi/error.json, QEMU 7.2); nearly everything is GenericError. */
export type QemuErrorClass = 'GenericError' | 'CommandNotFound' | 'DeviceNotActive' | 'DeviceNotFound' | 'KVMMissingCap';

/** libvirt's code and sentence for it; QEMU's class, its own text and the command are in the details. */
export function qemuError(command: string, qemuClass: string, qemuText: string): VireoError {
  const details = { command, qemuClass, qemuText };
  return new VireoError('INTERNAL_ERROR', `unable to execute QEMU command '${command}': ${qemuText}`, { details });
}

/** Whether QEMU itself refused a command, and with this class where one is given. */
export function isQemuError(thrown: unknown, qemuClass?: QemuErrorClass): thrown is VireoError {
  if (!(thrown instanceof VireoError) || thrown.details['qemuClass'] === undefined) return false;
  return qemuClass === undefined || thrown.details['qemuClass'] === qemuClass;
}
