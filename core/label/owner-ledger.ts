/**
 * Who a file belonged to before guests were given it (F11). One small file for each, the same for every Vireo of this
 * computer that runs as root, with the runs that have it: the last of them gives it back, whichever driver that is.
 * Everything is on disk before the owner changes, so that neither a crash nor a power cut forgets whose it was.
 */
import { constants } from 'node:fs';
import { type FileHandle, lchown, lstat, mkdir, open, realpath } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { readTextIfThere, removeDurably, writeAtomic } from '../base/atomic-file.ts';
import type { Clock } from '../base/clock.ts';
import { isSystemError, VireoError } from '../base/errors.ts';
import { advisoryLocks } from '../lock/advisory-lock.ts';
import type { Owner } from './identity.ts';

/** Not below a state folder: two hosts may share an image. */
export const defaultLedgerFolder = '/var/lib/vireo/owners';

const id = z.number().int().min(0).max(0xffff_fffe);
const ownerSchema = z.object({ uid: id, gid: id });

const entrySchema = z.object({
  version: z.literal(1),
  path: z.string(),
  original: ownerSchema,
  given: ownerSchema,
  /** The runs that have it, each by its folder: one whose folder is gone has ended. */
  users: z.array(z.object({ run: z.string(), name: z.string() })),
});
type Entry = z.infer<typeof entrySchema>;

/** A file that is there, opened without following a link in its last part or waiting for anything. */
export interface FoundFile {
  /** Without links. */
  readonly real: string;
  /** The ledger's name for it. */
  readonly key: string;
}

/** Null for what does not exist and what nobody's owner is changed of: folders, sockets, pipes. */
export async function findFile(file: string): Promise<FoundFile | null> {
  const real = await realpath(file).catch(() => null);
  const facts = real === null ? null : await lstat(real, { bigint: true }).catch(() => null);
  if (real === null || !facts || !(facts.isFile() || facts.isBlockDevice() || facts.isCharacterDevice())) return null;
  return { real, key: `${facts.dev.toString(16)}-${facts.ino.toString(16)}` };
}

const lockDeadlineMs = 15_000;
const lockPollMs = 10;

export class OwnerLedger {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Nobody else on this computer changes the ledger meanwhile. @throws OPERATION_TIMEOUT, SYSTEM_ERROR. */
  async whileAlone<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const locks = await advisoryLocks();
    const flags = constants.O_RDWR | constants.O_CREAT | (locks?.openFlags('exclusive') ?? 0);
    const handle = await open(path.join(this.#folder, 'lock'), flags, 0o600);
    try {
      const untilMs = clock.now() + lockDeadlineMs;
      while (locks && !(await locks.lock(handle, 'exclusive'))) {
        if (clock.now() >= untilMs) throw new VireoError('OPERATION_TIMEOUT', `the owners of images are being changed by another Vireo for more than ${lockDeadlineMs / 1000} s`, { details: { folder: this.#folder } });
        await clock.sleep(lockPollMs);
      }
      return await work();
    } finally {
      await handle.close();
    }
  }

  /**
   * Gives the file to `owner` for a run. What cannot be given, on a file system that has no owners or lets nobody change
   * them, stays as it is: whether QEMU may open it is asked afterwards.
   * @throws OPERATION_INVALID where another run has it under another owner.
   */
  async give({ real, key }: FoundFile, owner: Owner, user: Entry['users'][number]): Promise<void> {
    await using file = await OwnedFile.open(real, key);
    if (!file) return;
    const entry = await this.#read(key);
    const others = entry ? await livingUsers(entry, user.run) : [];
    if (entry && others.length > 0 && !isSame(entry.given, owner)) {
      const holders = others.map(({ name }) => `'${name}'`).join(', ');
      throw new VireoError('OPERATION_INVALID', `Setting different DAC user or group on ${real} which is already in use: domain ${holders} has it as ${entry.given.uid}:${entry.given.gid}, and this one wants ${owner.uid}:${owner.gid}`, { details: { path: real, users: others } });
    }
    // What an earlier run left given is remembered from then; whoever changed the owner since meant it.
    const original = entry && isSame(entry.given, file.owner) ? entry.original : file.owner;
    await this.#write(key, { version: 1, path: real, original, given: { uid: owner.uid, gid: owner.gid }, users: [...others, user] });
    if (isSame(file.owner, owner) || (await file.change(owner))) return;
    if (others.length === 0) await removeDurably(this.#file(key));
  }

  /** Where a file is that was given; null where the ledger has none. */
  async pathOf(key: string): Promise<string | null> {
    return (await this.#read(key))?.path ?? null;
  }

  /** The run has it no more; the last one gives it back, unless somebody else has changed its owner since. */
  async takeBack(key: string, run: string): Promise<void> {
    const entry = await this.#read(key);
    if (!entry) return;
    const others = await livingUsers(entry, run);
    if (others.length > 0) return await this.#write(key, { ...entry, users: others });
    await using file = await OwnedFile.open(entry.path, key);
    if (file && isSame(file.owner, entry.given)) await file.change(entry.original);
    await removeDurably(this.#file(key));
  }

  #file(key: string): string {
    return path.join(this.#folder, `${key}.json`);
  }

  async #read(key: string): Promise<Entry | null> {
    const text = await readTextIfThere(this.#file(key));
    return text === null ? null : (entrySchema.safeParse(parsed(text)).data ?? null);
  }

  async #write(key: string, entry: Entry): Promise<void> {
    await writeAtomic(this.#file(key), JSON.stringify(entry));
  }
}

/** Through its descriptor, so that a link that takes the file's place meanwhile changes nothing. */
class OwnedFile implements AsyncDisposable {
  readonly #handle: FileHandle | null;
  readonly #path: string;
  readonly owner: Owner;

  private constructor(handle: FileHandle | null, file: string, owner: Owner) {
    this.#handle = handle;
    this.#path = file;
    this.owner = owner;
  }

  /** Null where the file is not the one that `key` names any more. A character device is not opened: some act on it. */
  static async open(real: string, key: string): Promise<OwnedFile | null> {
    const before = await lstat(real).catch(() => null);
    if (!before) return null;
    if (before.isCharacterDevice()) return (await findFile(real))?.key === key ? new OwnedFile(null, real, before) : null;
    if (!before.isFile() && !before.isBlockDevice()) return null;
    const handle = await open(real, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW).catch(() => null);
    if (!handle) return null;
    const facts = await handle.stat({ bigint: true });
    if (`${facts.dev.toString(16)}-${facts.ino.toString(16)}` === key) return new OwnedFile(handle, real, { uid: Number(facts.uid), gid: Number(facts.gid) });
    await handle.close();
    return null;
  }

  /** False where this file's owner cannot be changed by anybody, or not by us. */
  async change({ uid, gid }: Owner): Promise<boolean> {
    try {
      if (this.#handle) await this.#handle.chown(uid, gid);
      else await lchown(this.#path, uid, gid);
      return true;
    } catch (error) {
      if (isSystemError(error) && ['EPERM', 'EROFS', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL'].includes(error.code)) return false;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle?.close();
  }
}

async function livingUsers({ users }: Entry, except: string): Promise<Entry['users']> {
  const there = await Promise.all(users.map(async ({ run }) => run !== except && (await lstat(run).then(() => true, () => false))));
  return users.filter((_, at) => there[at]);
}

function isSame(one: Owner, other: Owner): boolean {
  return one.uid === other.uid && one.gid === other.gid;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
