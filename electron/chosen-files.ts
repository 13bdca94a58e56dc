/**
 * Files that the user named in a dialog and a page writes piece by piece: recordings, exports of a console. A page knows
 * them by a number alone and so can write nothing else; they are closed with the connection by which they were opened.
 * Pieces are written in order. What cannot be written (a full disk) closes the file, and keeps what was written before.
 */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { VireoError } from '../core/base/errors.ts';

/** A window has a recording a pane and an export; more is a page gone wild. */
const maximumOpen = 64;
/** Waiting pieces of one file: a disk that hangs must not fill the memory. */
const maximumWaitingBytes = 16 << 20;

interface ChosenFile {
  readonly handle: FileHandle;
  readonly path: string;
  waitingBytes: number;
  writtenBytes: number;
  /** The last piece's turn; what comes next waits for it. Never rejects. */
  turn: Promise<void>;
  failure: VireoError | null;
}

export class ChosenFiles implements AsyncDisposable {
  readonly #files = new Map<string, ChosenFile>();

  /** Makes or empties the file at `path`. @throws SYSTEM_ERROR, RESOURCE_BUSY. */
  async create(path: string): Promise<string> {
    if (this.#files.size >= maximumOpen) throw new VireoError('RESOURCE_BUSY', `this window already writes ${maximumOpen} files`);
    const handle = await open(path, 'w', 0o600).catch((error: unknown) => {
      throw cannot('be made', path, error);
    });
    const file = randomUUID();
    this.#files.set(file, { handle, path, waitingBytes: 0, writtenBytes: 0, turn: Promise.resolve(), failure: null });
    return file;
  }

  /** Resolves when the piece is in the file, with the bytes in it. @throws SYSTEM_ERROR; the file is closed then. */
  async append(file: string, bytes: Uint8Array): Promise<number> {
    const known = this.#find(file);
    if (known.waitingBytes + bytes.byteLength > maximumWaitingBytes) throw await this.#fail(file, known, new Error('the disk is too slow'));
    known.waitingBytes += bytes.byteLength;
    const written = known.turn.then(async () => {
      if (known.failure) throw known.failure;
      await writeAll(known.handle, bytes);
      known.writtenBytes += bytes.byteLength;
    });
    known.turn = written.catch(() => {});
    try {
      await written;
      return known.writtenBytes;
    } catch (error) {
      throw await this.#fail(file, known, error);
    } finally {
      known.waitingBytes -= bytes.byteLength;
    }
  }

  /** Closes it after all that was appended; without effect on one that is closed. Answers with its path and size. */
  async close(file: string): Promise<{ path: string; sizeBytes: number } | null> {
    const known = this.#files.get(file);
    if (!known) return null;
    this.#files.delete(file);
    await known.turn;
    await known.handle.close().catch(() => {});
    return { path: known.path, sizeBytes: known.writtenBytes };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#files.keys()].map((file) => this.close(file)));
  }

  #find(file: string): ChosenFile {
    const known = this.#files.get(file);
    if (!known) throw new VireoError('OPERATION_INVALID', 'the file is not open any more');
    return known;
  }

  async #fail(file: string, known: ChosenFile, error: unknown): Promise<VireoError> {
    known.failure ??= error instanceof VireoError ? error : cannot('be written', known.path, error);
    await this.close(file);
    return known.failure;
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) at += (await handle.write(bytes, at)).bytesWritten;
}

function cannot(what: string, path: string, error: unknown): VireoError {
  const code = (error as NodeJS.ErrnoException).code;
  const why = code === 'ENOSPC' ? 'no space is left on its disk' : error instanceof Error ? error.message : String(error);
  return new VireoError('SYSTEM_ERROR', `${path} cannot ${what}: ${why}`, { details: { path, errno: code ?? null }, cause: error });
}
