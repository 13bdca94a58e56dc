/**
 * Locks that belong to an open file and not to a process: flock(2). Whoever inherits the open file holds the lock on, and
 * the kernel gives it back when the last of them has ended, however that was. Node has no call for it, so that a small
 * program does it on a descriptor that it inherits; on systems whose open(2) locks, none is needed.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { VireoError } from '../base/errors.ts';
import type { LeaseMode } from '../domain/image-lease.ts';
import { findProgram } from '../process/host-needs.ts';

export interface AdvisoryLocks {
  /** Flags with which open(2) itself takes the lock, or fails with EAGAIN where it is held. */
  readonly openFlags: (mode: LeaseMode) => number;
  /** Takes the lock on an open file. False where somebody else holds it. @throws SYSTEM_ERROR. */
  readonly lock: (file: FileHandle, mode: LeaseMode) => Promise<boolean>;
  /** flock(1), which also waits for a lock; null where a lock is taken with the opening alone. */
  readonly program: string | null;
}

/** So many locks are taken at a time: each is a process for a moment. */
export const atATime = 8;

/** Longer than this takes no lock on a file system that answers. */
const deadlineMs = 10_000;

/** util-linux and busybox know it in this form; 1 is their word for "held". */
const byProgram = (program: string): AdvisoryLocks => ({
  program,
  openFlags: () => 0,
  lock: (file, mode) =>
    new Promise((resolve, reject) => {
      const failed = (words: string): void => reject(new VireoError('SYSTEM_ERROR', `'${program}' cannot lock a file: ${words}`));
      const child = spawn(program, ['-n', mode === 'exclusive' ? '-x' : '-s', '3'], { stdio: ['ignore', 'ignore', 'pipe', file.fd], env: { LC_ALL: 'C' }, cwd: '/' });
      // One that waits in the kernel does not end by being killed; it is not waited for either.
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        failed('it does not answer');
      }, deadlineMs);
      let words = '';
      child.stderr?.on('data', (bytes: Buffer) => (words = (words + bytes.toString()).slice(0, 1024)));
      child.once('error', (error) => {
        clearTimeout(timer);
        failed(error.message);
      });
      child.once('close', (code, signal) => {
        clearTimeout(timer);
        if (code === 0) resolve(true);
        else if (code === 1 && words === '') resolve(false);
        else failed(words.trim() || (signal ? `it ended with ${signal}` : `it ended with status ${code}`));
      });
    }),
});

/** O_SHLOCK and O_EXLOCK, which Node does not name (macOS's fcntl.h). */
const byOpening: AdvisoryLocks = {
  program: null,
  openFlags: (mode) => (mode === 'exclusive' ? 0x20 : 0x10) | constants.O_NONBLOCK,
  lock: async () => true,
};

let found: Promise<AdvisoryLocks | null> | null = null;

/** Null where this system has no such locks, and holders are judged by their records. */
export function advisoryLocks(): Promise<AdvisoryLocks | null> {
  found ??= process.platform === 'darwin' ? Promise.resolve(byOpening) : findLocks();
  return found;
}

async function findLocks(): Promise<AdvisoryLocks | null> {
  if (process.platform === 'win32') return null;
  const program = await findProgram(['flock']);
  return program === null ? null : byProgram(program);
}
