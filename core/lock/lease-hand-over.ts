/**
 * Leases that move with a guest from one host to another (F10). While its memory is on the way both QEMUs have the images
 * open and only the source's may write, so the destination's gets no lock of its own yet: it has the lease's file open, and
 * a small program waits for the lock on that same open file. The moment the source's QEMU ends, the lock is the
 * destination's, whatever has become of either driver. QEMU's own image locks hold meanwhile.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { LeaseMode } from '../domain/image-lease.ts';
import type { HostSettings } from '../status/host-settings.ts';
import type { LeaseHolder } from './lease-record.ts';

/** The run that hands its leases over: only what it holds is waited for. */
export interface LeaseSource {
  readonly domainUuid: string;
  readonly hostName: string;
  readonly stateFolder: string;
}

const driverName = 'vireo';

/** What the source's cookie says of its leases, in libvirt's `<lockstate>`; null where it takes none. */
export function offeredLeases({ settings, stateFolder }: { readonly settings: Pick<HostSettings, 'lockManager'>; readonly stateFolder: string }): { readonly driver: string; readonly leases: string } | null {
  return settings.lockManager === 'none' ? null : { driver: driverName, leases: stateFolder };
}

/** Whose leases a cookie offers; null for none, or those of a lock manager that is not ours. */
export function leaseSourceOf(cookie: { readonly uuid: string; readonly hostName: string; readonly lockState: { readonly driver: string; readonly leases: string | null } | null }): LeaseSource | null {
  const { uuid, hostName, lockState } = cookie;
  return lockState?.driver === driverName && lockState.leases ? { domainUuid: uuid, hostName, stateFolder: lockState.leases } : null;
}

export function isHandedOverBy(source: LeaseSource | null, { domain, hostName, stateFolder }: LeaseHolder): boolean {
  return source !== null && domain.uuid === source.domainUuid && hostName === source.hostName && stateFolder === source.stateFolder;
}

/** Waits for its locks, one after the other; ends by itself when it has them, or when the process that shall have them is gone. Not every flock(1) waits for a time. */
const waiting = 'pid=$1; shift; for each; do fd=${each#?}; case $each in x*) how=-x;; *) how=-s;; esac; until "$FLOCK" -w 1 $how "$fd" || "$FLOCK" -n $how "$fd"; do [ -e "/proc/$pid/exe" ] || exit 0; sleep 0.1; done; done';

const firstInherited = 3;

/**
 * Begins to wait for the locks of open files that QEMU has as well.
 * @param program flock(1). @param pid QEMU's.
 */
export function awaitLocks(program: string, files: readonly { readonly fd: number; readonly mode: LeaseMode }[], pid: number): LockWait {
  const wanted = files.map(({ mode }, at) => `${mode === 'exclusive' ? 'x' : 's'}${firstInherited + at}`);
  const child = spawn('/bin/sh', ['-c', waiting, 'sh', String(pid), ...wanted], {
    detached: true, // it outlives this driver, as QEMU does
    stdio: ['ignore', 'ignore', 'ignore', ...files.map(({ fd }) => fd)],
    env: { FLOCK: program, PATH: '/usr/bin:/bin' },
    cwd: '/',
  });
  child.unref();
  return new LockWait(child);
}

export class LockWait implements Disposable {
  /** False where it could not wait, or was ended before it had all. */
  readonly done: Promise<boolean>;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.done = new Promise((resolve) => {
      child.once('error', () => resolve(false));
      child.once('exit', (code) => resolve(code === 0));
    });
  }

  /** With what it has started; the locks that it has got are QEMU's. */
  [Symbol.dispose](): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has just ended.
    }
  }
}
