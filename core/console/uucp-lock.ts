/**
 * UUCP lock files, by which programs that talk to terminals (minicom, uucp, libvirt) keep out of each other's way:
 * `LCK..` and the device's name, holding the owner's pid. Two names are in use for /dev/pts/1: libvirt's `LCK.._pts_1`
 * and minicom's `LCK..pts_1`; both are honoured and both are placed.
 */
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isSystemError, VireoError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';

/** Locks of this very process, to tell a live one from the leftover of an earlier process that had our pid. */
const held = new Set<string>();

/**
 * Locks a terminal; disposing frees it. Answers null where lock files cannot be written at all, having said so in the log.
 * @throws OPERATION_FAILED naming the lock file and the process when a live process holds it.
 */
export async function acquireUucpLock(device: string, folder: string, log: Log): Promise<AsyncDisposable | null> {
  const taken: string[] = [];
  const release = async (): Promise<void> => {
    for (const file of taken.splice(0)) {
      await rm(file, { force: true }).catch(() => {});
      held.delete(file);
    }
  };
  try {
    for (const file of uucpLockFiles(device, folder)) {
      await takeFile(file, device);
      taken.push(file);
    }
  } catch (error) {
    await release();
    if (!isSystemError(error)) throw error;
    log.write('warning', 'no lock file can be placed: other programs are not told that the terminal is in use', { folder, error: error.code });
    return null;
  }
  return { [Symbol.asyncDispose]: release };
}

export function uucpLockFiles(device: string, folder: string): readonly string[] {
  const withSlash = device.startsWith('/dev/') ? device.slice('/dev'.length) : device;
  return [withSlash, withSlash.replace(/^\//, '')].map((name) => path.join(folder, `LCK..${name.replaceAll('/', '_')}`));
}

/** Written whole under another name and linked into place: nobody ever reads a lock without its pid. */
async function takeFile(file: string, device: string): Promise<void> {
  const whole = path.join(path.dirname(file), `LTMP.${process.pid}.${path.basename(file)}`);
  await writeFile(whole, `${String(process.pid).padStart(10)}\n`, { mode: 0o644 });
  try {
    // Twice: once more after a stale lock was removed. A third would mean that others race for it, and they may win.
    for (let attempt = 0; ; attempt++) {
      try {
        await link(whole, file);
        held.add(file);
        return;
      } catch (error) {
        if (!isSystemError(error) || error.code !== 'EEXIST') throw error;
        const holder = await liveHolder(file);
        if (holder !== null || attempt > 0) throw await lockedBy(device, file, holder);
        await rm(file, { force: true });
      }
    }
  } finally {
    await rm(whole, { force: true }).catch(() => {});
  }
}

/** The live process that a lock names, or null when it names none. Holds for both the text and the binary form. */
async function liveHolder(file: string): Promise<number | null> {
  const content = await readFile(file).catch(() => null);
  if (content === null) return null;
  const text = Number.parseInt(content.toString('latin1'), 10);
  const pid = Number.isNaN(text) && content.length === 4 ? content.readInt32LE() : text;
  if (!Number.isSafeInteger(pid) || pid <= 0) return null;
  if (pid === process.pid) return held.has(file) ? pid : null;
  try {
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    return isSystemError(error) && error.code === 'EPERM' ? pid : null;
  }
}

async function lockedBy(device: string, file: string, pid: number | null): Promise<VireoError> {
  const name = pid === null ? null : await readFile(`/proc/${pid}/comm`, 'utf8').then((text) => text.trim(), () => null);
  return new VireoError('OPERATION_FAILED', `Requested device '${device}' is locked by lock file '${file}' held by process ${pid ?? 'that has just taken it'}`, {
    details: { device, lockFile: file, pid, holder: pid === null ? 'another program' : `${name ?? 'process'} (pid ${pid})` },
  });
}

/** Whether this was thrown because a live process has the terminal, who may leave it again. */
export function isLocked(thrown: unknown): thrown is VireoError {
  return thrown instanceof VireoError && thrown.details['lockFile'] !== undefined;
}
