/** The persistent definitions, one XML file a domain, named by UUID because a name may be any text. */
import { randomUUID } from 'node:crypto';
import { link, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { removeDurably, writeAtomic } from '../base/atomic-file.ts';
import { VireoError, asVireoError, isSystemError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { formatDomain, parseDomain } from '../devices/domain-xml.ts';
import { DamagedFile, readStateFile, removeUnfinished } from './read-state-file.ts';

/** Waiting for a file takes longer than parsing it. */
const readAtOnce = 8;

export class ConfigStore {
  readonly #folder: string;
  /** Names that the folder may have: nobody but its owner writes in it. Null until it was read. */
  #names: Set<string> | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Resolves once the definition is on disk. After a failure the next load finds what was there before, as far as the
   * disk lets it: nobody shall find a domain later that could not be defined.
   * @throws SYSTEM_ERROR naming the file.
   */
  async save(uuid: string, definition: DomainDefinition): Promise<void> {
    const file = this.#path(uuid);
    const text = formatDomain(definition, { form: 'inactive', secure: true });
    const kept = this.#names && !this.#names.has(path.basename(file)) ? 'nothing' : await keep(file);
    this.#names?.add(path.basename(file));
    try {
      await writeAtomic(file, text);
    } catch (error) {
      // The rename may have been done before the failure, and only its durability be in doubt. The first failure is told.
      if (kept === 'nothing') await rm(file, { force: true }).catch(() => {});
      else if (kept !== null) await rename(kept, file).catch(() => {});
      throw diskError('the definition could not be saved', file, error);
    } finally {
      if (kept !== null && kept !== 'nothing') await rm(kept, { force: true }).catch(() => {});
    }
  }

  /** @throws SYSTEM_ERROR naming the file. */
  async remove(uuid: string): Promise<void> {
    const file = this.#path(uuid);
    await removeDurably(file).catch((error: unknown) => {
      throw diskError('the definition could not be removed', file, error);
    });
  }

  /**
   * Every readable definition, in the order of their UUIDs; one that cannot be read is left where it is, and told: it
   * may be somebody's only copy. Comes before the first `save`.
   */
  async load(): Promise<{ readonly definitions: readonly DomainDefinition[]; readonly broken: readonly { path: string; reason: string }[] }> {
    await removeUnfinished(this.#folder);
    const definitions: DomainDefinition[] = [];
    const broken: { path: string; reason: string }[] = [];
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith('.xml')).sort();
    this.#names = new Set(names);
    for (let at = 0; at < names.length; at += readAtOnce) {
      const files = names.slice(at, at + readAtOnce).map((name) => path.join(this.#folder, name));
      const contents = await Promise.allSettled(files.map(readStateFile));
      for (const [index, content] of contents.entries()) {
        const file = files[index] ?? '';
        try {
          if (content.status === 'rejected') throw content.reason;
          definitions.push(parseOwn(content.value, file));
        } catch (error) {
          broken.push({ path: file, reason: (error as Error).message });
        }
        // A large definition takes milliseconds: the rest of the host has its turn after each.
        await setImmediate();
      }
    }
    return { definitions, broken };
  }

  #path(uuid: string): string {
    return path.join(this.#folder, `${uuid}.xml`);
  }
}

/** The definition that the file is named for. */
function parseOwn(xml: string, file: string): DomainDefinition {
  const definition = parseDomain(xml, { source: file });
  if (definition.uuid !== path.basename(file, '.xml')) throw new DamagedFile(`the file defines domain ${definition.uuid ?? 'without a UUID'}`);
  return definition;
}

/** A second name of the file, under which it can be put back without room on the disk; 'nothing' where there is no file, null where there can be no second name. */
async function keep(file: string): Promise<string | null> {
  // Named as an unfinished file, which it is for whoever finds it after a crash.
  const name = path.join(path.dirname(file), `.${path.basename(file)}.${randomUUID().slice(-12)}.new`);
  try {
    await link(file, name);
    return name;
  } catch (error) {
    return isSystemError(error) && error.code === 'ENOENT' ? 'nothing' : null;
  }
}

function diskError(what: string, file: string, cause: unknown): VireoError {
  const { message, details } = asVireoError(cause);
  return new VireoError('SYSTEM_ERROR', `${what}: ${message}`, { cause, details: { ...details, path: file } });
}
