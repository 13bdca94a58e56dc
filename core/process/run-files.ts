/**
 * Files of the host about a running QEMU (/proc/PID/...). They are read every second or two for as long as somebody looks
 * at curves, so each is opened once a run. A handle belongs to the process that it was opened for: once that is gone,
 * reading fails, whatever process has its number by then.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { LiveDomain } from '../domain/live-domain.ts';

/** Beyond it files are opened for one reading: guests with hundreds of vCPUs must not use up the host's descriptors. */
const maximumKept = 512;
let kept = 0;

const filesOf = new WeakMap<LiveDomain, Map<string, Promise<FileHandle | null>>>();

/** The file below /proc/PID as text, its first `maximumBytes`; null where there is none, or the process is gone. */
export async function readRunFile(live: LiveDomain, name: string, maximumBytes = 1024): Promise<string | null> {
  if (process.platform !== 'linux' || live.died.aborted) return null;
  const file = fileOf(live, name);
  const handle = await file.opening;
  if (!handle) return null;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(maximumBytes), 0, maximumBytes, 0);
    return bytesRead === 0 ? null : buffer.toString('latin1', 0, bytesRead);
  } catch {
    return null;
  } finally {
    if (!file.isKept) await handle.close().catch(() => {});
  }
}

function fileOf(live: LiveDomain, name: string): { readonly opening: Promise<FileHandle | null>; readonly isKept: boolean } {
  const files = filesOf.get(live) ?? keepFilesOf(live);
  const known = files.get(name);
  if (known) return { opening: known, isKept: true };
  const opening = open(`/proc/${live.facts.process.pid}/${name}`, 'r').catch(() => null);
  if (kept >= maximumKept) return { opening, isKept: false };
  files.set(name, opening);
  kept += 1;
  return { opening, isKept: true };
}

function keepFilesOf(live: LiveDomain): Map<string, Promise<FileHandle | null>> {
  const files = new Map<string, Promise<FileHandle | null>>();
  filesOf.set(live, files);
  const close = async (): Promise<void> => {
    kept -= files.size;
    const opened = [...files.values()];
    files.clear();
    for (const file of opened) await (await file)?.close().catch(() => {}); // waits for what is being read
  };
  live.died.addEventListener('abort', () => void close(), { once: true });
  return files;
}
