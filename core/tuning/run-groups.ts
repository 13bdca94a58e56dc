/**
 * The control groups of one run (F12): made when QEMU has been spawned, before it has taken its memory, and removed when
 * it has ended, by whoever removes the run's folder. What is made is on disk first. A host that gives none is no error;
 * whoever needs one says so by name.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readdir, readFile, rmdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { readTextIfThere, removeDurably, writeAtomic } from '../base/atomic-file.ts';
import type { Clock } from '../base/clock.ts';
import { isSystemError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { ControlGroups, GroupController, GroupPlace } from '../domain/control-groups.ts';
import type { ParentGroups } from './host-groups.ts';

const recordSchema = z.object({ version: z.literal(1), folders: z.array(z.string()) });

/** Beside the run's folder, which may be another user's. */
function recordFile(runFolder: string): string {
  return `${runFolder}.groups.json`;
}

/** The same in every hierarchy, and another one for each run and state folder. */
export function groupName(id: number, runFolder: string): string {
  return `vireo-${id}-${createHash('sha256').update(runFolder).digest('hex').slice(0, 8)}`;
}

export interface GroupMembers {
  readonly id: number;
  readonly runFolder: string;
  readonly pid: number;
}

/** Makes a group for each controller that lets us, and puts the process with all its threads into it. @throws SYSTEM_ERROR where the record cannot be written. */
export async function makeGroups(found: ParentGroups, { id, runFolder, pid }: GroupMembers): Promise<ControlGroups> {
  const parents = await oursToUse(found);
  if (parents.size === 0) return {};
  await sweep(parents);
  const name = groupName(id, runFolder);
  const places = [...parents].map(([controller, { version, folder }]) => [controller, { version, folder: path.join(folder, name) }] as const);
  await writeAtomic(recordFile(runFolder), JSON.stringify({ version: 1, folders: [...new Set(places.map(([, { folder }]) => folder))] } satisfies z.infer<typeof recordSchema>));
  const entered: [GroupController, GroupPlace][] = [];
  for (const [controller, place] of places) if (await enter(controller, place, pid)) entered.push([controller, place]);
  return Object.fromEntries(entered);
}

/** Most users may not make groups: nothing is written down for them. */
async function oursToUse(found: ParentGroups): Promise<ParentGroups> {
  const usable = await Promise.all([...found].map(async ([, { folder }]) => access(folder, constants.W_OK).then(() => true, () => false)));
  return new Map([...found].filter((_, at) => usable[at]));
}

/** Swept by this process already. */
const swept = new Set<string>();
/** No start takes as long from making a group to entering it. */
const strayAgeMs = 60_000;

/**
 * Empty groups of runs whose state folder is gone, so that no driver comes for them: whoever makes groups beside them
 * removes them, once. The kernel lets nobody remove one that has a process.
 */
async function sweep(parents: ParentGroups): Promise<void> {
  const folders = new Set([...parents.values()].map(({ folder }) => folder).filter((folder) => !swept.has(folder)));
  for (const folder of folders) {
    swept.add(folder);
    const names = (await readdir(folder).catch(() => [] as string[])).filter((name) => /^vireo-\d+-[0-9a-f]{8}$/.test(name));
    for (const name of names) {
      const facts = await stat(path.join(folder, name)).catch(() => null);
      if (facts && Date.now() - facts.ctimeMs > strayAgeMs) await removed(path.join(folder, name));
    }
  }
}

/** False where this controller is not ours to use. */
async function enter(controller: GroupController, { version, folder }: GroupPlace, pid: number): Promise<boolean> {
  try {
    await makeGroup(folder);
    if (version === 1 && controller === 'cpuset') await copyCpuset(folder);
    await writeFile(path.join(folder, 'cgroup.procs'), String(pid));
    // v2 hands a controller down only from a group that has no process left, such as the scope that QEMU was in.
    if (version === 2 && controller !== 'cpuacct') await writeFile(path.join(path.dirname(folder), 'cgroup.subtree_control'), `+${controller === 'blkio' ? 'io' : controller}`);
    return true;
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}

/** One that is there is of a run that nobody cleared, and empty: its QEMU has ended. */
export async function makeGroup(folder: string): Promise<void> {
  await mkdir(folder).catch((error: unknown) => {
    if (!isSystemError(error) || error.code !== 'EEXIST') throw error;
  });
}

/** A new cpuset of v1 allows nothing, and takes nobody in until it does. */
async function copyCpuset(folder: string): Promise<void> {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) await writeFile(path.join(folder, file), (await readFile(path.join(path.dirname(folder), file), 'utf8')).trim());
}

const removalDeadlineMs = 3_000;
const removalPollMs = 20;

/** QEMU is gone; the kernel may take a moment until its groups are empty. Never throws: the run ends all the same. */
export async function removeGroups(runFolder: string, clock: Clock, log: Log): Promise<void> {
  try {
    const text = await readTextIfThere(recordFile(runFolder));
    if (text === null) return;
    const { folders } = recordSchema.parse(JSON.parse(text));
    const untilMs = clock.now() + removalDeadlineMs;
    await Promise.all(folders.map(async (folder) => {
      while (!(await removed(folder))) {
        if (clock.now() >= untilMs) return log.write('warning', 'a control group could not be removed', { folder });
        await clock.sleep(removalPollMs);
      }
    }));
    await removeDurably(recordFile(runFolder));
  } catch (error) {
    log.write('warning', 'the control groups of a run could not be removed', { folder: runFolder, error: String(error) });
  }
}

/** With the groups of its threads, which lie in it. False while somebody is in one. */
async function removed(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const below = await Promise.all(entries.filter((entry) => entry.isDirectory()).map((entry) => removed(path.join(folder, entry.name))));
  if (below.includes(false)) return false;
  return await rmdir(folder).then(
    () => true,
    (error: unknown) => !isSystemError(error) || error.code !== 'EBUSY',
  );
}
