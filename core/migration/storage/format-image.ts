/** Makes an empty file an image: raw by its length alone, every other format with qemu-img. */
import { execFile } from 'node:child_process';
import type { FileHandle } from 'node:fs/promises';
import { VireoError } from '../../base/errors.ts';
import type { StorageFormat } from '../../devices/disk/storage-source.ts';
import { cleanEnvironment } from '../../process/clean-environment.ts';
import { findProgram } from '../../process/host-needs.ts';

export interface NewImage {
  /** Stands in errors. */
  readonly disk: string;
  readonly file: string;
  readonly format: StorageFormat;
  /** What the guest sees. */
  readonly sizeBytes: number;
  readonly backing: { readonly file: string; readonly format: StorageFormat } | null;
}

/** qemu-img writes headers only. */
const timeoutMs = 60_000;
const maximumOutputBytes = 65_536;

/** @param handle the file, open for writing and empty. @throws OPERATION_FAILED in qemu-img's words, OPERATION_UNSUPPORTED. */
export async function formatImage(image: NewImage, handle: FileHandle, signal: AbortSignal): Promise<void> {
  if (image.format === 'raw') return await handle.truncate(image.sizeBytes);
  const program = await findProgram(['qemu-img']);
  if (program === null) throw new VireoError('OPERATION_FAILED', `disk '${image.disk}': '${image.file}' does not exist on this host, and qemu-img, which would make it, is not installed`, { details: { disk: image.disk } });
  const compatible = image.format === 'qcow2' ? ['-o', 'compat=1.1'] : [];
  // What lies below is not opened: it has been looked for, and others may have it locked.
  const backing = image.backing ? ['-u', '-b', image.backing.file, '-F', image.backing.format] : [];
  await run(image, program, ['create', '-q', '-f', image.format, ...compatible, ...backing, '--', image.file, String(image.sizeBytes)], signal);
}

function run({ disk, file }: NewImage, program: string, argv: readonly string[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, argv, { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: maximumOutputBytes, env: cleanEnvironment('/'), cwd: '/', signal }, (error, _stdout, stderr) => {
      if (!error) return resolve();
      if (signal.aborted) return reject(signal.reason);
      const words = stderr.trim().split('\n').at(-1)?.replace(/^qemu-img: /, '') || error.message;
      reject(new VireoError('OPERATION_FAILED', `disk '${disk}': '${file}' cannot be made: ${words}`, { details: { disk, file }, cause: error }));
    });
  });
}
