/**
 * Keeps Chromium's open files to this process.
 *
 * Chromium opens most of its files without close-on-exec, because its own way to start a process closes everything in
 * the child; Node's way does not. On Linux a QEMU that the app starts would so inherit some hundred descriptors (seen
 * with Electron 33.2): the display, the bus, the lock socket that tells a second app of the first, the pipes to the
 * windows. That hands the app to whoever escapes from a guest, and keeps all of it open after the app has ended. Node
 * cannot set close-on-exec on what it did not open, so the child closes what it was not given, before it becomes the
 * program. On macOS libuv has the kernel do it (POSIX_SPAWN_CLOEXEC_DEFAULT), on Windows nothing is inherited unasked.
 */
import childProcess, { type ChildProcess, type SpawnOptions } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import type { Log } from '../core/base/log.ts';

/** The number of descriptors to keep, then the program. Plain sh would not do: it knows only one-digit descriptors. */
const closeAndBecome = 'keep=$1; shift; for entry in /proc/self/fd/*; do fd=${entry##*/}; if [ "$fd" -ge "$keep" ]; then eval "exec $fd>&-"; fi; done; exec "$@"';
const bashPaths = ['/bin/bash', '/usr/bin/bash', '/run/current-system/sw/bin/bash'];

/**
 * From now on every `spawn` of this process, whoever calls it, passes on no more than the child's stdio. It is done at
 * this one place, because a caller who forgets it would be noticed by nobody.
 */
export function keepFilesPrivate(log: Log): void {
  if (process.platform !== 'linux') return;
  const bash = bashPaths.find(isExecutable);
  if (bash === undefined) return log.write('warning', 'without bash, programs that are started inherit open files of the app');
  const original = childProcess.spawn as (program: string, args: readonly string[], options: SpawnOptions) => ChildProcess;
  const spawn = (program: string, second: readonly string[] | SpawnOptions = [], third: SpawnOptions = {}): ChildProcess => {
    const [args, options] = Array.isArray(second) ? [second as readonly string[], third] : [[], second as SpawnOptions];
    const isPlain = !options.shell && options.argv0 === undefined;
    // What cannot be run is left to Node, whose error says so; bash would only end with 127.
    if (!isPlain || !isExecutable(program)) return original(program, args, options);
    const kept = Array.isArray(options.stdio) ? Math.max(3, options.stdio.length) : 3;
    return original(bash, ['-c', closeAndBecome, 'vireo', String(kept), program, ...args], options);
  };
  childProcess.spawn = spawn as typeof childProcess.spawn;
  syncBuiltinESMExports();
}

/** Synchronous like `spawn` itself, which has to be told at once. Names without a path are looked up by `spawn`. */
function isExecutable(program: string): boolean {
  if (!program.startsWith('/')) return false;
  try {
    accessSync(program, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
