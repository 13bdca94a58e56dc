/**
 * A disk that fails at a chosen write. Put in front of node:fs/promises by the test file that wants it:
 * `vi.mock('node:fs/promises', async (original) => failingDisk.over(await original()))`. It counts what changes files in
 * the watched folders (create, write, fsync, rename, remove, fsync of the folder) and lets one of these fail, or all
 * from one on, as a full disk does. This file must not import what it stands before.
 */
import type * as FileSystem from 'node:fs/promises';
import { constants } from 'node:fs';
import path from 'node:path';

type FileHandle = FileSystem.FileHandle;

export interface Failure {
  readonly code: 'ENOSPC' | 'EIO';
  /** Number of the first step that fails, from 1. */
  readonly at: number;
  /** True for a disk that stays so; removing and renaming files works on a full one. */
  readonly stays: boolean;
}

class FailingDisk {
  #folders: readonly string[] = [];
  #failure: Failure | null = null;
  #steps: string[] = [];

  /** Begins to count the steps in these folders, and fails where told. */
  watch(folders: readonly string[], failure: Failure | null): void {
    this.#folders = folders;
    this.#failure = failure;
    this.#steps = [];
  }

  /** Every step so far, by what it was. */
  get steps(): readonly string[] {
    return this.#steps;
  }

  /** The disk is well again. */
  heal(): void {
    this.#folders = [];
    this.#failure = null;
  }

  over(real: typeof FileSystem): typeof FileSystem {
    const step = (what: string, file: unknown): void => this.#step(what, String(file));
    return {
      ...real,
      open: async (file, flags, mode) => {
        const writes = typeof flags === 'number' ? (flags & (constants.O_WRONLY | constants.O_RDWR)) !== 0 : flags !== undefined && flags !== 'r';
        if (writes) step('create', file);
        const handle = await real.open(file, flags, mode);
        return writes || this.#folders.includes(String(file)) ? watched(handle, file, step) : handle;
      },
      rename: async (from, to) => {
        step('rename', to);
        await real.rename(from, to);
      },
      rm: async (file, options) => {
        if (!String(file).endsWith('.new')) step('remove', file); // the clearing up after a failed write
        await real.rm(file, options);
      },
    };
  }

  #step(what: string, file: string): void {
    if (!this.#folders.some((folder) => file === folder || path.dirname(file) === folder)) return;
    this.#steps.push(`${what} ${path.basename(file).replace(/^\.(.*)\.[0-9a-f]{12}\.new$/, '$1')}`);
    if (!this.#failure) return;
    const { at, stays, code } = this.#failure;
    const number = this.#steps.length;
    const fails = number === at || (stays && number > at && !(code === 'ENOSPC' && (what === 'remove' || what === 'rename')));
    if (fails) throw Object.assign(new Error(`${code}: the disk fails, ${what} '${file}'`), { code, syscall: what, path: file, errno: -1 });
  }
}

function watched(handle: FileHandle, file: unknown, step: (what: string, file: unknown) => void): FileHandle {
  return new Proxy(handle, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (name !== 'writeFile' && name !== 'sync') return value.bind(target) as unknown;
      return (...args: unknown[]) => {
        try {
          step(name === 'sync' ? 'sync' : 'write', file);
        } catch (error) {
          return Promise.reject(error as Error);
        }
        return (value as (...all: unknown[]) => Promise<unknown>).apply(target, args);
      };
    },
  });
}

/** One for the test file, whose modules share one file system. */
export const failingDisk = new FailingDisk();
