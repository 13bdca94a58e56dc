/** The only writer of state files. Writes of one domain follow each other and only the newest waits. */
import { readdir, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { removeDurably, writeAtomic } from '../base/atomic-file.ts';
import { asVireoError } from '../base/errors.ts';
import { type StatusRecord, statusSchema } from './status-file.ts';

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
   * Every readable state file, and what is wrong with the others; those are set aside under another name. `setAside`
   * has the UUIDs of all that ever were: their QEMU may still run.
   */
  async load(): Promise<{ readonly records: readonly StatusRecord[]; readonly broken: readonly BrokenStatus[]; readonly setAside: readonly string[] }> {
    const records: StatusRecord[] = [];
    const broken: BrokenStatus[] = [];
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith('.json'));
    await Promise.all(
      names.map(async (name) => {
        const file = path.join(this.#folder, name);
        try {
          const record = statusSchema.parse(JSON.parse(await readFile(file, 'utf8')));
          if (`${record.uuid}.json` !== name) throw new Error(`the file names domain ${record.uuid}`);
          records.push(record);
        } catch (error) {
          const aside = `${file}${asideSuffix}`;
          await rename(file, aside).catch(() => {});
          broken.push({ path: aside, reason: asVireoError(error).message });
        }
      }),
    );
    const aside = `.json${asideSuffix}`;
    const setAside = (await readdir(this.#folder)).filter((name) => name.endsWith(aside)).map((name) => name.slice(0, -aside.length));
    return { records, broken, setAside };
  }

  async #run(uuid: string, lane: Lane, record: () => StatusRecord | null): Promise<void> {
    lane.next = null;
    const file = path.join(this.#folder, `${uuid}.json`);
    try {
      const content = record();
      lane.running = content ? writeAtomic(file, JSON.stringify(content)) : removeDurably(file);
      await lane.running;
    } finally {
      if (!lane.next && this.#lanes.get(uuid) === lane) this.#lanes.delete(uuid);
    }
  }
}
