/** The only writer of state files. Writes of one domain follow each other and only the newest waits. */
import { readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { removeDurably, writeAtomic } from '../base/atomic-file.ts';
import { VireoError, asVireoError, isSystemError } from '../base/errors.ts';
import { readStateFile, removeUnfinished } from './read-state-file.ts';
import { type StatusRecord, parseStatus } from './status-file.ts';

export interface BrokenStatus {
  readonly path: string;
  readonly reason: string;
}

const asideSuffix = '.unreadable';

interface Waiting {
  record: () => StatusRecord | null;
  promise: Promise<void>;
}

interface Lane {
  running: Promise<void>;
  next: Waiting | null;
}

export class StatusStore {
  readonly #folder: string;
  readonly #lanes = new Map<string, Lane>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Resolves once what `record` says is on disk. `record` is asked when its turn has come, so that several callers
   * that wait share one write of the newest state; null means there is nothing to keep any more.
   */
  save(uuid: string, record: () => StatusRecord | null): Promise<void> {
    const lane = this.#lanes.get(uuid);
    if (!lane) {
      const fresh: Lane = { running: Promise.resolve(), next: null };
      this.#lanes.set(uuid, fresh);
      return this.#run(uuid, fresh, record);
    }
    if (lane.next) {
      lane.next.record = record;
      return lane.next.promise;
    }
    const next: Waiting = { record, promise: Promise.resolve() };
    next.promise = lane.running.catch(() => {}).then(() => this.#run(uuid, lane, next.record));
    lane.next = next;
    return next.promise;
  }

  async remove(uuid: string): Promise<void> {
    await this.save(uuid, () => null);
  }

  /**
   * Every readable state file, in the order of their UUIDs, and what is wrong with the others. One whose content is
   * wrong is set aside under another name; one that the system would not give is left, because it may be whole.
   * `setAside` has the UUIDs of both and of all that ever were set aside: their QEMU may still run. Comes before the
   * first `save`.
   */
  async load(): Promise<{ readonly records: readonly StatusRecord[]; readonly broken: readonly BrokenStatus[]; readonly setAside: readonly string[] }> {
    await removeUnfinished(this.#folder);
    const records: StatusRecord[] = [];
    const broken: BrokenStatus[] = [];
    const unread = new Set<string>();
    // One after the other: hundreds at once need hundreds of descriptors, and a file that got none would look broken.
    for (const name of (await readdir(this.#folder)).sort()) {
      const uuid = name.slice(0, name.indexOf('.json'));
      if (name.endsWith(`.json${asideSuffix}`)) unread.add(uuid);
      if (!name.endsWith('.json')) continue;
      const file = path.join(this.#folder, name);
      try {
        records.push(parseStatus(await readStateFile(file), uuid));
      } catch (error) {
        unread.add(uuid);
        broken.push({ path: isSystemError(error) ? file : await setAside(file), reason: (error as Error).message });
      }
    }
    return { records, broken, setAside: [...unread] };
  }

  async #run(uuid: string, lane: Lane, record: () => StatusRecord | null): Promise<void> {
    lane.next = null;
    const file = path.join(this.#folder, `${uuid}.json`);
    try {
      const content = record();
      lane.running = content ? writeAtomic(file, JSON.stringify(content)) : removeDurably(file);
      await lane.running.catch((error: unknown) => {
        throw saveError(file, error);
      });
    } finally {
      if (!lane.next && this.#lanes.get(uuid) === lane) this.#lanes.delete(uuid);
    }
  }
}

/** @returns where the file is now. */
async function setAside(file: string): Promise<string> {
  const aside = `${file}${asideSuffix}`;
  return rename(file, aside).then(() => aside, () => file);
}

function saveError(file: string, cause: unknown): VireoError {
  const { message, details } = asVireoError(cause);
  return new VireoError('SYSTEM_ERROR', `the state of a running domain could not be saved: ${message}`, { cause, details: { ...details, path: file } });
}
