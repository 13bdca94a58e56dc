/**
 * Who has a lease, for people: a small file beside the lease for each holder. The lock is the truth and these are not,
 * but where a system has no locks that outlive their owner.
 */
import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { readOrdinary } from '../base/ordinary-file.ts';
import { bootId, isSameProcess, processStartTime } from '../base/process-identity.ts';
import { leaseModes } from '../domain/image-lease.ts';

/** Another user may have written it, and people read it on a terminal. */
const shownText = z.string().max(4096).regex(/^\P{Cc}*$/u);

const holderSchema = z.object({
  version: z.literal(1),
  image: shownText,
  /** The disk that the image is of or lies below; null for a lock that is none disk's. */
  target: shownText.nullable(),
  mode: z.enum(leaseModes),
  domain: z.object({ name: shownText, uuid: shownText }),
  /** QEMU's, or the driver's until QEMU is there. */
  pid: z.number().int().positive(),
  startTime: shownText.nullable(),
  bootId: shownText.nullable(),
  hostName: shownText,
  stateFolder: shownText,
  sinceMs: z.number(),
  /** It has been promised the lease, by the run that has it and moves here: it waits for the lock, or has got it meanwhile. */
  isPromised: z.boolean().default(false),
});
export type LeaseHolder = z.infer<typeof holderSchema>;

/** What a holder says of itself; the rest is the same for all of this process. */
export type HolderFacts = Omit<LeaseHolder, 'version' | 'bootId' | 'hostName' | 'isPromised'> & { readonly isPromised?: boolean };

const maximumBytes = 64 * 1024;
/** More holders than this are not told. */
const maximumRecords = 64;

export async function thisProcess(): Promise<{ readonly pid: number; readonly startTime: string | null }> {
  return { pid: process.pid, startTime: await processStartTime(process.pid) };
}

/** A new name for a record beside the lease `file`. */
export function recordPath(file: string): string {
  return `${file}.${randomBytes(6).toString('hex')}.json`;
}

/** Whole or absent for whoever reads it, but not forced to the disk: it means nothing after a power cut. */
export async function writeRecord(record: string, facts: HolderFacts): Promise<void> {
  const holder: LeaseHolder = { isPromised: false, version: 1, ...facts, bootId: await bootId(), hostName: hostname() };
  const temporary = `${record}.new`;
  try {
    const handle = await open(temporary, 'wx', 0o644);
    try {
      await handle.chmod(0o644); // whatever the umask is: it is for others
      await handle.writeFile(`${JSON.stringify(holder)}\n`);
    } finally {
      await handle.close();
    }
    await rename(temporary, record);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

export async function removeRecord(record: string): Promise<void> {
  await rm(record, { force: true }).catch(() => {});
}

/** The paths of all records of a lease, whoever wrote them. */
export async function recordsOf(file: string): Promise<readonly string[]> {
  const [folder, prefix] = [path.dirname(file), `${path.basename(file)}.`];
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.startsWith(prefix) && name.endsWith('.json')).slice(0, maximumRecords).map((name) => path.join(folder, name));
}

/** All records of a lease but one, and what writers left that died before they were done. Only who has the only lock knows that none of them is true. */
export async function removeOtherRecords(file: string, own: string | null): Promise<void> {
  const [folder, prefix] = [path.dirname(file), `${path.basename(file)}.`];
  for (const name of await readdir(folder).catch(() => [])) {
    const record = path.join(folder, name);
    if (name.startsWith(prefix) && /\.json(\.new)?$/.test(name) && record !== own) await removeRecord(record);
  }
}

/** Null for a record that is gone, somebody's secret, or nonsense: it says nothing then. */
export async function readRecord(record: string): Promise<LeaseHolder | null> {
  try {
    const text = (await readOrdinary(record, maximumBytes)).toString('utf8');
    return holderSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** Whether the holder lives; `elsewhere` for one of another computer, which cannot be asked from here. */
export async function whetherAlive(holder: LeaseHolder): Promise<'alive' | 'dead' | 'elsewhere'> {
  if (holder.hostName !== hostname()) return 'elsewhere';
  if (holder.bootId !== (await bootId())) return 'dead';
  if (holder.startTime === null) return isThere(holder.pid) ? 'alive' : 'dead'; // a system that tells no start times
  return (await isSameProcess(holder.pid, holder.startTime)) ? 'alive' : 'dead';
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Those on this computer that have been promised the lease and live. Of others it cannot be told whether they do. */
export async function waitersOf(file: string, except: string | null = null): Promise<readonly LeaseHolder[]> {
  return (await holdersOf(file, except)).filter(({ isPromised, hostName }) => isPromised && hostName === hostname());
}

/** Those that live or may live. */
export async function holdersOf(file: string, except: string | null = null): Promise<readonly LeaseHolder[]> {
  const read = await Promise.all((await recordsOf(file)).filter((record) => record !== except).map(readRecord));
  const known = read.filter((holder) => holder !== null);
  const alive = await Promise.all(known.map(async (holder) => (await whetherAlive(holder)) !== 'dead'));
  return known.filter((_, at) => alive[at]);
}
