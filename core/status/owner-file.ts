/**
 * One host owns a state folder at a time, and this file says which. It is placed with link(), which fails where a file
 * is; it is believed as long as the process it names lives.
 *
 * The hard part is to replace the file of a dead owner. Between reading it and removing it, a third process may have
 * replaced it already, and its live file would be the one removed. So every record has an id of its own, and whoever
 * wants to replace the record X must first hold the claim `owner.X`, which is a slot like the owner file itself: placed
 * with link(), replaced the same way when its holder is dead. While a live process holds the claim of X nobody else
 * can touch a file that holds X, so looking at it once more and renaming the claim over it is safe. A claim on a record
 * that is gone already is worth nothing and is given back.
 */
import { createHash, randomBytes } from 'node:crypto';
import { link, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { readTextIfThere } from '../base/atomic-file.ts';
import { VireoError, isSystemError } from '../base/errors.ts';
import { bootId, isSameProcess, processStartTime } from '../base/process-identity.ts';
import { removeUnfinished } from './read-state-file.ts';
import { type StateLayout, prepareStateFolder } from './state-folder.ts';

const ownerRecordSchema = z.object({
  id: z.string().regex(/^[0-9a-f]{16}$/),
  pid: z.number().int().positive(),
  /** Null where the system does not tell; then only the pid is compared. */
  startTime: z.string().nullable(),
  boot: z.string().nullable(),
  role: z.enum(['app', 'host', 'in process']),
  /** Wall-clock milliseconds. */
  sinceMs: z.number(),
});
export type OwnerRecord = z.infer<typeof ownerRecordSchema>;
export type OwnerRole = OwnerRecord['role'];

export interface OwnershipRequest {
  readonly role: OwnerRole;
  /** Wall-clock milliseconds, for what others are told. */
  readonly wallTime: () => number;
}

export interface Ownership extends AsyncDisposable {
  readonly record: OwnerRecord;
  /** Gives the folder free. Close what listens in it first: the next owner binds the same socket. Idempotent. */
  release(): Promise<void>;
}

/** Contenders that keep coming and going must not keep one trying for ever. */
const maximumAttempts = 100;

/**
 * Makes this process the owner of the state folder, whose folders are made where they are missing.
 * @throws RESOURCE_BUSY naming the live owner in its text and in `details.owner`.
 */
export async function acquireOwnership(layout: StateLayout, request: OwnershipRequest): Promise<Ownership> {
  await prepareStateFolder(layout);
  const record: OwnerRecord = {
    id: randomBytes(8).toString('hex'),
    pid: process.pid,
    startTime: await processStartTime(process.pid),
    boot: await bootId(),
    role: request.role,
    sinceMs: request.wallTime(),
  };
  const written = path.join(layout.root, `owner.${record.id}.${process.pid}.new`);
  try {
    await writeDurably(written, `${JSON.stringify(record)}\n`);
    await place(written, layout.ownerFile, layout);
  } finally {
    await rm(written, { force: true });
  }
  await sweep(layout);
  let released = false;
  const release = async (): Promise<void> => {
    if (released) return;
    released = true;
    if ((await readSlot(layout.ownerFile))?.id === record.id) await rm(layout.ownerFile, { force: true });
  };
  return { record, release, [Symbol.asyncDispose]: release };
}

/** The live owner of a state folder, or null; a folder that is not there has none. */
export async function readOwner(layout: StateLayout): Promise<OwnerRecord | null> {
  const slot = await readSlot(layout.ownerFile);
  return slot?.record && (await isAlive(slot.record)) ? slot.record : null;
}

/** The refusal that everybody but the owner gets. */
export function ownedElsewhere(layout: StateLayout, owner: OwnerRecord): VireoError {
  const since = new Date(owner.sinceMs).toISOString();
  const who = { app: 'the Vireo app', host: 'a screenless Vireo host', 'in process': 'a program with its own Vireo driver' }[owner.role];
  return new VireoError('RESOURCE_BUSY', `${layout.root} is owned by ${who}, process ${owner.pid}, since ${since}`, {
    details: { owner: { pid: owner.pid, role: owner.role, sinceMs: owner.sinceMs }, path: layout.root },
  });
}

/** Puts the file `written` at `slot`: the owner file or a claim. */
async function place(written: string, slot: string, layout: StateLayout): Promise<void> {
  for (let attempt = 0; attempt < maximumAttempts; attempt++) {
    if (await linkUnlessThere(written, slot)) return;
    const there = await readSlot(slot);
    if (!there) continue; // given free since
    if (there.record && (await isAlive(there.record))) throw ownedElsewhere(layout, there.record);
    const claim = path.join(layout.root, `owner.${there.id}`);
    await place(written, claim, layout);
    if ((await readSlot(slot))?.id === there.id) return await rename(claim, slot);
    await rm(claim, { force: true });
  }
  throw new VireoError('RESOURCE_BUSY', `${layout.root} changes its owner again and again`);
}

async function linkUnlessThere(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (isSystemError(error) && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** What lies at `slot`; a text that is no record has an id too, so that it can be replaced like a dead owner's. */
async function readSlot(slot: string): Promise<{ id: string; record: OwnerRecord | null } | null> {
  const text = await readTextIfThere(slot);
  if (text === null) return null;
  const record = parseRecord(text);
  return { id: record?.id ?? createHash('sha256').update(text).digest('hex').slice(0, 16), record };
}

function parseRecord(text: string): OwnerRecord | null {
  try {
    const parsed = ownerRecordSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

async function isAlive(record: OwnerRecord): Promise<boolean> {
  if (record.boot !== (await bootId())) return false;
  if (record.startTime !== null) return await isSameProcess(record.pid, record.startTime);
  return isThere(record.pid);
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0); // signal 0 asks and sends nothing
    return true;
  } catch (error) {
    return isSystemError(error) && error.code === 'EPERM';
  }
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes what contenders and owners that died in between have left. Claims on records that are gone decide nothing any more. */
async function sweep(layout: StateLayout): Promise<void> {
  for (const folder of [layout.root, layout.run, layout.nvram, layout.capabilities]) await removeUnfinished(folder);
  for (const name of await readdir(layout.root)) {
    const [whole, writer] = /^owner\.[0-9a-f]{16}(?:(?:\.(\d+))?\.new)?$/.exec(name) ?? [];
    if (whole === undefined) continue;
    const file = path.join(layout.root, name);
    const record = parseRecord(await readFile(file, 'utf8').catch(() => ''));
    // One that says nothing yet is being written, unless its writer died meanwhile.
    const isLeft = record ? !(await isAlive(record)) : writer !== undefined && !isThere(Number(writer));
    if (isLeft) await rm(file, { force: true });
  }
}
