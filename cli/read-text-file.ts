/** Reads the files that commands are given. */
import { open } from 'node:fs/promises';
import path from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { VireoError, isSystemError } from '../core/base/errors.ts';
import { CommandError } from './command-error.ts';
import type { CommandContext } from './command.ts';

/** The host refuses longer definitions; a wrong file is found out before it is read whole. */
const maximumDefinitionBytes = 4 << 20;

/** @throws SYSTEM_ERROR in virsh's words, INVALID_ARG for a file that is too long to be `what`. */
export async function readTextFile(context: Pick<CommandContext, 'folder'>, file: string, what = 'domain definition', maximumBytes = maximumDefinitionBytes): Promise<string> {
  try {
    const handle = await open(path.resolve(context.folder, file), 'r');
    try {
      const pieces: Buffer[] = [];
      let bytes = 0;
      // Not readFile: a FIFO or /dev/stdin tells no size, and a wrong file may be a disk image.
      for (;;) {
        const { bytesRead, buffer } = await handle.read(Buffer.alloc(65_536), 0, 65_536, null);
        if (bytesRead === 0) return Buffer.concat(pieces).toString('utf8');
        bytes += bytesRead;
        if (bytes > maximumBytes) throw new VireoError('INVALID_ARG', `${file} is longer than ${maximumBytes} bytes: this is no ${what}`);
        pieces.push(buffer.subarray(0, bytesRead));
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new CommandError('SYSTEM_ERROR', `Failed to open file '${file}': ${systemText(error)}`, { cause: error, details: { errno: error.code, path: file } });
  }
}

/** The C library's words for an error number, which Node keeps in lower case. */
function systemText(error: NodeJS.ErrnoException): string {
  const text = (error.errno !== undefined && getSystemErrorMap().get(error.errno)?.[1]) || error.message;
  return text.charAt(0).toUpperCase() + text.slice(1);
}
